import { HOT_KEY, KEYS, PLENTY } from './contender.ts';
import type { Contender, KeyWalk } from './contender.ts';

/** What a good engineer writes in ten lines: a bucket a key in a Map, and a clock read each time. */
class Bucket {
  #level: number;
  #at = performance.now();
  readonly #burst: number;
  readonly #perMs: number;

  constructor(burst: number, perMs: number) {
    this.#burst = burst;
    this.#perMs = perMs;
    this.#level = burst;
  }

  take(cost: number): boolean {
    const now = performance.now();
    this.#level = Math.min(this.#burst, this.#level + (now - this.#at) * this.#perMs);
    this.#at = now;
    if (this.#level < cost) return false;
    this.#level -= cost;
    return true;
  }
}

export function handWritten(walk: KeyWalk): Contender {
  const buckets = new Map<string, Bucket>();
  const take = (key: string): number => {
    let bucket = buckets.get(key);
    if (bucket === undefined) {
      bucket = new Bucket(1_000_000, 1_000);
      buckets.set(key, bucket);
    }
    return bucket.take(1) ? 0 : 1;
  };
  const hot = new Bucket(PLENTY, PLENTY);
  const empty = new Bucket(0, 0);
  return {
    rows: {
      hot: (decisions) => many(decisions, () => (hot.take(1) ? 0 : 1)),
      keyed: (decisions) => many(decisions, () => take(HOT_KEY)),
      random: (decisions) => many(decisions, () => take(walk.next())),
      refusal: (decisions) => many(decisions, () => (empty.take(1) ? 0 : 1)),
    },
    meetAll(keys) {
      for (const key of keys) take(key);
    },
  };
}

/**
 * The floor: the arithmetic of a token bucket alone, its clock a number that somebody else keeps, no
 * rule, no count of anything. With keys, a Map to a place in two arrays.
 */
export function bareArithmetic(walk: KeyWalk): Contender {
  const slots = new Map<string, number>();
  const levels = new Float64Array(KEYS + 1).fill(1_000_000);
  const filledAt = new Float64Array(KEYS + 1);
  const bucket = { level: PLENTY, at: 0, burst: PLENTY, perMs: 1_000.5 };
  const clock = { now: performance.now() };
  setInterval(() => (clock.now = performance.now()), 1).unref();
  let inUse = 0;
  return {
    rows: {
      hot(decisions) {
        let sum = 0;
        for (let each = 0; each < decisions; each += 1) {
          const { now } = clock;
          const filled = bucket.level + (now - bucket.at) * bucket.perMs;
          bucket.level = filled < bucket.burst ? filled : bucket.burst;
          bucket.at = now;
          if (bucket.level >= 1) bucket.level -= 1;
          else sum += 1;
        }
        return sum;
      },
      random(decisions) {
        let sum = 0;
        for (let each = 0; each < decisions; each += 1) {
          const slot = slots.get(walk.next()) ?? 0;
          const { now } = clock;
          const filled = (levels[slot] ?? 0) + (now - (filledAt[slot] ?? 0)) * bucket.perMs;
          const level = filled < 1_000_000 ? filled : 1_000_000;
          filledAt[slot] = now;
          levels[slot] = level >= 1 ? level - 1 : level;
          if (level < 1) sum += 1;
        }
        return sum;
      },
      permit(decisions) {
        let sum = 0;
        for (let each = 0; each < decisions; each += 1) {
          if (inUse < 10) inUse += 1;
          else sum += 1;
          inUse -= 1;
        }
        return sum;
      },
    },
    meetAll(keys) {
      for (const key of keys) slots.set(key, slots.size + 1);
    },
  };
}

function many(decisions: number, decide: () => number): number {
  let sum = 0;
  for (let each = 0; each < decisions; each += 1) sum += decide();
  return sum;
}
