import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LogRefused } from '@prorata/kafka-port';
import type { LogPort } from '@prorata/kafka-port';
import { Codec, memoryIds } from '@prorata/schemas';
import {
  CredentialsRejected,
  httpRules,
  httpUsage,
  kafkaRules,
  kafkaUsage,
  REFUSE,
  startHost,
} from './index.ts';
import type { Host, HostOptions } from './index.ts';

let status = 401;
let gateway: Server;
let host: Host | null = null;

beforeEach(async () => {
  status = 401;
  gateway = createServer((_request, response) => response.writeHead(status).end());
  gateway.listen(0, '127.0.0.1');
  await once(gateway, 'listening');
});
afterEach(async () => {
  await host?.stop();
  gateway.close();
  vi.restoreAllMocks();
});

async function start(options: Partial<HostOptions> = {}): Promise<Host> {
  const { port } = gateway.address() as AddressInfo;
  const connection = { url: `http://127.0.0.1:${port}`, token: 'bad' };
  const usage = httpUsage(connection);
  const rules = httpRules(connection);
  return (host = await startHost({
    application: 'a',
    rules,
    usage,
    startDeadlineMs: 300,
    ...options,
  }));
}

describe('a host whose token is rejected', () => {
  it.each([401, 403])(
    'tells its program so, in the callback and in its status: %d',
    async (code) => {
      status = code;
      const problems: unknown[] = [];
      const { lastRejection, counters, complete } = (
        await start({ onProblem: (error) => problems.push(error) })
      ).status();
      expect(problems[0]).toBeInstanceOf(CredentialsRejected);
      expect(problems[0]).toMatchObject({ status: code });
      expect(lastRejection?.message).toContain(`answered ${code}: the token`);
      expect(counters.rejectedCredentials).toBe(problems.length);
      expect(complete).toBe(false);
    },
  );

  it('warns the process once where the program does not listen, and decides as it was told to', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const { counters } = (await start({ startDeadlineMs: 1_000, whenNoRules: 'closed' })).status();
    expect(counters.rejectedCredentials).toBeGreaterThan(1);
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      expect.stringContaining('answered 401'),
      'CredentialsRejected',
    );
    expect(host?.bind({ quota: 'a/x' }).take('tokens', 1)).toBe(REFUSE);
  });

  it.each([
    ['SASL_AUTHENTICATION_FAILED', 401],
    ['TOPIC_AUTHORIZATION_FAILED', 403],
  ] as const)('is told so by a broker, too: %s', async (code, expected) => {
    const refuse = (): Promise<never> => Promise.reject(new LogRefused(code, `Reading: ${code}`));
    const port = { log: { beginningOffset: refuse }, admin: refuse, publisher: refuse };
    const options = { port: port as unknown as LogPort, codec: new Codec(memoryIds()) };
    const problems: unknown[] = [];
    const { lastRejection, counters } = (
      await start({
        rules: kafkaRules(options),
        usage: kafkaUsage(options),
        onProblem: (error) => problems.push(error),
      })
    ).status();
    expect(problems[0]).toMatchObject({ name: 'CredentialsRejected', status: expected });
    expect(lastRejection?.message).toContain(code);
    expect(counters.rejectedCredentials).toBe(problems.length);
    await expect(kafkaUsage(options).sendUsage([])).rejects.toBeInstanceOf(CredentialsRejected);
  });

  it('does not call an outage a rejection', async () => {
    status = 503;
    const { counters, lastRejection } = (await start({ onProblem: () => undefined })).status();
    expect(counters.problems).toBeGreaterThan(0);
    expect([counters.rejectedCredentials, lastRejection]).toEqual([0, null]);
  });
});
