import { expect, it } from 'vitest';
import { quotaDiffLines, quotaDiffs } from './quotaDiff.ts';

const quota = (quotaId: string, amount: number, owner = 'g') => ({
  quotaId,
  version: amount,
  content: { owner, limits: [] },
  effective: [{ resource: 'tokens', limit: { resource: 'tokens', rate: { amount, per: '1s' } } }],
});

it('tells what is new, gone and different, and what is in force', () => {
  const before = [quota('moka/a', 1), quota('moka/b', 2), quota('moka/c', 3)];
  const after = [quota('moka/a', 1), quota('moka/b', 5, 'h'), quota('moka/d', 4)];
  const found = quotaDiffs(before, after);
  expect(found.map(({ kind, quotaId }) => `${kind} ${quotaId}`)).toEqual([
    'changed moka/b',
    'deleted moka/c',
    'created moka/d',
  ]);
  expect(found.flatMap(quotaDiffLines)).toEqual([
    expect.stringContaining('moka/b'),
    '    owner  g → h',
    '    in force tokens  2/s → 5/s',
    expect.stringContaining('moka/c'),
    expect.stringContaining('moka/d'),
  ]);
});

it('finds nothing where only versions differ', () => {
  expect(quotaDiffs([quota('moka/a', 1)], [{ ...quota('moka/a', 1), version: 9 }])).toEqual([]);
});
