import { expect, it } from 'vitest';
import type { Action } from './plan.ts';
import { termsOfThePast } from './termsOfThePast.ts';

const now = new Date('2026-11-21T12:00:00Z');
const price = (effectiveFrom: string, amount: string) => ({
  application: 'llm',
  resource: 'tokens',
  effectiveFrom,
  amount,
});
const past = '2026-01-01T00:00:00Z';

function planOf(differences: Action['differences'], kind: Action['kind'] = 'change') {
  const action = { kind, what: 'price book', id: 'list', differences } as const;
  const command = { type: 'DefinePriceBook', stream: 'pricebook:list', data: {} } as const;
  const actions = [{ ...action, declared: null, version: 1n }];
  return { commands: [{ ...command, expectedVersion: 1n, actions }] };
}

it('names a price of the past that becomes another', () => {
  const field = `prices.llm tokens ${past}`;
  const differences = [{ field, before: price(past, '3'), after: price(past, '5') }];
  expect(termsOfThePast(planOf(differences), now)).toEqual([`list: ${field}`]);
});

it('names one that comes to stand in the past, or goes from it', () => {
  const added = { field: 'prices.a', before: undefined, after: price(past, '5') };
  const gone = { field: 'sharedCosts.b', before: price(past, '5'), after: undefined };
  expect(termsOfThePast(planOf([added, gone]), now)).toHaveLength(2);
});

it('has nothing against what is to come, a book that is new, and what has no moment', () => {
  const future = {
    field: 'prices.a',
    before: undefined,
    after: price('2027-01-01T00:00:00Z', '5'),
  };
  const wait = { field: 'closeAfterMicros', before: 0, after: 5 };
  expect(termsOfThePast(planOf([future, wait]), now)).toEqual([]);
  const added = { field: 'prices.a', before: undefined, after: price(past, '5') };
  expect(termsOfThePast(planOf([added], 'create'), now)).toEqual([]);
});
