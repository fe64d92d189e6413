import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'undici';
import type { LocalStack } from '../../localStack.ts';
import { changeOf, QUOTAS } from '../commands/benchWorkload.ts';
import type { Latencies } from '../commands/latencies.ts';
import { WARM_UP_MS } from '../commands/loadOrder.ts';
import { ShownCommands } from './shownCommands.ts';

/** How long the last commands may take to be readable before the bench gives up, milliseconds. */
const SETTLE_MS_MAX = 30_000;
const SETTLE_LOOK_MS = 50;

export interface LagOrder {
  readonly callers: number;
  readonly seconds: number;
  readonly tokens: readonly string[];
  /**
   * So many commands a second are sent by all of them together, evenly; who is late sends at once.
   * Absent: each sends as soon as it has its answer.
   */
  readonly perSecond?: number;
}

/**
 * Callers in closed loops change quotas; each accepted answer is timed from its arrival here until the tables
 * show its version of the stream. What a caller's warm-up sends is not counted.
 * @throws Error when a command is not accepted, or is not readable in time
 */
export async function measureLag(
  stack: LocalStack,
  { callers, seconds, tokens, perSecond }: LagOrder,
): Promise<Latencies> {
  const shown = await ShownCommands.start(stack.addresses.postgres);
  const restMs = perSecond === undefined ? 0 : (callers * 1_000) / perSecond;
  try {
    const begun = performance.now();
    const countFrom = begun + WARM_UP_MS;
    const until = countFrom + seconds * 1_000;
    const caller = async (_: unknown, index: number): Promise<void> => {
      const client = new Client(stack.addresses.gateway, { pipelining: 1 });
      try {
        const token = tokens[index % tokens.length] ?? '';
        for (let turn = 0; performance.now() < until; turn += 1) {
          const dueMs = begun + (turn + index / callers) * restMs;
          if (dueMs > performance.now()) await delay(dueMs - performance.now());
          const quota = (index + turn * callers) % QUOTAS;
          const { stream, version } = await change(client, token, quota, turn);
          if (performance.now() >= countFrom) shown.accepted(stream, version);
        }
      } finally {
        await client.destroy();
      }
    };
    await Promise.all(Array.from({ length: callers }, caller));
    const giveUpMs = performance.now() + SETTLE_MS_MAX;
    while (shown.waiting > 0) {
      if (performance.now() > giveUpMs) throw new Error(`${shown.waiting} commands are not shown.`);
      await delay(SETTLE_LOOK_MS);
    }
    return shown.latencies;
  } finally {
    await shown.stop();
  }
}

async function change(
  client: Client,
  token: string,
  quota: number,
  turn: number,
): Promise<{ readonly stream: string; readonly version: bigint }> {
  const command = changeOf(quota, turn);
  const response = await client.request({
    method: 'POST',
    path: '/v1/commands',
    headers: {
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify(command),
  });
  const text = await response.body.text();
  if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${text}`);
  const { streamVersion } = JSON.parse(text) as { readonly streamVersion: number | string };
  return { stream: command.stream, version: BigInt(streamVersion) };
}
