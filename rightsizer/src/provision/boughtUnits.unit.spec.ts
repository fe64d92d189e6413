import { picosOf } from '@prorata/quota-model';
import type { BudgetWindow } from '@prorata/schemas';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { costBetween } from '../ledger/priceTimeline.ts';
import { atItsDearest, boughtUnits } from './boughtUnits.ts';
import { longestSeconds, windowsWithin } from './budgetLength.ts';
import { priceOf } from './testing/provisionStage.ts';

const buys = (money: string, amount: string, steps: readonly [bigint, string][] = []) => {
  const stairs = steps.map(([fromUnits, each]) => ({ fromUnits, amount: each }));
  return boughtUnits(priceOf('tokens', amount, { steps: stairs }), picosOf(money));
};

describe('boughtUnits', () => {
  it('is money by price, rounded down', () => {
    expect(buys('10', '3')).toBe(3n);
    expect(buys('0', '3')).toBe(0n);
    expect(boughtUnits(priceOf('tokens', '3', { perUnits: 1_000n }), picosOf('1'))).toBe(333n);
  });

  it('walks the stairs of a graduated price', () => {
    const stairs: readonly [bigint, string][] = [
      [10n, '2'],
      [30n, '1'],
    ];
    expect(buys('30', '3', stairs)).toBe(10n);
    expect(buys('31', '3', stairs)).toBe(10n);
    expect(buys('70', '3', stairs)).toBe(30n);
    expect(buys('75', '3', stairs)).toBe(35n);
  });

  it('takes what is free and goes on, and has no end where the last stair is', () => {
    expect(buys('3', '0', [[100n, '3']])).toBe(101n);
    expect(buys('3', '3', [[1n, '0']])).toBeNull();
  });

  it('never costs more than the money, and one unit more would', () => {
    const cents = fc.integer({ min: 1, max: 500 }).map((each) => (each / 100).toFixed(2));
    const stairs = fc.uniqueArray(fc.bigInt({ min: 1n, max: 200n }), { maxLength: 3 });
    fc.assert(
      fc.property(
        cents,
        stairs,
        fc.array(cents, { minLength: 3, maxLength: 3 }),
        fc.bigInt({ min: 1n, max: 60n }),
        fc.integer({ min: 0, max: 5_000 }),
        (amount, from, amounts, perUnits, money) => {
          const steps = [...from]
            .sort((a, b) => (a < b ? -1 : 1))
            .map((fromUnits, at) => ({ fromUnits, amount: amounts[at]! }));
          const price = priceOf('tokens', amount, { steps, perUnits });
          const picos = picosOf(String(money));
          const units = boughtUnits(price, picos)!;
          const costs = (of: bigint): boolean => {
            const { numerator, denominator } = costBetween(price, 0n, of);
            return numerator <= picos * denominator;
          };
          expect(costs(units)).toBe(true);
          expect(costs(units + 1n)).toBe(false);
        },
      ),
    );
  });

  it('counts all at the dearest stair where nobody knows the stair', () => {
    const price = priceOf('tokens', '2', { steps: [{ fromUnits: 5n, amount: '3' }] });
    expect(boughtUnits(atItsDearest(price), picosOf('30'))).toBe(10n);
  });
});

describe('the length of a window', () => {
  const window = (kind: BudgetWindow['kind'], count: number, timeZone = 'UTC'): BudgetWindow => ({
    kind,
    count,
    timeZone,
    lengthMicros: kind === 'fixed' ? 1_500_000n : null,
    anchor: null,
  });

  it('is that of its longest, with the hour that clocks may be put back', () => {
    expect(longestSeconds(window('calendar_month', 1))).toBe(2_678_400n);
    expect(longestSeconds(window('calendar_month', 1, 'Europe/Berlin'))).toBe(2_682_000n);
    expect(longestSeconds(window('calendar_month', 3))).toBe(92n * 86_400n);
    expect(longestSeconds(window('calendar_day', 7))).toBe(604_800n);
    expect(longestSeconds(window('fixed', 1))).toBe(2n);
  });

  it('has so many windows of a consumable', () => {
    const month = window('calendar_month', 1);
    expect(windowsWithin(month, 'P1D')).toBe(31n);
    expect(windowsWithin(month, 'P1M')).toBe(1n);
    expect(windowsWithin(window('calendar_month', 12), 'P3M Europe/Berlin')).toBe(4n);
    expect(windowsWithin(month, 'PT5H')).toBe(149n);
    expect(windowsWithin(month, 'P7D Europe/Berlin')).toBe(5n);
    expect(windowsWithin(window('calendar_day', 1), 'P1M')).toBe(1n);
    expect(windowsWithin(month, 'none')).toBeNull();
  });
});
