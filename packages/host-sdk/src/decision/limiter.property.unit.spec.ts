import type { Bound, ExceedAction, RateCounting, ResourceLimit, Rule } from '@prorata/schemas';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requestTerms } from '../../test/fixtures.ts';
import { ReferenceLimiter } from '../testing/referenceLimiter.ts';
import { UsageMeters } from '../usage/usageMeters.ts';
import { bucketFormOf } from './bucketForm.ts';
import { HostTime } from './hostClock.ts';
import { Limiter } from './limiter.ts';
import { BoundHandle } from './handle.ts';
import { ONLY_SLOT } from './limitState.ts';
import { RateBuckets } from './rateBuckets.ts';
import { RuleTable } from './ruleTable.ts';
import { NEVER, verdictNames } from './verdict.ts';

const start = 1_800_000_000_000_000;

function bench() {
  const clock = { now: start };
  const time = new HostTime({ monotonicMicros: () => clock.now, wallMicros: () => clock.now });
  const table = new RuleTable(time);
  table.isKnown = true;
  const meters = new UsageMeters(() => ({ known: true, project: null }), start);
  const limiter = new Limiter({ table, time, meters, whenNoRules: 'open' });
  const handles = new Map<string, BoundHandle>();
  const handleOf = (quota: string): BoundHandle => {
    const handle = handles.get(quota) ?? new BoundHandle(limiter, table, { quota });
    handles.set(quota, handle);
    return handle;
  };
  return { clock, table, limiter, handleOf };
}

const rate = (amount: bigint, perMicros: bigint, burst: bigint | null = null): ResourceLimit => ({
  resource: 'tokens',
  kind: 'rate',
  bound: 'amount',
  amount,
  perMicros,
  burst,
  guaranteed: null,
  window: null,
  zone: null,
});

const periods = fc.constantFrom(1n, 7n, 1_000n, 333_333n, 1_000_000n, 60_000_000n, 3_600_000_000n);
/** A bucket of one slot on a timeline of its own, asked as the limiter asks. */
function bucketOf(limit: ResourceLimit) {
  const moment = Float64Array.of(start);
  const buckets = new RateBuckets(bucketFormOf(limit), moment, start);
  return {
    at(now: number) {
      moment[0] = now;
      return buckets;
    },
    take(cost: number, now: number): boolean {
      moment[0] = now;
      if (!buckets.hasRoom(ONLY_SLOT, cost)) return false;
      buckets.charge(ONLY_SLOT, cost);
      return true;
    },
  };
}

const bounds = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Bound>('amount') },
  { weight: 1, arbitrary: fc.constant<Bound>('unlimited') },
  { weight: 2, arbitrary: fc.constant<Bound>('blocked') },
);
const rates = fc
  .record({
    bound: bounds,
    amount: fc.oneof(fc.bigInt(0n, 20n), fc.bigInt(1n, 1_000_000n)),
    perMicros: periods,
    burst: fc.option(fc.bigInt(0n, 40n), { nil: null }),
  })
  .map((terms): ResourceLimit => ({ ...rate(1n, 1n), ...terms }));
const permits = fc
  .record({ bound: bounds, amount: fc.bigInt(0n, 5n) })
  .map((terms): ResourceLimit => ({
    ...rate(1n, 1n),
    ...terms,
    resource: 'requests',
    kind: 'concurrency',
    perMicros: null,
  }));
const consumables = fc
  .record({
    bound: bounds,
    amount: fc.bigInt(0n, 50n),
    window: fc.constantFrom('PT1S', 'PT7S', 'PT1M', 'P1D', 'P1W'),
  })
  .map((terms): ResourceLimit => ({
    ...rate(1n, 1n),
    ...terms,
    resource: 'budget',
    kind: 'consumable',
    perMicros: null,
  }));
const limits = fc
  .tuple(fc.option(rates, { freq: 12 }), fc.option(permits), fc.option(consumables))
  .map((all) => all.filter((limit) => limit !== null));

const quotas = ['a/x', 'a/x/y', 'a/x/y/z', 'a/x/w'] as const;
const resources = ['tokens', 'requests', 'budget'] as const;
// Half of all steps meet at one quota, so that one state lives through many of them.
const quota = fc.oneof(fc.constant('a/x/y' as const), fc.constantFrom(...quotas));
const cost = fc.oneof(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 60 }));
const wait = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.integer({ min: 0, max: 2_000_000 }),
  fc.integer({ min: 0, max: 7_200_000_000 }),
);

