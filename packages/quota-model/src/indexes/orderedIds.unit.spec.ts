import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OrderedIds } from './orderedIds.ts';

const idOf = (number: number): string => `moka/q${number}`;
const inOrder = (ids: Iterable<string>): string[] => [...ids].sort();

describe('ordered ids', () => {
  it('are those of a sorted set, whatever is added and taken', () => {
    const step = fc.record({ isAdded: fc.boolean(), number: fc.nat(400), run: fc.nat(200) });
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(400)), fc.array(step), fc.nat(400), (first, steps, at) => {
        let ids = OrderedIds.of(first.map(idOf));
        const plain = new Set(first.map(idOf));
        for (const { isAdded, number, run } of steps) {
          const some = Array.from({ length: run }, (_, index) => idOf(number + index)).sort();
          ids = isAdded ? ids.plus(some) : ids.minus(some);
          for (const id of some) {
            if (isAdded) plain.add(id);
            else plain.delete(id);
          }
          expect([...ids]).toEqual(inOrder(plain));
          expect(ids.size).toBe(plain.size);
        }
        const later = inOrder(plain).filter((id) => id > idOf(at));
        expect(ids.after(idOf(at), 9)).toEqual(later.slice(0, 9));
        expect(ids.after('', 401 + 200)).toEqual(inOrder(plain));
      }),
      { numRuns: 200 },
    );
  });

  it('leave what they were made from as it was', () => {
    const numbers = Array.from({ length: 5_000 }, (_, number) => number);
    const before = OrderedIds.of(numbers.map(idOf));
    let [more, fewer] = [before, before];
    for (const number of numbers) {
      more = more.plus([idOf(number + 5_000)]);
      fewer = fewer.minus([idOf(number)]);
    }
    expect([more.size, before.size, fewer.size]).toEqual([10_000, 5_000, 0]);
    expect([...before]).toEqual(inOrder(numbers.map(idOf)));
    expect([...fewer]).toEqual([]);
  });

  it('are the same ones where nothing changes', () => {
    const ids = OrderedIds.of(['a', 'b']);
    expect(ids.plus(['a'])).toBe(ids);
    expect(ids.minus(['c'])).toBe(ids);
    expect(ids.minus(['a', 'b'])).toBe(OrderedIds.empty);
  });
});
