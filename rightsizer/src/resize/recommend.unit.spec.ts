import * as fc from 'fast-check';
import type { ResourceLimit } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { productionPolicy } from '../policy.ts';
import type { ResizePolicy } from '../policy.ts';
import type { DemandBucket, ResizeHistory } from './history.ts';
import { recommend } from './recommend.ts';
import type { SkipReason } from './recommend.ts';

const second = 1_000_000n;
const now = 10_000n * second;

const policy: ResizePolicy = {
  ...productionPolicy.rightsizer,
  stepMs: 10_000,
  settleMs: 0,
  evidenceMs: 200_000,
  agreementMs: 50_000,
  raiseLookbackMs: 30_000,
  freshnessMs: 60_000,
  dwellMs: 100_000,
};

const rate = (amount: bigint): ResourceLimit => ({
  resource: 'tokens',
  kind: 'rate',
  bound: 'amount',
  amount,
  perMicros: second,
  burst: null,
  guaranteed: null,
  window: null,
  zone: null,
});

const bucket = (secondsAgo: number, demand: bigint, refused = 0n, queued = 0n): DemandBucket => ({
  start: now - BigInt(secondsAgo) * second,
  demand,
  peak: 0n,
  refused,
  queued,
});

/** A step every ten seconds, oldest first, over twice the evidence. */
const steady = (demand: bigint): DemandBucket[] =>
  Array.from({ length: 40 }, (_, index) => bucket(400 - index * 10, demand));

const history = (changes: Partial<ResizeHistory> = {}): ResizeHistory => ({
  quotaId: 'llm/chat',
  quotaVersion: 3n,
  resource: 'tokens',
  limit: rate(1_000n),
  bounds: { resource: 'tokens', min: 100n, max: 5_000n },
  isUnderHaircut: false,
  isOverridden: false,
  isProposed: false,
  boundBy: null,
  disturbedUntil: null,
  changedAt: 0n,
  declinedAt: null,
  freshAt: now,
  buckets: steady(1_000n),
  ...changes,
});

const refusedLately = (demand: bigint): DemandBucket[] => [
  ...steady(900n).slice(0, -1),
  bucket(10, demand, 50n),
];

const skipOf = (changes: Partial<ResizeHistory>, terms = policy): SkipReason | null => {
  const found = recommend(history(changes), terms, now);
  return found.kind === 'skip' ? found.skip : null;
};

const resized = (changes: Partial<ResizeHistory>) => {
  const found = recommend(history(changes), policy, now);
  if (found.kind === 'skip') throw new Error(`skipped: ${found.skip}`);
  return found;
};

