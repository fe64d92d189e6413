import { describe, expect, it } from 'vitest';
import { storable } from './storable.ts';
import { utcText } from './openPool.ts';

describe('what PostgreSQL is given', () => {
  it('has no NUL and no half of a surrogate pair', () => {
    expect(storable({ 'a\0': ['x\0', '\ud800'] })).toEqual({ 'a\uFFFD': ['x\uFFFD', '\uFFFD'] });
  });

  it('keeps 64-bit numbers exact', () => {
    expect(storable({ amount: 2n ** 63n - 1n })).toEqual({ amount: '9223372036854775807' });
  });

  it('leaves out what is nested too deep', () => {
    let nested: unknown = 1;
    for (let depth = 0; depth < 5_000; depth += 1) nested = [nested];
    const text = JSON.stringify(storable(nested));
    expect(text.startsWith(`${'['.repeat(64)}"(nested too deep`)).toBe(true);
  });
});

describe('what PostgreSQL gives back', () => {
  it('is a time with all its microseconds', () => {
    expect(utcText('2026-03-02 10:04:00+00')).toBe('2026-03-02T10:04:00.000Z');
    expect(utcText('2026-03-02 10:04:00.5+00')).toBe('2026-03-02T10:04:00.500Z');
    expect(utcText('2026-03-02 10:04:00.000007+00')).toBe('2026-03-02T10:04:00.000007Z');
  });
});
