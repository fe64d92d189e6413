import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OverlayMap } from './overlayMap.ts';
import { OverlaySet } from './overlaySet.ts';

const key = fc.integer({ min: 0, max: 7 });
const writes = fc.array(fc.record({ key, value: fc.option(fc.nat(99)) }), { maxLength: 30 });

describe('an overlay', () => {
  it('shows what a copied map would, in its order, leaves the base alone, and folds back to it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.nat(99))), writes, writes, (entries, first, second) => {
        const base = new Map(entries);
        const copy = new Map(base);
        const overlay = new OverlayMap(base);
        const upper = new OverlayMap(overlay);
        for (const [target, list] of [
          [overlay, first],
          [upper, second],
        ] as const) {
          for (const write of list) {
            const { value } = write;
            const [done, expected] =
              value === null
                ? [target.delete(write.key), copy.delete(write.key)]
                : [target.set(write.key, value).size, copy.set(write.key, value).size];
            expect(done).toBe(expected);
            expect([...target]).toEqual([...copy]);
          }
          expect(target.size).toBe(copy.size);
          expect([...target.keys()]).toEqual([...copy.keys()]);
          expect([...target.values()]).toEqual([...copy.values()]);
          for (let each = 0; each < 8; each++) {
            expect(target.has(each)).toBe(copy.has(each));
            expect(target.get(each)).toBe(copy.get(each));
          }
        }
        expect([...base]).toEqual([...new Map(entries)]);
        upper.foldInto(overlay);
        overlay.foldInto(base);
        expect([...base]).toEqual([...copy]);
      }),
    );
  });

  it('shows what a copied set would, in its order, leaves the base alone, and folds back to it', () => {
    fc.assert(
      fc.property(fc.array(key), writes, (members, list) => {
        const base = new Set(members);
        const copy = new Set(base);
        const overlay = new OverlaySet(base);
        for (const write of list) {
          const [done, expected] =
            write.value === null
              ? [overlay.delete(write.key), copy.delete(write.key)]
              : [overlay.add(write.key).size, copy.add(write.key).size];
          expect(done).toBe(expected);
          expect([...overlay]).toEqual([...copy]);
        }
        expect(overlay.size).toBe(copy.size);
        expect([...base]).toEqual([...new Set(members)]);
        overlay.foldInto(base);
        expect([...base]).toEqual([...copy]);
      }),
    );
  });

  it('is cleared without clearing its base', () => {
    const base = new Map([[1, 'a']]);
    const overlay = new OverlayMap(base).set(2, 'b');
    overlay.clear();
    expect([overlay.size, [...overlay], base.size]).toEqual([0, [], 1]);
  });
});
