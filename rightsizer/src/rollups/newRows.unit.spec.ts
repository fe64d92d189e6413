import { describe, expect, it } from 'vitest';
import { batchesOf, isPast, rowsAt } from './newRows.ts';

const file = (bytes: number) => ({ key: '', rows: 1, bytes, windowStart: 0n, windowEnd: 1n });

describe('rows that are new', () => {
  it('are looked for in as many files at once as a cache can hold, in each once', () => {
    const sizes = batchesOf([5, 5, 3, 20, 1, 9, 9].map(file), 10).map((batch) =>
      batch.map(({ bytes }) => bytes),
    );
    expect(sizes).toEqual([[5, 5], [3], [20], [1, 9], [9]]);
    expect(batchesOf([])).toEqual([]);
  });

  it('are those from the positions on, of sources and partitions that they do not name all', () => {
    const sql = rowsAt('t', new Map([['a/b/3', 7n]]), 'after');
    expect(sql).toContain("('a/b', 3, 7)");
    expect(sql).toContain('next IS NULL OR');
    expect(rowsAt('t', new Map(), 'after')).toBe('t');
    expect(rowsAt('t', new Map(), 'before')).toContain('WHERE false');
  });

  it('tell a table from which rows are missing', () => {
    const rolledUp = new Map([['a/0', 3n]]);
    expect(isPast(rolledUp, new Map([['a/0', 3n]]))).toBe(false);
    expect(isPast(rolledUp, new Map([['a/0', 2n]]))).toBe(true);
    expect(isPast(rolledUp, new Map([['b/0', 9n]]))).toBe(true);
  });
});
