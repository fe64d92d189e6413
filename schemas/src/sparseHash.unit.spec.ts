import { describe, expect, it } from 'vitest';
import { canonicalHash, sparseHash } from './canonical.ts';
import type { SchemaField, SchemaJson } from './schemaFiles.ts';

const schemaWith = (...fields: readonly Partial<SchemaField>[]): SchemaJson => ({
  type: 'record',
  name: 'Changed',
  namespace: 'io.prorata.test',
  fields: [{ name: 'quotaId', type: 'string' }, ...fields],
});

const before = schemaWith();
const gained: readonly [string, SchemaJson, unknown, unknown, unknown][] = [
  ['a list', { type: 'array', items: 'string' }, [], [], ['x']],
  ['a map', { type: 'map', values: 'string' }, {}, {}, { a: 'x' }],
  ['a null', ['null', 'string'], null, null, 'x'],
  ['a number', 'long', 7, 7n, 8n],
  ['a text', 'string', 'usual', 'usual', 'other'],
  ['a flag', 'boolean', false, false, true],
  ['bytes', 'bytes', '\u00ff', Buffer.from([255]), Buffer.from([1])],
  [
    'a record',
    {
      type: 'record',
      name: 'Policy',
      namespace: 'io.prorata.test',
      fields: [
        { name: 'most', type: ['null', 'long'], default: null },
        { name: 'mode', type: 'string' },
      ],
    },
    { mode: 'x' },
    { most: null, mode: 'x' },
    { most: 3n, mode: 'x' },
  ],
  ['a choice', { type: 'enum', name: 'Mode', symbols: ['on', 'off'] }, 'on', 'on', 'off'],
];

describe('the sparse hash', () => {
  it.each(gained)(
    'is that of before when a schema gains %s with a default, and another when it is used',
    (_what, type, preset, absent, used) => {
      const after = schemaWith({ name: 'more', type, default: preset });
      const old = sparseHash(before, { quotaId: 'moka/a' });
      expect(sparseHash(after, { quotaId: 'moka/a', more: absent }).equals(old)).toBe(true);
      expect(sparseHash(after, { quotaId: 'moka/a', more: used }).equals(old)).toBe(false);
      expect(canonicalHash(after, { quotaId: 'moka/a', more: absent }).equals(old)).toBe(false);
    },
  );

  it('tells a field without a default whatever it holds', () => {
    const schema = schemaWith({ name: 'more', type: 'string' });
    const hashes = ['', 'x'].map((more) => sparseHash(schema, { quotaId: 'moka/a', more }));
    expect(new Set(hashes.map(String)).size).toBe(2);
  });

  it('looks into what records hold', () => {
    const inner = { ...(schemaWith({ name: 'more', type: 'long', default: 0 }) as object) };
    const outer = (items: SchemaJson): SchemaJson => ({
      type: 'record',
      name: 'Outer',
      namespace: 'io.prorata.test',
      fields: [{ name: 'list', type: { type: 'array', items } }],
    });
    const old = sparseHash(outer(before), { list: [{ quotaId: 'a' }] });
    const fresh = sparseHash(outer(inner), { list: [{ quotaId: 'a', more: 0n }] });
    expect(fresh.equals(old)).toBe(true);
  });
});
