import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ResourceLimit, Rule } from '@prorata/schemas';
import express from 'express';
import fastify from 'fastify';
import { parseList } from 'structured-headers';
import { afterEach, describe, expect, it } from 'vitest';
import { expressExample } from '../../test/examples/express.ts';
import { fastifyExample } from '../../test/examples/fastify.ts';
import {
  permits,
  rate,
  RecordingChannel,
  rule,
  TestClock,
  ToldSource,
} from '../../test/fixtures.ts';
import { hostUnder } from '../../test/hostUnder.ts';
import type { Host } from '../host.ts';
import type { GuardOptions } from '../http/requestGuard.ts';
import { overloadGate } from '../overload/overloadGate.ts';
import type { OverloadOptions } from '../overload/overloadGate.ts';
import { startHost } from '../startHost.ts';
import { expressQuota } from './express.ts';
import { fastifyQuota } from './fastify.ts';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function hostWith(
  limits: ResourceLimit[],
  others: Partial<Rule> = {},
  overload?: OverloadOptions,
): Promise<Host> {
  const match: Rule['match'] = [{ attribute: 'caller', operator: 'equals', values: ['ads-web'] }];
  const rules = [rule('moka/prod/ads', limits, { match, ...others })];
  const options = overload === undefined ? {} : { overload: overloadGate(overload) };
  const { host } = await hostUnder(rules, options);
  cleanUps.push(() => host.stop());
  return host;
}

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Handler {
  (): Promise<string>;
}

type Options = Omit<GuardOptions<unknown>, 'quota'> & { readonly quota: ReturnType<Host['bind']> };

/** The same server by each adapter: what it answers must not depend on which. */
const servers: Record<string, (options: Options, handle: Handler) => Promise<string>> = {
  express: (options, handle) => {
    const app = express();
    app.use(expressQuota(options));
    app.get('/', (_request, response, next) => {
      handle().then((text) => response.send(text), next);
    });
    return listen(app as RequestListener);
  },
  fastify: async (options, handle) => {
    const app = fastify({ forceCloseConnections: true });
    await app.register(fastifyQuota(options));
    app.get('/', handle);
    cleanUps.push(() => app.close());
    return app.listen({ port: 0, host: '127.0.0.1' });
  },
};

const fieldsOf = (response: Response, name: string) => parseList(response.headers.get(name) ?? '');
const answered = () => Promise.resolve('served');

