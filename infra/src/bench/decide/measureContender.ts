import process from 'node:process';
import { KEYS, KeyWalk, rowNames } from './contender.ts';
import type { Batch, Contender, Measured, RowName } from './contender.ts';
import { bareArithmetic, handWritten } from './handWritten.ts';
import { ours } from './ours.ts';
import { cockatiel, expressRateLimit, limiter, rateLimiterFlexible } from './packages.ts';

/** Long enough for the reading of two clocks to vanish in it, short enough to be left alone in. */
const BATCH = 2_000;
/** Batches that only make the compiler sure. */
const WARM_UP = 50;
/** Of a row, in processor time, microseconds: others may have the machine meanwhile. */
const ROW_MICROS = 400_000;
/** Enough to tell a byte a decision from what the measuring takes. */
const ALLOCATION_CALLS = 100_000;
const ALLOCATION_ROUNDS = 4;

const contenders: Readonly<Record<string, (walk: KeyWalk) => Contender | Promise<Contender>>> = {
  ours,
  'hand-written': handWritten,
  arithmetic: bareArithmetic,
  limiter,
  'express-rate-limit': expressRateLimit,
  'rate-limiter-flexible': rateLimiterFlexible,
  cockatiel,
};

/** The fastest of many batches: what the machine does to the others is not the contender's. */
async function nanosOf(batch: Batch): Promise<number> {
  for (let round = 0; round < WARM_UP; round += 1) await batch(BATCH);
  const started = process.cpuUsage();
  let least = Infinity;
  do {
    const before = process.hrtime.bigint();
    await batch(BATCH);
    least = Math.min(least, Number(process.hrtime.bigint() - before) / BATCH);
    // Turns the event loop, as it turns in a service: timers of the contender run.
    await new Promise((resolve) => setImmediate(resolve));
  } while (process.cpuUsage(started).user < ROW_MICROS);
  return least;
}

function held(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

async function bytesPerKeyOf({ meetAll }: Contender, walk: KeyWalk): Promise<number | null> {
  if (meetAll === undefined) return null;
  const before = held();
  await meetAll(walk.keys);
  return (held() - before) / KEYS;
}

async function bytesPerDecisionOf(batch: Batch | undefined): Promise<number | null> {
  if (batch === undefined) return null;
  let least = Infinity;
  for (let round = 0; round < ALLOCATION_ROUNDS; round += 1) {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    await batch(ALLOCATION_CALLS);
    const bytes = (process.memoryUsage().heapUsed - before) / ALLOCATION_CALLS;
    // A collection in between makes it negative, and says nothing.
    if (bytes >= 0 && bytes < least) least = bytes;
  }
  return least === Infinity ? null : Math.round(least);
}

async function main(name: string): Promise<Measured> {
  const walk = new KeyWalk();
  const make = contenders[name];
  if (make === undefined) throw new Error(`There is no contender ${name}.`);
  const contender = await make(walk);
  const bytesPerKey = await bytesPerKeyOf(contender, walk);
  const nanos: Partial<Record<RowName, number>> = {};
  for (const row of rowNames) {
    const batch = contender.rows[row];
    if (batch !== undefined) nanos[row] = await nanosOf(batch);
  }
  const bytesPerDecision = await bytesPerDecisionOf(contender.rows.hot ?? contender.rows.permit);
  await contender.close?.();
  return { nanos, bytesPerKey, bytesPerDecision };
}

process.stdout.write(JSON.stringify(await main(process.argv[2] ?? '')));
// Timers of a package, one a key, would keep the process for a day.
process.exit(0);