describe('recommend', () => {
  it('raises at once to the demand and the margin when requests were refused', () => {
    const found = resized({ buckets: refusedLately(1_400n) });
    expect(found).toMatchObject({ direction: 'raise', value: 1_610n, reasons: ['REFUSED'] });
    expect(found.lower).toBe(1_400n);
    expect(found.figures['refused']).toBe('50');
  });

  it('raises on a violation alone, without a day of history', () => {
    const found = resized({ buckets: [bucket(10, 1_500n, 900n)] });
    expect(found.value).toBe(1_725n);
  });

  it('at most doubles, and says so', () => {
    const found = resized({ buckets: refusedLately(9_000n) });
    expect(found).toMatchObject({ value: 2_000n, reasons: ['REFUSED', 'LIMITED_BY_STEP'] });
  });

  it('stops at the highest that the owner allows', () => {
    const found = resized({
      bounds: { resource: 'tokens', min: 100n, max: 1_200n },
      buckets: refusedLately(1_400n),
    });
    expect(found).toMatchObject({ value: 1_200n, reasons: ['REFUSED', 'LIMITED_BY_BOUNDS'] });
  });

  it('takes queueing for pressure', () => {
    const buckets = [...steady(900n).slice(0, -1), bucket(10, 1_000n, 0n, 300n)];
    expect(resized({ buckets })).toMatchObject({ value: 1_150n, reasons: ['QUEUED'] });
  });

  it('does not raise a second time on what was refused before the first raise', () => {
    const buckets = refusedLately(1_400n);
    expect(skipOf({ buckets, changedAt: now - 5n * second })).toBe('REFUSED_IN_EVIDENCE');
  });

  it('lowers by a fifth at most where the whole evidence leaves room', () => {
    const found = resized({ buckets: steady(300n) });
    expect(found).toMatchObject({
      direction: 'lower',
      value: 800n,
      reasons: ['UNUSED', 'LIMITED_BY_STEP'],
    });
    expect(found.lower).toBe(345n);
  });

  it('never lowers under the highest moment and the margin', () => {
    const buckets = steady(300n).map((each, index) =>
      index === 20 ? { ...each, peak: 760n } : each,
    );
    expect(resized({ buckets }).value).toBe(874n);
  });

  it('keeps a guarantee', () => {
    const limit: ResourceLimit = {
      ...rate(1_000n),
      kind: 'capacity',
      perMicros: null,
      guaranteed: 890n,
    };
    expect(resized({ limit, buckets: steady(10n) }).value).toBe(890n);
  });

  it('needs both looks to agree before it lowers', () => {
    // The high hour lies in the earlier look alone.
    const buckets = steady(300n).map((each, index) =>
      index === 16 ? { ...each, demand: 1_000n } : each,
    );
    expect(skipOf({ buckets })).toBe('NO_AGREEMENT');
  });

  const refusals: readonly [string, SkipReason, Partial<ResizeHistory>][] = [
    ['the owner set no bounds', 'NO_BOUNDS', { bounds: null }],
    ['the limit is inherited', 'NO_LIMIT', { limit: null }],
    [
      'the limit is unlimited',
      'LIMIT_NOT_A_NUMBER',
      { limit: { ...rate(0n), bound: 'unlimited' } },
    ],
    ['the limit is blocked', 'LIMIT_NOT_A_NUMBER', { limit: { ...rate(0n), bound: 'blocked' } }],
    [
      'the resource is used up over a window',
      'KIND_NOT_RIGHTSIZED',
      { limit: { ...rate(1n), kind: 'consumable', perMicros: null, window: 'P1D' } },
    ],
    [
      'a cut lies on it, though requests are refused',
      'UNDER_HAIRCUT',
      { isUnderHaircut: true, buckets: refusedLately(1_400n) },
    ],
    ['a person has overridden it', 'OVERRIDDEN', { isOverridden: true }],
    ['a proposal waits', 'PROPOSAL_OPEN', { isProposed: true }],
    ['a person has just declined', 'DECLINED_RECENTLY', { declinedAt: now - 99n * second }],
    [
      'usage is stale, though requests were refused',
      'USAGE_STALE',
      { freshAt: now - 61n * second, buckets: refusedLately(1_400n) },
    ],
    ['usage is unknown', 'USAGE_STALE', { freshAt: null }],
    [
      "an ancestor's limit is what refuses",
      'BOUND_BY_ANCESTOR',
      { boundBy: 'llm', buckets: refusedLately(1_400n) },
    ],
    [
      'the owner allows no more',
      'AT_BOUND',
      { bounds: { resource: 'tokens', min: 1n, max: 1_000n }, buckets: refusedLately(1_400n) },
    ],
    ['it is warming up', 'TOO_LITTLE_DATA', { buckets: steady(300n).slice(-20) }],
    [
      'too many steps are missing',
      'TOO_LITTLE_DATA',
      { buckets: steady(300n).filter((_, index) => index % 3 === 0) },
    ],
    ['there is no usage at all', 'TOO_LITTLE_DATA', { buckets: [] }],
    [
      'a cut lay on it within the evidence',
      'TOO_LITTLE_DATA',
      { buckets: steady(300n), disturbedUntil: now - 200n * second },
    ],
    [
      'requests were refused within the evidence',
      'REFUSED_IN_EVIDENCE',
      {
        buckets: steady(300n).map((each, index) =>
          index === 25 ? { ...each, refused: 1n } : each,
        ),
      },
    ],
    [
      'it has just been changed',
      'DWELLING',
      { buckets: steady(300n), changedAt: now - 99n * second },
    ],
    ['it fits', 'WITHIN_DEADBAND', { buckets: steady(800n) }],
    [
      'the owner allows no less',
      'AT_BOUND',
      { buckets: steady(300n), bounds: { resource: 'tokens', min: 950n, max: 5_000n } },
    ],
    [
      'the way into the bounds is too far for a step',
      'OUTSIDE_BOUNDS',
      {
        buckets: refusedLately(4_000n),
        bounds: { resource: 'tokens', min: 3_000n, max: 5_000n },
      },
    ],
  ];
  it.each(refusals)('leaves the limit alone when %s', (_when, reason, changes) => {
    expect(skipOf(changes)).toBe(reason);
  });
});

const anyBucket = fc.record({
  secondsAgo: fc.integer({ min: 1, max: 42 }).map((ten) => ten * 10),
  demand: fc.bigInt({ min: 0n, max: 20_000n }),
  peak: fc.bigInt({ min: 0n, max: 20_000n }),
  refused: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 500n })),
});

/** Dense and without a refusal: what a lowering needs. */
const calmBuckets = fc
  .record({
    demands: fc.array(fc.bigInt({ min: 0n, max: 4_000n }), { minLength: 42, maxLength: 42 }),
    peak: fc.bigInt({ min: 0n, max: 4_000n }),
  })
  .map(({ demands, peak }) =>
    demands.map((demand, index) => ({ secondsAgo: 420 - index * 10, demand, peak, refused: 0n })),
  );

