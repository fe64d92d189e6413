import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResourceLimit } from '@prorata/schemas';
import { deepestCut } from './layers.ts';
import { burstOf, compareBounds, cutLimit, guaranteeOf } from './limits.ts';
import type { ApplicationState } from './model.ts';
import { AMOUNT_MAX } from './modelBounds.ts';
import { stateAfter } from './testing/given.ts';
import {
  cores,
  created,
  credits,
  haircutApplied,
  registered,
  sessions,
  tokens,
} from './testing/samples.ts';

const WHOLE = 10_000n;
const RUNS = 2_000;

// Small ones, where rounding shows, and the greatest there are.
const amounts = fc.oneof(fc.bigInt(1n, 50n), fc.bigInt(1n, AMOUNT_MAX));
const parts = fc.integer({ min: 0, max: 10_000 });
/** One form of every kind, of given numbers. */
const forms = {
  rate: (amount: bigint, other: bigint) =>
    tokens(amount, { burst: other, perMicros: 1n + (other % 90_000_000n) }),
  'rate without a burst': (amount: bigint) => tokens(amount, { perMicros: 60_000_000n }),
  capacity: (amount: bigint, other: bigint) => cores(other < amount ? other : amount, amount),
  concurrency: (amount: bigint) => sessions(amount),
  consumable: (amount: bigint) => credits(amount),
} satisfies Readonly<Record<string, (amount: bigint, other: bigint) => ResourceLimit>>;

/** What is cut by itself of a limit: its bound, and the burst that is written beside it. */
const cutPartsOf = ({ amount, burst }: ResourceLimit): bigint[] =>
  burst === null ? [amount] : [amount, burst];

const isNoLooser = (a: ResourceLimit, b: ResourceLimit): boolean =>
  compareBounds(a, b) <= 0 &&
  guaranteeOf(a) <= guaranteeOf(b) &&
  (a.kind !== 'rate' || (burstOf(a) ?? 0n) <= (burstOf(b) ?? 0n));

describe.each(Object.entries(forms))('a cut of a %s', (_, form) => {
  it('rounds down, but for what its floors keep, and never leaves more than there was', () => {
    fc.assert(
      fc.property(amounts, amounts, parts, parts, (amount, other, cut, floor) => {
        const limit = form(amount, other);
        const left = cutLimit(limit, cut, floor);
        expect(isNoLooser(left, limit)).toBe(true);
        expect(left).toEqual({ ...limit, amount: left.amount, burst: left.burst });
        const wholes = cutPartsOf(limit);
        for (const [index, part] of cutPartsOf(left).entries()) {
          const whole = wholes[index] ?? 0n;
          const isBound = index === 0;
          const isKept = part === 1n || (isBound && part === guaranteeOf(limit));
          const isFloor = (part - 1n) * WHOLE < whole * BigInt(floor);
          const isRoundedDown = part * WHOLE <= whole * (WHOLE - BigInt(cut));
          expect(isKept || isFloor || isRoundedDown).toBe(true);
          expect((part + 1n) * WHOLE > whole * (WHOLE - BigInt(cut))).toBe(true);
          expect(part >= 1n && part * WHOLE >= whole * BigInt(floor)).toBe(true);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('leaves no more of less, nor of a deeper cut, nor of two cuts', () => {
    fc.assert(
      fc.property(amounts, amounts, amounts, parts, parts, (amount, more, other, cut, floor) => {
        const less = form(amount, other);
        const limit = { ...less, amount: amount + more };
        const [left, leftOfLess] = [cutLimit(limit, cut, floor), cutLimit(less, cut, floor)];
        expect(isNoLooser(leftOfLess, left)).toBe(true);
        const deeper = cutLimit(limit, cut + Math.floor((10_000 - cut) / 2), floor);
        expect(isNoLooser(deeper, left)).toBe(true);
        const state = stateAfter(
          'application:moka',
          registered,
          created('moka/a'),
          haircutApplied('moka/a', cut, floor),
          haircutApplied('moka/a', floor, cut, { budgetId: 'daily' }),
        ) as ApplicationState;
        const quota = state.quotas.get('moka/a');
        const both = quota === undefined ? null : deepestCut(quota, limit);
        expect(both !== null && isNoLooser(both.limit, left)).toBe(true);
      }),
      { numRuns: RUNS / 10 },
    );
  });
});

describe('a cut of equal rates in two times', () => {
  it('leaves of none one unit more than of the other, where more than one is left', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 1_000n), fc.bigInt(2n, 100n), parts, (amount, times, cut) => {
        const short = cutLimit(tokens(amount, { perMicros: 1_000_000n }), cut, 0);
        const long = cutLimit(tokens(amount * times, { perMicros: times * 1_000_000n }), cut, 0);
        fc.pre(short.amount > 1n);
        const plusOne = (limit: ResourceLimit) => ({ ...limit, amount: limit.amount + 1n });
        expect(compareBounds(short, plusOne(long))).toBe(-1);
        expect(compareBounds(long, plusOne(short))).toBe(-1);
      }),
      { numRuns: RUNS },
    );
  });
});
