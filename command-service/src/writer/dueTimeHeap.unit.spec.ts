import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DueTimeHeap } from './dueTimeHeap.ts';

describe('the heap of due times', () => {
  it('gives streams in the order of their times, and none before its time', () => {
    const heap = new DueTimeHeap();
    heap.set('b', 20n);
    heap.set('a', 10n);
    heap.set('c', 30n);
    expect(heap.popDue(9n)).toBeNull();
    expect([heap.popDue(25n), heap.popDue(25n), heap.popDue(25n)]).toEqual(['a', 'b', null]);
    expect(heap.earliest()).toBe(30n);
  });

  it('agrees with a sorted list through any sequence of changes', () => {
    const step = fc.record({
      stream: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      at: fc.option(fc.bigInt(0n, 50n)),
      pop: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = new DueTimeHeap();
        const model = new Map<string, bigint>();
        for (const { stream, at, pop } of steps) {
          if (pop) {
            const popped = heap.popDue(25n);
            const earliest = [...model.values()].reduce((a, b) => (a < b ? a : b), 51n);
            expect(popped === null).toBe(earliest > 25n);
            if (popped !== null) {
              expect(model.get(popped)).toBe(earliest);
              model.delete(popped);
            }
          } else {
            heap.set(stream, at);
            if (at === null) model.delete(stream);
            else model.set(stream, at);
          }
          const least = [...model.values()].sort((a, b) => Number(a - b))[0] ?? null;
          expect(heap.earliest()).toBe(least);
        }
      }),
    );
  });

  it('gives very many in order after all of them have moved', () => {
    const heap = new DueTimeHeap();
    const names = Array.from({ length: 3_000 }, (_, index) => `s${index}`);
    for (const [index, name] of names.entries()) heap.set(name, BigInt(index));
    for (const [index, name] of names.entries()) heap.set(name, BigInt((index * 7) % 3_000));
    const popped = names.map(() => heap.popDue(3_000n));
    expect(popped).toEqual(
      names.map((_, at) => names[names.findIndex((_n, i) => (i * 7) % 3_000 === at)]),
    );
  });

  it('counts what is due and still set, and no more than is asked for', () => {
    const heap = new DueTimeHeap();
    for (let index = 0; index < 100; index++) heap.set(`a${index}`, BigInt(index % 10));
    for (let index = 0; index < 50; index++) heap.set(`a${index}`, null);
    heap.set('a99', 1_000n);
    expect([heap.countDue(4n, 1_000), heap.countDue(9n, 1_000)]).toEqual([25, 49]);
    expect([heap.countDue(9n, 7), heap.countDue(-1n, 7)]).toEqual([7, 0]);
  });

  it('stays small when one time is moved again and again', () => {
    const heap = new DueTimeHeap();
    for (let at = 0n; at < 50_000n; at++) heap.set('a', at);
    expect(heap.size).toBeLessThan(2_000);
    expect(heap.popDue(50_000n)).toBe('a');
    expect(heap.popDue(50_000n)).toBeNull();
  });
});
