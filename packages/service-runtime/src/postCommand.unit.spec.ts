import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { postCommand } from './postCommand.ts';
import type { CommandAnswer } from './postCommand.ts';

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

type Handle = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** Answers the calls one after another; the last handler answers all further ones. */
async function gateway(...handlers: readonly Handle[]): Promise<{ url: string; ids: string[] }> {
  const ids: string[] = [];
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const handle = handlers[Math.min(ids.length, handlers.length - 1)]!;
      ids.push(String(request.headers['idempotency-key']));
      handle(request, response, Buffer.concat(parts).toString());
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ids };
}

const answer =
  (status: number, body: object): Handle =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
const accepted = answer(200, { code: 'ACCEPTED', message: '', streamVersion: 4 });

const send = (gatewayUrl: string, timeoutMs = 5_000): Promise<CommandAnswer> =>
  postCommand({
    gatewayUrl,
    token: 't',
    type: 'DeleteQuota',
    stream: 'application:moka',
    data: { quotaId: 'moka/a' },
    reason: 'unused',
    expectedVersion: 9007199254740993n,
    timeoutMs,
  });

describe('posting a command', () => {
  it('sends what it is told, and gives the outcome', async () => {
    let sent: unknown;
    const { url } = await gateway((request, response, body) => {
      sent = [request.headers.authorization, JSON.parse(body)];
      accepted(request, response, body);
    });
    expect(await send(url)).toMatchObject({ status: 'accepted', outcome: { streamVersion: 4 } });
    expect(sent).toEqual([
      'Bearer t',
      {
        type: 'DeleteQuota',
        stream: 'application:moka',
        reason: 'unused',
        data: { quotaId: 'moka/a' },
        expectedVersion: '9007199254740993',
      },
    ]);
  });

  it('tries again with the same id what was not answered', async () => {
    const { url, ids } = await gateway(
      (request) => request.socket.destroy(),
      answer(503, { code: 'BUSY' }),
      answer(202, {}),
      (_request, response) => response.end('<html>a proxy</html>'),
      accepted,
    );
    expect((await send(url)).status).toBe('accepted');
    expect(ids).toHaveLength(5);
    expect(new Set(ids).size).toBe(1);
  });

  it('waits as long as it is asked to', async () => {
    const paced: Handle = (_request, response) => {
      response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '1' });
      response.end(JSON.stringify({ code: 'ROBOT_PACED' }));
    };
    const { url } = await gateway(paced, accepted);
    const begunMs = performance.now();
    expect((await send(url)).status).toBe('accepted');
    expect(performance.now() - begunMs).toBeGreaterThanOrEqual(990);
  });

  it('does not try again what was refused', async () => {
    const refusal = {
      code: 'QUOTA_UNKNOWN',
      detail: 'no such quota',
      outcome: { status: 'refused' },
    };
    const { url, ids } = await gateway(answer(404, refusal));
    expect(await send(url)).toMatchObject({
      status: 'refused',
      code: 'QUOTA_UNKNOWN',
      outcome: { status: 'refused' },
    });
    expect(ids).toHaveLength(1);
  });

  it('says unknown, not refused, when the time is over', async () => {
    const { url } = await gateway(() => undefined);
    expect(await send(url, 300)).toMatchObject({ status: 'unknown', code: null, outcome: null });
  });

  it('says why it was put off to the end, though the last try was not answered', async () => {
    const pending = { code: 'TIMERS_PENDING', detail: 'some end at this moment' };
    const { url } = await gateway(answer(202, {}), answer(503, pending), () => undefined);
    expect(await send(url, 700)).toMatchObject({ status: 'unknown', ...pending, outcome: null });
  });

  it('says nothing of a delay that was over when the command was taken', async () => {
    const { url } = await gateway(answer(503, { code: 'BUSY' }), answer(202, {}));
    expect(await send(url, 400)).toMatchObject({ status: 'unknown', code: null, detail: null });
  });
});
