import process from 'node:process';
import { BoundHandle } from '../src/decision/handle.ts';
import { HostTime, systemClock } from '../src/decision/hostClock.ts';
import { Limiter } from '../src/decision/limiter.ts';
import { RuleTable } from '../src/decision/ruleTable.ts';
import { UsageMeters } from '../src/usage/usageMeters.ts';
import { permits, perWindow, rate, requestTerms, rule } from './fixtures.ts';

/** Prints what each kind of decision allocates, in bytes a call; needs --expose-gc. */
const CALLS = 100_000;
/** The least of so many counts: the first ones compile. */
const ROUNDS = 10;

const time = new HostTime(systemClock(), 1);
const table = new RuleTable(time);
table.isKnown = true;
const meters = new UsageMeters(() => ({ known: true, project: null }), time.wallOf(time.now()));
const limiter = new Limiter({ table, time, meters, whenNoRules: 'open' });
const limits = [rate(1_000_000_000n), permits(10n), perWindow(2n ** 40n, 'P1D')];
table.put(rule('a/x', limits), time.now());
table.put(rule('a/x/y', limits, { eventOffset: 2n }), time.now());
const requests = requestTerms({ counting: 'sliding_window' });
const often = { ...rate(1_000_000_000n), perMicros: 8_000n };
table.put(rule('a/slides', [often], { eventOffset: 5n, requests }), time.now());
const perDay = { ...perWindow(2n ** 40n, 'P1D'), zone: 'Europe/Berlin' };
table.put(rule('a/days', [perDay], { eventOffset: 6n }), time.now());
const never = { ...rate(1n, 1n), perMicros: 3_600_000_000n };
table.put(rule('a/empty', [never], { eventOffset: 3n }), time.now());
table.put(rule('a/waits', [never], { eventOffset: 4n, action: 'delay' }), time.now());

const one = new BoundHandle(limiter, table, { quota: 'a/x' });
const two = new BoundHandle(limiter, table, { quota: 'a/x/y' });
const empty = new BoundHandle(limiter, table, { quota: 'a/empty' });
const waits = new BoundHandle(limiter, table, { quota: 'a/waits' });
const slides = new BoundHandle(limiter, table, { quota: 'a/slides' });
const days = new BoundHandle(limiter, table, { quota: 'a/days' });
empty.take('tokens', 1);
waits.take('tokens', 1);

const kinds: Record<string, () => number> = {
  allow: () => one.take('tokens', 1),
  levels: () => two.take('tokens', 1),
  window: () => two.take('credits', 1),
  sliding: () => slides.take('tokens', 1),
  day: () => days.take('credits', 1),
  refuse: () => empty.take('tokens', 1),
  delay: () => waits.take('tokens', 1),
  peek: () => two.peek('tokens', 1),
  permit: () => {
    const verdict = two.acquire('requests');
    two.release('requests');
    return verdict;
  },
};

function bytesOf(decide: () => number): number {
  let sum = 0;
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    for (let call = 0; call < CALLS; call += 1) sum += decide();
    least = Math.min(least, (process.memoryUsage().heapUsed - before) / CALLS);
  }
  return sum < 0 ? NaN : least;
}

const bytes = Object.fromEntries(
  Object.entries(kinds).map(([name, decide]) => [name, Math.round(bytesOf(decide) * 10) / 10]),
);
process.stdout.write(JSON.stringify(bytes));
time.stop();
