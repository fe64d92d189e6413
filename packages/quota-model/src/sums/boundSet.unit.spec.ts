import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundSet, compareBoundValues } from './boundSet.ts';
import type { Bound } from './boundSet.ts';

const bound = fc.record<Bound>({
  amount: fc.bigInt({ min: 1n, max: 30n }),
  per: fc.constantFrom(1n, 60n),
});

describe('a set of bounds', () => {
  it('knows its largest, and is what a sorted list would be, however it came to be', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(bound, fc.boolean()), { maxLength: 60 }), (changes) => {
        let set = BoundSet.empty;
        const list: Bound[] = [];
        for (const [each, isTaken] of changes) {
          const at = list.findIndex((other) => compareBoundValues(each, other) === 0);
          if (isTaken && at >= 0) {
            set = set.minus(each);
            list.splice(at, 1);
          } else {
            set = set.plus(each);
            list.push(each);
          }
          list.sort(compareBoundValues);
          expect([...set]).toEqual(list);
          expect([...BoundSet.of(list)]).toEqual(list);
          expect(set.largest).toEqual(list.at(-1) ?? null);
        }
      }),
    );
  });

  it('stays shallow when bounds come and go in order', () => {
    let set = BoundSet.empty;
    for (let amount = 1n; amount <= 20_000n; amount += 1n) set = set.plus({ amount, per: 1n });
    // A list in disguise would overflow the stack here, or take minutes.
    for (let amount = 1n; amount < 20_000n; amount += 1n) set = set.minus({ amount, per: 1n });
    expect(set.largest).toEqual({ amount: 20_000n, per: 1n });
    expect(set.plus({ amount: 5n, per: 1n }).minus({ amount: 20_000n, per: 1n }).largest).toEqual({
      amount: 5n,
      per: 1n,
    });
  });

  it('gives back nothing that it does not have', () => {
    expect(() => BoundSet.empty.minus({ amount: 1n, per: 1n })).toThrow(RangeError);
  });
});
