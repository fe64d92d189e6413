import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ResourceLimit, Rule } from '@prorata/schemas';
import { Agent, request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { fetchExample } from '../../test/examples/fetch.ts';
import { undiciExample } from '../../test/examples/undici.ts';
import { permits, rate, rule } from '../../test/fixtures.ts';
import { hostUnder } from '../../test/hostUnder.ts';
import type { Host } from '../host.ts';
import { quotaFetch, QuotaRefused } from './fetch.ts';
import type { OutgoingOptions } from './outgoing.ts';
import { quotaInterceptor } from './undici.ts';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function hostWith(limits: ResourceLimit[], others: Partial<Rule> = {}): Promise<Host> {
  const { host } = await hostUnder([rule('moka/prod/ads', limits, others)]);
  cleanUps.push(() => host.stop());
  return host;
}

/** Whom the calls are made to. */
async function upstream(
  listener: RequestListener = (_request, response) => response.end('served'),
): Promise<{ url: string; server: Server }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

type Call = (url: string) => Promise<{ text: () => Promise<string> }>;

const callers: Record<string, (options: OutgoingOptions<unknown>) => Call> = {
  fetch: (options) => {
    const within = quotaFetch(options);
    return (url) => within(url);
  },
  undici: (options) => {
    const agent = new Agent();
    cleanUps.push(() => agent.destroy());
    const dispatcher = agent.compose(quotaInterceptor(options));
    return async (url) => {
      const { body } = await request(url, { dispatcher });
      return { text: () => body.text() };
    };
  },
};

describe.each(Object.keys(callers))('calls by %s', (name) => {
  const callerWith = callers[name]!;

  it('are made while there is room, and then fail without being made', async () => {
    const host = await hostWith([{ ...rate(2n), perMicros: 3_600_000_000n }]);
    let made = 0;
    const { url } = await upstream((_request, response) => {
      made += 1;
      response.end('served');
    });
    const call = callerWith({
      host,
      quota: host.bind({ quota: 'moka/prod/ads' }),
      resource: 'tokens',
    });
    for (let count = 0; count < 2; count += 1)
      expect(await (await call(url)).text()).toBe('served');
    const error: unknown = await call(url).catch((refused: unknown) => refused);
    expect(error).toBeInstanceOf(QuotaRefused);
    expect(error).toMatchObject({
      code: 'QUOTA_EXCEEDED',
      quotaId: 'moka/prod/ads',
      resource: 'tokens',
    });
    expect((error as QuotaRefused).retryAfterMs).toBeGreaterThan(1_000_000);
    expect(made).toBe(2);
  });

  it('hold a permit until the answer was read', async () => {
    const host = await hostWith([permits(1n)]);
    const { url } = await upstream((_request, response) => {
      response.write('half ');
      setTimeout(() => response.end('served'), 50);
    });
    const quota = host.bind({ quota: 'moka/prod/ads' });
    const call = callerWith({ host, quota, permits: 'requests' });
    const first = await call(url);
    await expect(call(url)).rejects.toBeInstanceOf(QuotaRefused);
    expect(await first.text()).toBe('half served');
    expect(quota.room('requests')[0]!.left).toBe(1);
  });

  it('give the permit back when the call fails', async () => {
    const host = await hostWith([permits(1n)]);
    const { url } = await upstream((incoming) => incoming.socket.destroy());
    const quota = host.bind({ quota: 'moka/prod/ads' });
    const call = callerWith({ host, quota, permits: 'requests' });
    const error: unknown = await call(url).then(
      () => null,
      (failed: unknown) => failed,
    );
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(QuotaRefused);
    await expect.poll(() => quota.room('requests')[0]!.left).toBe(1);
  });

  it('wait where the quota says so, each for at most as long as it may', async () => {
    const host = await hostWith([{ ...rate(1n), perMicros: 200_000n }], { action: 'delay' });
    const { url } = await upstream();
    const quota = host.bind({ quota: 'moka/prod/ads' });
    const patient = callerWith({ host, quota, resource: 'tokens' });
    const hasty = callerWith({ host, quota, resource: 'tokens', maxDelayMs: 20 });
    const since = performance.now();
    for (let count = 0; count < 3; count += 1)
      expect(await (await patient(url)).text()).toBe('served');
    expect(performance.now() - since).toBeGreaterThan(300);
    await expect(hasty(url)).rejects.toBeInstanceOf(QuotaRefused);
  });
});

it('ends a waiting call by fetch with its signal', async () => {
  const host = await hostWith([{ ...rate(1n), perMicros: 900_000n }], { action: 'delay' });
  const { url } = await upstream();
  const call = quotaFetch({
    host,
    quota: host.bind({ quota: 'moka/prod/ads' }),
    resource: 'tokens',
  });
  await (await call(url)).text();
  const signal = AbortSignal.timeout(20);
  await expect(call(url, { signal })).rejects.toHaveProperty('name', 'TimeoutError');
});

it('gives the permit back when nobody wants the rest of an answer, and keeps the answer’s address', async () => {
  const host = await hostWith([permits(1n)]);
  const { url } = await upstream((_request, response) => response.write('half '));
  const quota = host.bind({ quota: 'moka/prod/ads' });
  const response = await quotaFetch({ host, quota, permits: 'requests' })(url);
  expect(response.url).toBe(`${url}/`);
  await response.body?.cancel();
  expect(quota.room('requests')[0]!.left).toBe(1);
});

it('does by fetch and by undici what the reference shows', async () => {
  const host = await hostWith([{ ...rate(2n), perMicros: 10_000_000n }, permits(5n)]);
  const { url } = await upstream();
  expect(await fetchExample(host, url)).toEqual([
    'served',
    'served',
    expect.stringMatching(/^QUOTA_EXCEEDED: again in \d+ ms$/),
  ]);
  const other = await hostWith([rate(1n), permits(5n)]);
  expect(await undiciExample(other, url)).toBe('served');
});
