import * as fc from 'fast-check';
import type { Price } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../ledger/ledger.ts';
import { groundOf, useAt } from '../ledger/testing/ledgerGround.ts';
import type { TestUse } from '../ledger/testing/ledgerGround.ts';
import { MemoryUses } from '../ledger/testing/memoryUses.ts';
import { isOver, overrunBasisPoints, spendOf } from './spend.ts';
import type { Spend } from './spend.ts';

const price = (amount: string, perUnits: bigint, effectiveFrom = 0n): Price => ({
  application: 'llm',
  resource: 'tokens',
  amount,
  perUnits,
  effectiveFrom,
  unit: '',
  steps: [],
  basis: 'used',
});

/** What a budget of the project sees in a window that holds all of the usage. */
function spend(uses: readonly TestUse[], prices: readonly Price[]): Promise<Spend> {
  const asked = {
    scope: { organization: 'acme', project: 'acme/search' },
    priceBook: 'list',
    window: { start: 0n, end: 1_000_000n },
    usage: { positions: null, loggedBefore: null },
    decidedBy: null,
    at: 1_000_000n,
  };
  const ledger = new Ledger(groundOf({ prices }));
  return spendOf(ledger.lines(new MemoryUses(uses.map(useAt)), asked));
}

describe('spendOf', () => {
  it('is exact where floats are not', async () => {
    expect((await spend([{ used: 3n }], [price('0.1', 1n)])).total).toBe('0.3');
    const small = await spend([{ used: 9_007_199_254_740_993n }], [price('0.000000000001', 1n)]);
    expect(small.total).toBe('9007.199254740993');
    const large = price('99999999999999999999999999.999999999999', 1n);
    expect((await spend([{ used: 2n ** 63n - 1n }], [large])).total).toBe(
      '922337203685477580699999999999999999990776627.963145224193',
    );
  });

  it('rounds once, half up, however many lines it is of', async () => {
    // Each line is 0.333333333333|3 of a unit; three of them are one, whatever they are of.
    const three = [{ used: 1n }, { used: 1n, at: 5n, quotaId: 'llm/b' }, { used: 1n, at: 9n }];
    expect((await spend(three, [price('1', 3n)])).total).toBe('1');
    const others = [
      { used: 1n },
      { used: 1n, resource: 'calls' },
      { used: 1n, resource: 'images' },
    ];
    const prices = ['tokens', 'calls', 'images'].map((resource) => ({
      ...price('1', 3n),
      resource,
    }));
    const { total, lines } = await spend(others, prices);
    expect(total).toBe('1');
    expect(lines.map(({ money }) => money)).toEqual([
      '0.333333333333',
      '0.333333333334',
      '0.333333333333',
    ]);
    expect((await spend([{ used: 1n }], [price('0.000000000001', 2n)])).total).toBe(
      '0.000000000001',
    );
    expect((await spend([{ used: 1n }], [price('0.000000000001', 3n)])).total).toBe('0');
  });

  it('takes each use at the price that was in force', async () => {
    const prices = [price('1.50', 1_000n), price('2.25', 1_000n, 50n)];
    const uses = [
      { used: 4_000n, at: 49n },
      { used: 2_000n, at: 50n },
    ];
    const { total, lines } = await spend(uses, prices);
    expect(total).toBe('10.5');
    expect(lines.map(({ money }) => money)).toEqual(['6', '4.5']);
  });

  it('lets the later of two prices from one moment hold', async () => {
    const prices = [price('1', 1n, 5n), price('2', 1n, 5n)];
    expect((await spend([{ used: 3n, at: 5n }], prices)).total).toBe('6');
  });

  it('names what has no price, and does not count it', async () => {
    const uses = [{ used: 10n }, { used: 5n, resource: 'gpu-seconds' }];
    const seen = await spend(uses, [price('1', 1n)]);
    expect(seen).toMatchObject({ total: '10', unpriced: ['llm/gpu-seconds'] });
  });

  it('is the sum of usage times price, whatever they are', async () => {
    const amounts = fc.bigInt({ min: 0n, max: 10n ** 38n - 1n });
    const used = fc.bigInt({ min: 1n, max: 2n ** 60n });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(used, amounts, fc.integer({ min: 0, max: 9 })), { maxLength: 8 }),
        async (parts) => {
          const prices = parts.map(([, amount, exponent], index) => {
            const digits = amount.toString().padStart(13, '0');
            const text = `${digits.slice(0, -12)}.${digits.slice(-12)}`;
            return { ...price(text, 10n ** BigInt(exponent)), resource: `resource-${index}` };
          });
          const uses = parts.map(([amount], index) => ({
            used: amount,
            resource: `resource-${index}`,
          }));
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
          expect((await spend(uses, prices)).total).toBe(expected);
        },
      ),
    );
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
