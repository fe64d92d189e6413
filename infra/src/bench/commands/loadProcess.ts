/** A process of its own: the generator must not take turns with what it measures. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'undici';
import { changeOf, overrideOf, resizeOf } from './benchWorkload.ts';
import type { BenchCommand } from './benchWorkload.ts';
import { Latencies } from './latencies.ts';
import type { LoadOrder, LoadResult } from './loadOrder.ts';

/** What a sample of a wrong answer says at most, characters. */
const SAMPLE_LENGTH_MAX = 500;
/** Longer than any bench: no override ends meanwhile. */
const OVERRIDE_MS = 3_600_000;
/** Each turn changes a quota to something else than the last; continued over all orders. */
let turn = 0;

interface Tally {
  accepted: number;
  handled: number;
  readonly others: Record<string, number>;
  readonly samples: Record<string, string>;
  readonly latencies: Latencies;
}

interface Span {
  readonly countFrom: number;
  readonly until: number;
}

async function runCaller(
  order: LoadOrder,
  caller: number,
  span: Span,
  tally: Tally,
): Promise<void> {
  const client = new Client(order.url, { pipelining: 1 });
  const token = order.tokens[caller % order.tokens.length] ?? '';
  try {
    for (let step = 0; performance.now() < span.until; step++) {
      const offset = (caller + step * order.callers) % order.quotas.count;
      const body = JSON.stringify(commandOf(order, order.quotas.from + offset));
      await sendOne(client, order, { token, body }, span, tally);
    }
  } finally {
    await client.destroy();
  }
}

function commandOf({ command }: LoadOrder, quota: number): BenchCommand {
  turn++;
  if (command === 'change') return changeOf(quota, turn);
  if (command === 'resize') return resizeOf(quota, turn);
  return overrideOf(quota, turn, new Date(Date.now() + OVERRIDE_MS).toISOString());
}

async function sendOne(
  client: Client,
  { restMsMax = 1_000 }: LoadOrder,
  { token, body }: { readonly token: string; readonly body: string },
  span: Span,
  tally: Tally,
): Promise<void> {
  const sentAt = performance.now();
  const response = await client.request({
    method: 'POST',
    path: '/v1/commands',
    headers: {
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
      authorization: `Bearer ${token}`,
    },
    body,
  });
  const text = await response.body.text();
  const endedAt = performance.now();
  const status = String(response.statusCode);
  // What ends after the span was still under way at its end: counting it would lengthen the span.
  const counts = sentAt >= span.countFrom && endedAt <= span.until;
  if (response.statusCode === 200) {
    tally.handled++;
    if (!counts) return;
    tally.accepted++;
    tally.latencies.add(endedAt - sentAt);
    return;
  }
  if (counts) tally.others[status] = (tally.others[status] ?? 0) + 1;
  tally.samples[status] ??= text.slice(0, SAMPLE_LENGTH_MAX);
  const rest = Number(response.headers['retry-after'] ?? 0) * 1_000;
  if (rest > 0) await delay(Math.min(rest, restMsMax));
}

async function run(order: LoadOrder): Promise<LoadResult> {
  const tally: Tally = {
    accepted: 0,
    handled: 0,
    others: {},
    samples: {},
    latencies: new Latencies(),
  };
  const countFrom = performance.now() + order.warmUpMs;
  const span = { countFrom, until: countFrom + order.measureMs };
  await Promise.all(
    Array.from({ length: order.callers }, (_, caller) => runCaller(order, caller, span, tally)),
  );
  const { latencies, ...counts } = tally;
  const seconds = order.measureMs / 1_000;
  return { ...counts, seconds, latencies: latencies.values() };
}

process.on('message', (order: LoadOrder) => {
  run(order).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ fault: error instanceof Error ? error.stack : error }),
  );
});
process.on('disconnect', () => process.exit(0));
