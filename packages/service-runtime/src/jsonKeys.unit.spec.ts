import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { repeatedKey } from './jsonKeys.ts';

const found = (text: string): string | null => repeatedKey(Buffer.from(text));

describe('a key that stands twice in one object', () => {
  it.each([
    ['{"tier":3,"tier":4}', 'tier'],
    ['{"a":{"b":[1,{"c":1,"c":2}]}}', 'c'],
    ['{"a":[{"b":1},2],"x":{},"a":1}', 'a'],
    ['{"tier":3,"\\u0074ier":4}', 'tier'],
    ['{"größe":1,"gr\\u00f6ße":2}', 'größe'],
    ['{ "" : 1 , "" : 2 }', ''],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ])('is found in %s', (text, key) => {
    expect(found(text)).toBe(key);
  });

  it.each([
    '{"a":"a","b":"a"}',
    '{"a":["a","a","b","b"],"b":1}',
    '[{"a":1},{"a":2}]',
    '{"a":{"a":{"a":1}}}',
    '{"a":"\\",\\"a\\":1","b":2}',
  ])('is not seen in %s', (text) => {
    expect(found(text)).toBe(null);
  });

  it('is in nothing that was made from a value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        expect(found(JSON.stringify(value))).toBe(null);
      }),
    );
  });

  it('is found wherever an object with two entries has its first key again', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), fc.jsonValue(), (key, one, other) => {
        const [name, a, b] = [key, one, other].map((value) => JSON.stringify(value));
        expect(found(`[1,{${name}:${a},"x${name?.slice(1)}:${a},${name}:${b}}]`)).toBe(key);
      }),
    );
  });

  it('is looked for in any bytes without a fault', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.string(), (bytes, text) => {
        repeatedKey(Buffer.from(bytes));
        repeatedKey(Buffer.from(`{"${text}`));
      }),
    );
    expect(found('{"\\')).toBe(null);
  });
});
