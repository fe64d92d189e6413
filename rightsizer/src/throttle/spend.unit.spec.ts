import * as fc from 'fast-check';
import { plainPrice } from '@prorata/quota-model/testing';
import type { Price } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import type { UsedLine } from '../table/usageReader.ts';
import { isOver, overrunBasisPoints, priceStarts, spendOf } from './spend.ts';

const price = (amount: string, perUnits: bigint, effectiveFrom = 0n): Price => ({
  application: 'llm',
  resource: 'tokens',
  amount,
  perUnits,
  effectiveFrom,
  ...plainPrice,
});
const line = (used: bigint, priceIndex: number | null = 0, resource = 'tokens'): UsedLine => ({
  application: 'llm',
  resource,
  priceIndex,
  used,
  windowStart: 0n,
  windowEnd: 1n,
});

describe('spendOf', () => {
  it('is exact where floats are not', () => {
    expect(spendOf([line(3n)], [price('0.1', 1n)]).total).toBe('0.3');
    expect(spendOf([line(9_007_199_254_740_993n)], [price('0.000000000001', 1n)]).total).toBe(
      '9007.199254740993',
    );
    expect(
      spendOf([line(2n ** 63n - 1n)], [price('99999999999999999999999999.999999999999', 1n)]).total,
    ).toBe('922337203685477580699999999999999999990776627.963145224193');
  });

  it('rounds once, on the total, half up', () => {
    // Each line is 0.333333333333|3 of a unit; three of them are one.
    const lines = [line(1n), line(1n), line(1n)];
    expect(spendOf(lines, [price('1', 3n)]).total).toBe('1');
    expect(spendOf([line(1n)], [price('0.000000000001', 2n)]).total).toBe('0.000000000001');
    expect(spendOf([line(1n)], [price('0.000000000001', 3n)]).total).toBe('0');
  });

  it('takes each use at the price that was in force', () => {
    const prices = [price('1.50', 1_000n), price('2.25', 1_000n, 50n)];
    const spend = spendOf([line(4_000n, 0), line(2_000n, 1)], prices);
    expect(spend.total).toBe('10.5');
    expect(spend.lines.map(({ money }) => money)).toEqual(['6', '4.5']);
  });

  it('names what has no price, and does not count it', () => {
    const spend = spendOf([line(10n), line(5n, null, 'gpu-seconds')], [price('1', 1n)]);
    expect(spend).toMatchObject({ total: '10', unpriced: ['llm/gpu-seconds'] });
  });

  it('is the sum of usage times price, whatever they are', () => {
    const amounts = fc.bigInt({ min: 0n, max: 10n ** 38n - 1n });
    const used = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(used, amounts, fc.integer({ min: 0, max: 9 })), { maxLength: 8 }),
        (parts) => {
          const prices = parts.map(([, amount, exponent]) => {
            const digits = amount.toString().padStart(13, '0');
            return price(`${digits.slice(0, -12)}.${digits.slice(-12)}`, 10n ** BigInt(exponent));
          });
          const lines = parts.map(([amount], index) => line(amount, index));
          // In units of 10^-21, which hold every term exactly.
          const exact = parts.reduce(
            (sum, [amount, money, exponent]) => sum + amount * money * 10n ** BigInt(9 - exponent),
            0n,
          );
          const rounded = (exact + 5n * 10n ** 8n) / 10n ** 9n;
          const text = rounded.toString().padStart(13, '0');
          const expected = `${text.slice(0, -12)}.${text.slice(-12)}`
            .replace(/0+$/, '')
            .replace(/\.$/, '');
          expect(spendOf(lines, prices).total).toBe(expected);
        },
      ),
    );
  });
});

describe('priceStarts', () => {
  it('lets the later of two prices from one moment hold', () => {
    expect(priceStarts([price('1', 1n, 5n), price('2', 1n, 5n), price('3', 1n, 9n)])).toEqual([
      { application: 'llm', resource: 'tokens', effectiveFrom: 5n, index: 1 },
      { application: 'llm', resource: 'tokens', effectiveFrom: 9n, index: 2 },
    ]);
  });
});

describe('overrunBasisPoints', () => {
  const cases: readonly [string, string, number][] = [
    ['100', '100', 0],
    ['112', '100', 1_200],
    ['112.009999999999', '100', 1_200],
    ['111.999999999999', '100', 1_199],
    ['99.99', '100', -1],
    ['0', '100', -10_000],
    ['0.000000000001', '0', 2_147_483_647],
    ['0', '0', 0],
    ['99999999999999999999', '0.000000000001', 2_147_483_647],
  ];
  it.each(cases)('%s of %s is %d', (spend, budget, expected) => {
    expect(overrunBasisPoints(spend, budget)).toBe(expected);
  });

  it('is over only above the budget', () => {
    expect(isOver('100', '100.000000000000')).toBe(false);
    expect(isOver('100.000000000001', '100')).toBe(true);
  });
});
