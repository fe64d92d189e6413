import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { postCommands } from './postCommands.ts';
import type { BatchedCommand } from './postCommands.ts';

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

interface Answer {
  readonly status: number;
  readonly body: object;
  readonly retryAfterS?: number;
}

/** Answers one request after another, and keeps which ids each brought. */
async function gateway(...answers: readonly Answer[]): Promise<{ url: string; asked: string[][] }> {
  const asked: string[][] = [];
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { commands } = JSON.parse(Buffer.concat(parts).toString()) as {
        commands?: { commandId: string }[];
      };
      const answer = answers[Math.min(asked.length, answers.length - 1)]!;
      asked.push(commands?.map(({ commandId }) => commandId) ?? [request.url ?? '']);
      const { retryAfterS } = answer;
      response.writeHead(answer.status, {
        'content-type': 'application/json',
        ...(retryAfterS === undefined ? {} : { 'retry-after': `${retryAfterS}` }),
      });
      response.end(JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const command = (commandId: string): BatchedCommand => ({
  commandId,
  type: 'DeleteQuota',
  stream: 'application:moka',
  data: { quotaId: `moka/${commandId}` },
  reason: 'unused',
});
const send = (gatewayUrl: string, ids: readonly string[], timeoutMs = 5_000) =>
  postCommands({ gatewayUrl, token: 't', commands: ids.map(command), timeoutMs });
const accepted = (commandId: string) => ({
  commandId,
  status: 200,
  outcome: { code: 'ACCEPTED', streamVersion: 4 },
});

describe('posting many commands', () => {
  it('gives each its own answer, in their order', async () => {
    const refused = { commandId: 'b', status: 404, problem: { code: 'QUOTA_UNKNOWN' } };
    const { url } = await gateway({ status: 207, body: { results: [accepted('a'), refused] } });
    expect(await send(url, ['a', 'b'])).toMatchObject([
      { commandId: 'a', status: 'accepted', outcome: { streamVersion: 4 } },
      { commandId: 'b', status: 'refused', code: 'QUOTA_UNKNOWN' },
    ]);
  });

  it('sends again, with the same ids, those alone that got none', async () => {
    const later = (commandId: string, status: number) => ({ commandId, status, problem: {} });
    const { url, asked } = await gateway(
      { status: 207, body: { results: [later('a', 429), accepted('b'), later('c', 202)] } },
      { status: 503, body: { code: 'BUSY' } },
      { status: 207, body: { results: [accepted('a'), accepted('c')] } },
    );
    const answers = await send(url, ['a', 'b', 'c']);
    expect(answers.map(({ status }) => status)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(asked).toEqual([
      ['a', 'b', 'c'],
      ['a', 'c'],
      ['a', 'c'],
    ]);
  });

  it('waits as long as a robot is told to', async () => {
    const { url } = await gateway(
      { status: 429, body: { code: 'ROBOT_PACED' }, retryAfterS: 1 },
      { status: 207, body: { results: [accepted('a'), accepted('b')] } },
    );
    const begunMs = performance.now();
    await send(url, ['a', 'b']);
    expect(performance.now() - begunMs).toBeGreaterThanOrEqual(990);
  });

  it('takes the refusal of a whole batch for each', async () => {
    const { url } = await gateway({ status: 403, body: { code: 'FORBIDDEN', detail: 'no' } });
    const answers = await send(url, ['a', 'b']);
    expect(answers).toMatchObject([{ code: 'FORBIDDEN' }, { code: 'FORBIDDEN' }]);
  });

  it('says unknown of what has no answer when the time is over', async () => {
    const { url } = await gateway({ status: 503, body: {} });
    const answers = await send(url, ['a', 'b'], 300);
    expect(answers.map(({ status }) => status)).toEqual(['unknown', 'unknown']);
  });

  it('says of each why it was put off to the end', async () => {
    const pending = { commandId: 'b', status: 503, problem: { code: 'TIMERS_PENDING' } };
    const { url } = await gateway(
      { status: 207, body: { results: [accepted('a'), pending] } },
      { status: 503, body: { code: 'TIMERS_PENDING', detail: 'still' } },
    );
    // Long enough for a second round on a machine that does much else.
    expect(await send(url, ['a', 'b'], 1_000)).toMatchObject([
      { status: 'accepted' },
      { status: 'unknown', code: 'TIMERS_PENDING', detail: 'still' },
    ]);
  });

  it('sends one alone as one, and none not at all', async () => {
    const { url, asked } = await gateway({ status: 200, body: { code: 'ACCEPTED' } });
    expect(await send(url, ['a'])).toMatchObject([{ status: 'accepted' }]);
    expect(await send(url, [])).toEqual([]);
    expect(asked).toEqual([['/v1/commands']]);
  });
});
