import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fairShares } from './fairShares.ts';

const of = (total: bigint, wanted: readonly bigint[], weights: readonly bigint[] = []) =>
  fairShares(
    total,
    wanted.map((each, index) => ({ wanted: each, weight: weights[index] ?? 1n })),
  );

const claims = fc.array(fc.record({ wanted: fc.bigInt(0n, 1_000n), weight: fc.bigInt(1n, 5n) }), {
  minLength: 1,
  maxLength: 12,
});

describe('fair shares', () => {
  it('give everybody what is wanted while there is enough', () => {
    expect(of(100n, [10n, 0n, 50n])).toEqual([10n, 0n, 50n]);
  });

  it('give what some leave to those who want more, in equal parts', () => {
    expect(of(100n, [10n, 70n, 60n])).toEqual([10n, 45n, 45n]);
    expect(of(120n, [100n, 100n], [2n, 1n])).toEqual([80n, 40n]);
  });

  it('divide what cannot be divided evenly to the last unit', () => {
    expect(of(3n, [1n, 1n, 1n, 1n, 1n]).reduce((a, b) => a + b)).toBe(3n);
  });

  it('are as great for those who weigh the same, whatever all of them weigh', () => {
    const even = fc.array(fc.bigInt(0n, 1_000n), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.bigInt(0n, 3_000n), even, (total, wanted) => {
        const sorted = (shares: readonly bigint[]) => shares.map(Number).sort((a, b) => a - b);
        const heavy = wanted.map(() => 3n);
        expect(sorted(of(total, wanted))).toEqual(sorted(of(total, wanted, heavy)));
      }),
    );
  });

  it('of amounts beyond 64 bits are as fair', () => {
    expect(of(2n ** 70n, [2n ** 70n, 2n ** 70n])).toEqual([2n ** 69n, 2n ** 69n]);
  });

  it('sum up to the total or to what is wanted, and take from nobody who has less by weight', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 3_000n), claims, (total, list) => {
        const shares = fairShares(total, list);
        const wanted = list.reduce((sum, claim) => sum + claim.wanted, 0n);
        const sum = shares.reduce((a, b) => a + b, 0n);
        expect(sum).toBe(wanted < total ? wanted : total);
        for (const [index, { wanted: most, weight }] of list.entries()) {
          const share = shares[index] ?? 0n;
          expect(share <= most).toBe(true);
          if (share === most) continue;
          // Who lacks something has, by weight, no less than anybody else but for the rounding of each.
          for (const [other, claim] of list.entries()) {
            const gap = (shares[other] ?? 0n) * weight - (share + 1n) * claim.weight;
            expect(gap <= weight * claim.weight).toBe(true);
          }
        }
      }),
    );
  });
});
