import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDeeperThan } from './jsonDepth.ts';

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe('the depth of JSON', () => {
  it('told from the bytes is that of the parsed value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
        const bytes = Buffer.from(JSON.stringify(value));
        const depth = depthOf(JSON.parse(bytes.toString()));
        expect(isDeeperThan(bytes, depth)).toBe(false);
        if (depth > 0) expect(isDeeperThan(bytes, depth - 1)).toBe(true);
      }),
    );
  });

  it('counts no bracket within a text', () => {
    expect(isDeeperThan(Buffer.from('"[[[[\\"[[[["'), 0)).toBe(false);
  });
});