describe.each(Object.keys(servers))('a server with %s', (name) => {
  const serverWith = servers[name]!;

  it('tells what is left in fields that a parser of structured fields reads', async () => {
    const host = await hostWith([rate(10n), permits(3n)]);
    const quota = host.bind({ quota: 'moka/prod/ads' });
    const url = await serverWith(
      { host, quota, resource: 'tokens', permits: 'requests' },
      answered,
    );
    const response = await fetch(url);
    expect([response.status, await response.text()]).toEqual([200, 'served']);
    expect(fieldsOf(response, 'RateLimit-Policy')).toEqual([
      [
        'tokens',
        new Map([
          ['q', 10],
          ['w', 1],
        ]),
      ],
      [
        'requests',
        new Map<string, unknown>([
          ['q', 3],
          ['qu', 'concurrent-requests'],
        ]),
      ],
    ]);
    expect(fieldsOf(response, 'RateLimit')).toEqual([
      [
        'tokens',
        new Map([
          ['r', 9],
          ['t', 1],
        ]),
      ],
      [
        'requests',
        new Map([
          ['r', 2],
          ['t', 1],
        ]),
      ],
    ]);
  });

  it('answers 429 with a time to come back and a problem that names what is violated', async () => {
    const host = await hostWith([{ ...rate(1n), perMicros: 60_000_000n }, permits(3n)]);
    const quota = host.bind({ quota: 'moka/prod/ads' });
    const url = await serverWith(
      { host, quota, resource: 'tokens', permits: 'requests' },
      answered,
    );
    expect((await fetch(url)).status).toBe(200);
    const response = await fetch(url);
    expect(response.status).toBe(429);
    const retryAfter = Number(response.headers.get('retry-after'));
    expect(retryAfter).toBeGreaterThan(50);
    expect(retryAfter).toBeLessThanOrEqual(60);
    expect(response.headers.get('content-type')).toMatch('application/problem+json');
    expect(await response.json()).toEqual({
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      title: 'The quota has no room for now',
      status: 429,
      code: 'QUOTA_EXCEEDED',
      detail: `The quota has no room for now (tokens). Try again in ${retryAfter} s.`,
      'violated-policies': ['tokens'],
    });
    // Retry-After is not before the end of the window that is told.
    expect(fieldsOf(response, 'RateLimit')).toEqual([
      [
        'tokens',
        new Map([
          ['r', 0],
          ['t', retryAfter],
        ]),
      ],
    ]);
  });

  it('says 403 of what is blocked, and 503 of what is no caller’s fault', async () => {
    const blockedHost = await hostWith([{ ...rate(1n), bound: 'blocked', amount: 0n }]);
    const quota = blockedHost.bind({ quota: 'moka/prod/ads' });
    const blocked = await fetch(
      await serverWith({ host: blockedHost, quota, resource: 'tokens' }, answered),
    );
    expect([blocked.status, blocked.headers.get('retry-after')]).toEqual([403, null]);
    expect(await blocked.json()).toMatchObject({ code: 'QUOTA_BLOCKED' });

    const closed = await startHost({
      application: 'moka',
      rules: new ToldSource(),
      usage: new RecordingChannel(),
      whenNoRules: 'closed',
      startDeadlineMs: 1,
    });
    cleanUps.push(() => closed.stop());
    const unruled = closed.bind({ quota: 'moka/prod/ads' });
    const none = await fetch(
      await serverWith({ host: closed, quota: unruled, resource: 'tokens' }, answered),
    );
    expect(none.status).toBe(503);
    expect(await none.json()).toMatchObject({ code: 'RULES_MISSING' });
  });

  it('answers 503 while the host has too much to do, before any quota is charged', async () => {
    const host = await hostWith(
      [rate(10n)],
      {},
      { concurrency: { initialLimit: 1, minLimit: 1 }, shares: [] },
    );
    const quota = host.bind({ quota: 'moka/prod/ads' });
    const { promise: gate, resolve: open } = Promise.withResolvers<string>();
    const entered = Promise.withResolvers<undefined>();
    const url = await serverWith({ host, quota, resource: 'tokens' }, () => {
      entered.resolve(undefined);
      return gate;
    });
    const first = fetch(url);
    await entered.promise;
    const second = await fetch(url);
    expect(second.status).toBe(503);
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(await second.json()).toMatchObject({ code: 'OVERLOADED', status: 503 });
    expect(quota.room('tokens')[0]!.left).toBe(9);
    open('served');
    expect((await first).status).toBe(200);
    await expect.poll(() => host.status().overload!.inFlight).toBe(0);
  });

  it('holds a permit until the answer is sent, also where its caller went away', async () => {
    const host = await hostWith([permits(1n)]);
    const quota = host.bind({ quota: 'moka/prod/ads' });
    const { promise: gate, resolve: open } = Promise.withResolvers<string>();
    const entered = Promise.withResolvers<undefined>();
    const url = await serverWith({ host, quota, permits: 'requests' }, () => {
      entered.resolve(undefined);
      return gate;
    });
    const abort = new AbortController();
    const first = fetch(url, { signal: abort.signal }).catch(() => 'gone');
    await entered.promise;
    expect((await fetch(url)).status).toBe(429);
    abort.abort();
    expect(await first).toBe('gone');
    await expect.poll(() => quota.room('requests')[0]!.left).toBe(1);
    open('served');
  });

  it('lets a delayed request wait for its turn, and no longer than it may', async () => {
    const host = await hostWith([{ ...rate(1n), perMicros: 200_000n }], { action: 'delay' });
    const quota = host.bind({ quota: 'moka/prod/ads' });
    const patient = await serverWith({ host, quota, resource: 'tokens' }, answered);
    const hasty = await serverWith({ host, quota, resource: 'tokens', maxDelayMs: 10 }, answered);
    expect((await fetch(patient)).status).toBe(200);
    const since = performance.now();
    expect((await fetch(patient)).status).toBe(200);
    expect(performance.now() - since).toBeGreaterThan(100);
    expect((await fetch(hasty)).status).toBe(429);
  });

  it('fails a request whose options throw, and keeps nothing for it', async () => {
    const host = await hostWith([rate(10n)], {}, {});
    const quota = host.bind({ quota: 'moka/prod/ads' });
    const cost = (): number => -1;
    const url = await serverWith({ host, quota, resource: 'tokens', cost }, answered);
    expect((await fetch(url)).status).toBe(500);
    const throwing = (): number => {
      throw new Error('no cost');
    };
    const other = await serverWith({ host, quota, resource: 'tokens', cost: throwing }, answered);
    expect((await fetch(other)).status).toBe(500);
    expect(host.status().overload!.inFlight).toBe(0);
  });
});

it('does by express what the reference shows: by attributes, with a cost, degraded where the quota says so', async () => {
  const limits = [rate(100n, 100n), permits(10n)];
  const host = await hostWith(limits, { action: 'degrade', degradeTag: 'small' });
  const url = await listen(expressExample(host) as RequestListener);
  const ask = async (tokens: number, caller: string): Promise<string> =>
    (await fetch(`${url}/?tokens=${tokens}`, { headers: { 'x-caller': caller } })).text();
  expect(await ask(100, 'ads-web')).toBe('in full');
  expect(await ask(100, 'ads-web')).toBe('in the form small');
  expect(await ask(100, 'somebody')).toBe('in full');
});

it('does by fastify what the reference shows', async () => {
  const host = await hostWith([rate(1n), permits(10n)]);
  const app = await fastifyExample(host);
  cleanUps.push(() => app.close());
  expect((await app.inject('/')).body).toBe('in full');
  expect((await app.inject('/')).statusCode).toBe(429);
});

it('tells no id of a quota, and those above by their distance', async () => {
  const of = (quotaId: string, amount: bigint, eventOffset: bigint) =>
    rule(quotaId, [rate(amount)], { eventOffset });
  const rules = [of('moka/prod/ads', 5n, 1n), of('moka/prod', 2n ** 60n, 2n)];
  const { host } = await hostUnder(rules, { clock: new TestClock() });
  cleanUps.push(() => host.stop());
  const quota = host.bind({ quota: 'moka/prod/ads' });
  const url = await servers['express']!({ host, quota, resource: 'tokens' }, answered);
  const response = await fetch(url);
  expect(fieldsOf(response, 'RateLimit-Policy').map(([policy]): unknown => policy)).toEqual([
    'tokens',
    'tokens.1',
  ]);
  expect(response.headers.get('ratelimit-policy')).toContain('q=999999999999999;');
  expect([...response.headers].join()).not.toContain('moka');
});
