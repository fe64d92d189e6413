import { bulkhead } from 'cockatiel';
import { MemoryStore } from 'express-rate-limit';
import type { Options } from 'express-rate-limit';
import { RateLimiter, TokenBucket } from 'limiter';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { HOT_KEY, LONG_MS, PLENTY } from './contender.ts';
import type { Contender, KeyWalk } from './contender.ts';

/** `limiter` has a bucket without keys; whoever has keys puts one each into a Map. */
export function limiter(walk: KeyWalk): Contender {
  const hot = new TokenBucket({ bucketSize: PLENTY, tokensPerInterval: PLENTY, interval: 1_000 });
  hot.content = PLENTY;
  const empty = new RateLimiter({ tokensPerInterval: 1, interval: LONG_MS });
  empty.tryRemoveTokens(1);
  const buckets = new Map<string, RateLimiter>();
  const take = (key: string): number => {
    let bucket = buckets.get(key);
    if (bucket === undefined) {
      bucket = new RateLimiter({ tokensPerInterval: 1_000_000, interval: 1_000 });
      buckets.set(key, bucket);
    }
    return bucket.tryRemoveTokens(1) ? 0 : 1;
  };
  return {
    rows: {
      hot: (decisions) => many(decisions, () => (hot.tryRemoveTokens(1) ? 0 : 1)),
      keyed: (decisions) => many(decisions, () => take(HOT_KEY)),
      random: (decisions) => many(decisions, () => take(walk.next())),
      refusal: (decisions) => many(decisions, () => (empty.tryRemoveTokens(1) ? 0 : 1)),
    },
    meetAll(keys) {
      for (const key of keys) take(key);
    },
  };
}

/** The store alone: neither the middleware nor its headers. */
export function expressRateLimit(walk: KeyWalk): Contender {
  const store = new MemoryStore();
  store.init({ windowMs: LONG_MS } as Options);
  const take = (key: string): Promise<unknown> => store.increment(key);
  return {
    rows: {
      hot: (decisions) => manyAwaited(decisions, () => take(HOT_KEY)),
      keyed: (decisions) => manyAwaited(decisions, () => take(HOT_KEY)),
      random: (decisions) => manyAwaited(decisions, () => take(walk.next())),
      // It counts on over the limit: a refusal is what the caller makes of the count.
      refusal: (decisions) => manyAwaited(decisions, () => take(HOT_KEY)),
    },
    async meetAll(keys) {
      for (const key of keys) await take(key);
    },
    close: () => store.shutdown(),
  };
}

export function rateLimiterFlexible(walk: KeyWalk): Contender {
  const plenty = new RateLimiterMemory({ points: PLENTY, duration: LONG_MS / 1_000 });
  const empty = new RateLimiterMemory({ points: 1, duration: LONG_MS / 1_000 });
  const take = (key: string): Promise<unknown> => plenty.consume(key, 1);
  return {
    rows: {
      hot: (decisions) => manyAwaited(decisions, () => take(HOT_KEY)),
      keyed: (decisions) => manyAwaited(decisions, () => take(HOT_KEY)),
      random: (decisions) => manyAwaited(decisions, () => take(walk.next())),
      async refusal(decisions) {
        let sum = 0;
        for (let each = 0; each < decisions; each += 1) {
          try {
            await empty.consume(HOT_KEY, 1);
          } catch {
            sum += 1;
          }
        }
        return sum;
      },
    },
    async meetAll(keys) {
      for (const key of keys) await take(key);
    },
  };
}

export function cockatiel(): Contender {
  const policy = bulkhead(10);
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    rows: { permit: (decisions) => manyAwaited(decisions, () => policy.execute(nothing)) },
  };
}

function many(decisions: number, decide: () => number): number {
  let sum = 0;
  for (let each = 0; each < decisions; each += 1) sum += decide();
  return sum;
}

async function manyAwaited(decisions: number, decide: () => Promise<unknown>): Promise<number> {
  for (let each = 0; each < decisions; each += 1) await decide();
  return 0;
}