const anyHistory = fc
  .record({
    amount: fc.bigInt({ min: 0n, max: 20_000n }),
    min: fc.bigInt({ min: 0n, max: 10_000n }),
    room: fc.bigInt({ min: 0n, max: 10_000n }),
    guaranteed: fc.bigInt({ min: 0n, max: 500n }),
    buckets: fc.oneof(
      calmBuckets,
      fc.uniqueArray(anyBucket, { selector: ({ secondsAgo }) => secondsAgo }),
    ),
  })
  .map(({ amount, min, room, guaranteed, buckets }) =>
    history({
      limit: { ...rate(amount), guaranteed },
      bounds: { resource: 'tokens', min, max: min + room },
      buckets: buckets
        .map(({ secondsAgo, ...rest }) => ({ ...bucket(secondsAgo, 0n), ...rest }))
        .sort((left, right) => Number(left.start - right.start)),
    }),
  );

describe('recommend, whatever the history', () => {
  it('stays within the bounds, the step and the peak', () => {
    const seen = { raise: 0, lower: 0 };
    fc.assert(
      fc.property(anyHistory, (each) => {
        const found = recommend(each, policy, now);
        if (found.kind === 'skip') return;
        seen[found.direction] += 1;
        const { amount } = each.limit!;
        expect(found.value).toBeGreaterThanOrEqual(each.bounds!.min);
        expect(found.value).toBeLessThanOrEqual(each.bounds!.max);
        expect(found.value).not.toBe(amount);
        if (found.direction === 'raise') {
          expect(found.value).toBeGreaterThan(amount);
          expect(found.value <= 2n * amount || found.value === amount + 1n).toBe(true);
        } else {
          expect(found.value * 10n).toBeGreaterThanOrEqual(amount * 8n);
          expect(found.value * 10n).toBeLessThanOrEqual(amount * 9n);
          const looked = each.buckets.filter(({ start }) => start >= now - 250n * second);
          for (const { demand, peak } of looked) {
            expect(found.value).toBeGreaterThanOrEqual(demand > peak ? demand : peak);
          }
        }
      }),
      { numRuns: 2_000 },
    );
    // Had the histories led to nothing, nothing would have been tested.
    expect(seen.raise).toBeGreaterThan(20);
    expect(seen.lower).toBeGreaterThan(20);
  });

  it('gives the same answer for the same inputs, and another hash for others', () => {
    fc.assert(
      fc.property(anyHistory, (each) => {
        const found = recommend(each, policy, now);
        expect(recommend(structuredClone(each), policy, now)).toEqual(found);
        if (found.kind === 'skip') return;
        const other = recommend({ ...each, quotaVersion: 4n }, policy, now);
        expect(other).toMatchObject({ value: found.value });
        expect(other.kind === 'resize' && other.inputsHash !== found.inputsHash).toBe(true);
      }),
    );
  });

  it('does not see the future', () => {
    const future = fc.array(
      fc.record({
        secondsAhead: fc.integer({ min: 0, max: 500 }),
        demand: fc.bigInt({ min: 0n, max: 1_000_000n }),
        refused: fc.bigInt({ min: 0n, max: 1_000_000n }),
      }),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(anyHistory, future, (each, steps) => {
        const mutated = steps.map(({ secondsAhead, demand, refused }) =>
          // The step that `now` lies in has not ended either.
          bucket(-secondsAhead, demand, refused),
        );
        const found = recommend({ ...each, buckets: [...each.buckets, ...mutated] }, policy, now);
        expect(found).toEqual(recommend(each, policy, now));
      }),
    );
  });
});

/** The limit is enforced on a demand that follows `wanted`, and resized every step. */
function replay(wanted: (step: number) => bigint, start: bigint, steps: number): bigint[] {
  let amount = start;
  let changedAt = 0n;
  const buckets: DemandBucket[] = [];
  const limits: bigint[] = [];
  for (let step = 0; step < steps; step += 1) {
    const at = BigInt(step) * 10n * second;
    const demand = wanted(step);
    const refused = demand > amount ? (demand - amount) * 10n : 0n;
    buckets.push({ start: at, demand, peak: 0n, refused, queued: 0n });
    if (buckets.length > 60) buckets.shift();
    const moment = at + 10n * second;
    const found = recommend(
      history({ limit: rate(amount), changedAt, freshAt: moment, buckets }),
      policy,
      moment,
    );
    if (found.kind === 'resize') {
      amount = found.value;
      changedAt = moment;
    }
    limits.push(amount);
  }
  return limits;
}

describe('recommend, again and again', () => {
  it('settles under a demand that alternates every step', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 100n, max: 4_000n }),
        fc.bigInt({ min: 100n, max: 4_000n }),
        fc.bigInt({ min: 100n, max: 5_000n }),
        (one, other, start) => {
          const limits = replay((step) => (step % 2 === 0 ? one : other), start, 400);
          expect(new Set(limits.slice(-100)).size).toBe(1);
          const peak = one > other ? one : other;
          expect(limits.at(-1)).toBeGreaterThanOrEqual(peak);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('follows a step up within three evaluations, and down without undershooting', () => {
    const limits = replay((step) => (step < 60 ? 300n : step < 120 ? 2_000n : 500n), 345n, 400);
    expect(limits[63]).toBe(2_300n);
    expect(Math.min(...limits.slice(120).map(Number))).toBeGreaterThanOrEqual(575);
    expect(limits.at(-1)).toBeLessThan(700n);
  });
});
