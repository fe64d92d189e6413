import { byCodeUnit } from '@prorata/quota-model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { everyId, rangesAfter, rangesInAll, rangesInReach, rangesOfTree } from './idRanges.ts';
import type { IdRange } from './idRanges.ts';

const segment = fc.constantFrom('a', 'b', 'a-b', 'a0', 'ab', '0');
const id = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));

const isIn = (ranges: readonly IdRange[], one: string): boolean =>
  ranges.some(({ from, before }) => one >= from && one < before);
const isWithin = (one: string, top: string): boolean => one === top || one.startsWith(`${top}/`);

describe('ranges of ids', () => {
  it('hold of a tree the top and what is below it, and no sibling whose name begins alike', () => {
    fc.assert(
      fc.property(id, id, (one, top) => {
        expect(isIn(rangesOfTree(top), one)).toBe(isWithin(one, top));
      }),
    );
  });

  it('hold what lies in the reach, in the tree and after the cursor, in order and once', () => {
    fc.assert(
      fc.property(id, fc.array(id, { maxLength: 4 }), id, id, (one, reach, top, after) => {
        const ranges = rangesInAll(rangesInReach(reach), rangesOfTree(top), rangesAfter(after));
        const isAsked =
          reach.some((scope) => isWithin(one, scope)) && isWithin(one, top) && one > after;
        expect(isIn(ranges, one)).toBe(isAsked);
        const bounds = ranges.flatMap(({ from, before }) => [from, before]);
        expect(bounds).toEqual([...new Set(bounds)].sort(byCodeUnit));
      }),
    );
  });

  it('are everything for who reaches everything, and nothing for who reaches nothing', () => {
    expect(rangesInAll(rangesInReach('everywhere'))).toEqual(everyId);
    expect(rangesInAll(rangesInReach([]))).toEqual([]);
  });
});
