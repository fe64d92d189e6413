import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineDifference } from './lineDifference.ts';

const marks = { same: ' ', gone: '-', new: '+' } as const;
const shown = (before: string, after: string): string[] =>
  lineDifference(before, after).map(({ kind, line }) => `${marks[kind]}${line}`);

describe('the difference of two texts', () => {
  it('is the lines that went and came, in their places', () => {
    expect(shown('a\nb\nc', 'a\nx\nc')).toEqual([' a', '-b', '+x', ' c']);
    expect(shown('a', 'a')).toEqual([' a']);
  });

  it('gives either text back, and is no longer than it must be', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 })
      .map((l) => l.join('\n'));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = lineDifference(before, after);
        const of = (without: string): string =>
          lines.flatMap(({ kind, line }) => (kind === without ? [] : [line])).join('\n');
        expect(of('new')).toBe(before);
        expect(of('gone')).toBe(after);
        if (before === after) expect(lines.every(({ kind }) => kind === 'same')).toBe(true);
      }),
    );
  });

  it('of texts that have little in common is all of the one and all of the other', () => {
    const many = (name: string): string =>
      Array.from({ length: 1_500 }, (_, index) => `${name}${index}`).join('\n');
    expect(lineDifference(many('a'), many('b'))).toHaveLength(3_000);
  });
});