const steps = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), micros: wait }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('take' as const, 'acquire' as const),
      quota,
      resource: fc.constantFrom(...resources),
      cost,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('release' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), quota }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('rule' as const),
      quota,
      limits,
      after: fc.option(fc.record({ in: wait, limits })),
      mode: fc.constantFrom(
        'enforce' as const,
        'enforce' as const,
        'shadow' as const,
        'off' as const,
      ),
      action: fc.constantFrom<ExceedAction>('refuse', 'refuse', 'delay', 'degrade', 'mark'),
      onStale: fc.constantFrom('hold' as const, 'open' as const, 'closed' as const),
      counting: fc.constantFrom<RateCounting | null>(null, 'token_bucket', 'sliding_window'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stale' as const), is: fc.boolean() }) },
);

function ruleFrom(
  step: {
    quota: string;
    limits: ResourceLimit[];
    mode: Rule['mode'];
    action: ExceedAction;
    onStale: Rule['onStale'];
    counting: RateCounting | null;
  },
  after: Rule['after'],
  eventOffset: bigint,
): Rule {
  return {
    application: 'a',
    quotaId: step.quota,
    quotaVersion: eventOffset,
    eventOffset,
    decidedAt: 0n,
    limits: step.limits,
    match: [],
    action: step.action,
    degradeTag: 'small',
    mode: step.mode,
    onStale: step.onStale,
    tier: 2,
    project: null,
    after,
    requests: requestTerms({ counting: step.counting }),
    candidate: null,
  };
}

