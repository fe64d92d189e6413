import { describe, expect, it } from 'vitest';
import { findBrokenLinks } from './findBrokenLinks.ts';

const files = new Set(['/docs/there.md', '/README.md']);
const broken = (text: string): readonly string[] =>
  findBrokenLinks(text, '/docs', (file) => files.has(file)).map(
    ({ target, line }) => `${line} ${target}`,
  );

describe('links of a page', () => {
  it('lead to a file beside or above it', () => {
    expect(
      broken('[a](there.md#part) [`b`](../README.md)\n[c](gone.md) [`d`](../gone.md#x)'),
    ).toEqual(['2 gone.md', '2 ../gone.md#x']);
  });

  it('are left alone elsewhere: addresses, anchors and code', () => {
    expect(broken('[a](https://example.org/x) [b](#part) `[c](gone.md)`')).toEqual([]);
    expect(broken('```\n[a](gone.md)\n```\n    [b](gone.md)\n[c](gone.md)')).toEqual(['5 gone.md']);
  });
});