describe('the limiter', () => {
  it('decides as the bigint reference does, through rule changes, ends and staleness', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.array(steps, { minLength: 5, maxLength: 120 }), (script) => {
        const { clock, table, limiter, handleOf } = bench();
        const reference = new ReferenceLimiter();
        const out: { quota: string; resource: string; units: number }[] = [];
        let offset = 0n;
        for (const step of script) {
          const at = BigInt(clock.now);
          switch (step.do) {
            case 'wait':
              clock.now += step.micros;
              break;
            case 'rule': {
              const after =
                step.after === null
                  ? null
                  : { at: at + BigInt(step.after.in), limits: step.after.limits };
              const rule = ruleFrom(step, after, ++offset);
              table.put(rule, clock.now);
              reference.setRule(rule, at);
              break;
            }
            case 'remove':
              table.remove(step.quota, ++offset, clock.now);
              reference.removeRule(step.quota);
              break;
            case 'stale':
              limiter.staleAt = step.is ? 0 : Infinity;
              reference.isStale = step.is;
              break;
            case 'release': {
              const permit = out.pop();
              if (permit === undefined) break;
              handleOf(permit.quota).release(permit.resource, permit.units);
              reference.release(permit.quota, permit.resource, BigInt(permit.units));
              break;
            }
            case 'take':
            case 'acquire': {
              const handle = handleOf(step.quota);
              const verdict =
                step.do === 'take'
                  ? handle.take(step.resource, step.cost)
                  : handle.acquire(step.resource, step.cost);
              const expected = reference[step.do](step.quota, step.resource, BigInt(step.cost), at);
              const { quotaId, retryAfterMicros } = limiter.last;
              expect({
                verdict: verdictNames[verdict],
                quotaId,
                retryAfterMicros: retryAfterMicros === NEVER ? null : BigInt(retryAfterMicros),
              }).toEqual(expected);
              seen.add(expected.verdict);
              if (step.do === 'acquire' && !['refuse', 'delay'].includes(expected.verdict)) {
                out.push({ quota: step.quota, resource: step.resource, units: step.cost });
              }
            }
          }
        }
      }),
      { numRuns: 2_500 },
    );
    expect([...seen].sort()).toEqual([...verdictNames].sort());
  });

  it('keeps what one bucket holds through changes and blocks exactly as the reference does', () => {
    const terms = fc
      .record({
        bound: fc.constantFrom<Bound>('amount', 'amount', 'blocked'),
        amount: fc.bigInt(0n, 12n),
        perMicros: fc.constantFrom(7n, 11n, 30n, 64n),
        burst: fc.bigInt(1n, 30n),
      })
      .map((some): ResourceLimit => ({ ...rate(1n, 1n), ...some }));
    const step = fc.record({
      micros: fc.integer({ min: 0, max: 25 }),
      cost: fc.integer({ min: 1, max: 12 }),
      change: fc.option(terms, { freq: 2 }),
      turns: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (script) => {
        const { clock, table, limiter, handleOf } = bench();
        const reference = new ReferenceLimiter();
        const base = { quota: 'a/x', mode: 'enforce', action: 'refuse', onStale: 'hold' } as const;
        let counting: RateCounting = 'token_bucket';
        let offset = 0n;
        for (const { micros, cost: units, change, turns } of script) {
          clock.now += micros;
          if (change !== null) {
            if (turns) counting = counting === 'token_bucket' ? 'sliding_window' : 'token_bucket';
            const rule = ruleFrom({ ...base, counting, limits: [change] }, null, ++offset);
            table.put(rule, clock.now);
            reference.setRule(rule, BigInt(clock.now));
          }
          const verdict = handleOf('a/x').take('tokens', units);
          const expected = reference.take('a/x', 'tokens', BigInt(units), BigInt(clock.now));
          const retry = limiter.last.retryAfterMicros;
          expect([verdictNames[verdict], retry === NEVER ? null : BigInt(retry)]).toEqual([
            expected.verdict,
            expected.retryAfterMicros,
          ]);
        }
      }),
      { numRuns: 1_500 },
    );
  });

  it('admits over any stretch of time at most the burst and what the rate gives in it', () => {
    fc.assert(
      fc.property(
        fc.bigInt(1n, 10_000n),
        periods,
        fc.bigInt(1n, 5_000n),
        fc.array(fc.tuple(wait, cost), { minLength: 1, maxLength: 80 }),
        (amount, per, burst, arrivals) => {
          const bucket = bucketOf(rate(amount, per, burst));
          const admitted: { at: number; cost: number }[] = [];
          let now = start;
          for (const [after, units] of arrivals) {
            now += after;
            if (!bucket.take(units, now)) continue;
            admitted.push({ at: now, cost: units });
          }
          for (let from = 0; from < admitted.length; from++) {
            let sum = 0n;
            for (let to = from; to < admitted.length; to++) {
              sum += BigInt(admitted[to]!.cost);
              const elapsed = BigInt(admitted[to]!.at - admitted[from]!.at);
              expect(sum * per <= burst * per + elapsed * amount).toBe(true);
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('hands out nothing by a change: the highest burst and rate of the time bound it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.bigInt(0n, 500n), periods, fc.bigInt(0n, 50n)), {
          minLength: 2,
          maxLength: 6,
        }),
        fc.array(fc.tuple(wait, cost, fc.boolean()), { minLength: 1, maxLength: 80 }),
        (terms, arrivals) => {
          let index = 0;
          const bucket = bucketOf(rate(...terms[0]!));
          let admitted = 0n;
          let gained = 0n;
          let now = start;
          const scale = terms.reduce((all, [, per]) => all * per, 1n);
          for (const [after, units, changes] of arrivals) {
            const [amount, per] = terms[index]!;
            gained += (BigInt(after) * amount * scale) / per;
            now += after;
            if (bucket.take(units, now)) admitted += BigInt(units);
            if (changes) {
              index = (index + 1) % terms.length;
              bucket.at(now).change(bucketFormOf(rate(...terms[index]!)), now);
            }
          }
          expect(admitted * scale <= terms[0]![2] * scale + gained).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('names the first microsecond at which there is room', () => {
    fc.assert(
      fc.property(
        fc.bigInt(1n, 1_000_000n),
        periods,
        fc.bigInt(1n, 1_000n),
        wait,
        cost,
        (amount, per, burst, after, units) => {
          const bucket = bucketOf(rate(amount, per, burst));
          bucket.at(start).charge(ONLY_SLOT, Number(burst));
          const now = start + after;
          const wanted = Math.min(units, Number(burst));
          if (bucket.at(now).hasRoom(ONLY_SLOT, wanted)) return;
          const told = new Float64Array(1);
          bucket.at(now).waitFor(ONLY_SLOT, wanted, told);
          const retry = told[0]!;
          expect(bucket.at(now + retry - 1).hasRoom(ONLY_SLOT, wanted)).toBe(false);
          expect(bucket.at(now + retry).hasRoom(ONLY_SLOT, wanted)).toBe(true);
        },
      ),
    );
  });
});

describe('a rate beyond what doubles count exactly', () => {
  it('is never looser than declared, and at most a millionth and a tick stricter', () => {
    const large = fc.bigInt(1n, 2n ** 62n);
    fc.assert(
      fc.property(large, periods, large, (amount, per, burst) => {
        const form = bucketFormOf(rate(amount, per, burst));
        const { scale, grain, refill, tickMicros, cap, capUnits } = form;
        for (const figure of [scale, grain, refill, tickMicros, cap, capUnits]) {
          expect(Number.isSafeInteger(figure)).toBe(true);
        }
        expect(BigInt(capUnits) * BigInt(grain) <= burst).toBe(true);
        expect(BigInt(capUnits) * BigInt(grain) * 1_000n >= burst * 999n).toBe(true);
        // refill · grain / (scale · tick) against amount / per, both sides multiplied out.
        const given = BigInt(refill) * BigInt(grain) * per;
        const declared = amount * BigInt(scale) * BigInt(tickMicros);
        expect(given <= declared).toBe(true);
        if (refill < cap) expect(given * 1_000_000n >= declared * 999_998n).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
