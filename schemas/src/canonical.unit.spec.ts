import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalBytes, canonicalHash } from './canonical.ts';
import { messagesIn } from './manifest.ts';
import { namedSchemas, selfContained } from './schemaFiles.ts';
import type { NamedSchema, SchemaField, SchemaJson } from './schemaFiles.ts';

/** The specification word by word: the record as JSON values, and RFC 8785 by somebody else's code. */
function asSpecified(fullName: string, value: unknown): string | undefined {
  return canonicalize({ [fullName]: jsonOf(fullName, value) });
}

function jsonOf(schema: SchemaJson, value: unknown): unknown {
  if (Array.isArray(schema)) return value === null ? null : jsonOf(schema[1] ?? 'null', value);
  if (typeof schema === 'string' && !namedSchemas.has(schema)) {
    if (schema === 'long') return String(value);
    return schema === 'bytes' ? Buffer.from(value as Buffer).toString('hex') : value;
  }
  const part = (typeof schema === 'string' ? namedSchemas.get(schema) : schema) as NamedSchema;
  switch (part.type as string) {
    case 'record':
      return Object.fromEntries(
        (part.fields ?? []).map(({ name, type }) => [
          name,
          jsonOf(type, (value as Record<string, unknown>)[name]),
        ]),
      );
    case 'enum':
      return value;
    case 'fixed':
      return Buffer.from(value as Buffer).toString('hex');
    case 'array':
      return (value as unknown[]).map((item) => jsonOf(itemOf(part, 'items'), item));
    case 'map':
      return Object.fromEntries(
        Object.entries(value as object).map(([key, item]) => [
          key,
          jsonOf(itemOf(part, 'values'), item),
        ]),
      );
    default:
      return jsonOf(part.type, value);
  }
}

const itemOf = (part: NamedSchema, key: 'items' | 'values'): SchemaJson =>
  (part as unknown as Record<string, SchemaJson>)[key] ?? 'null';

const text = fc.string({ unit: 'grapheme' });
const bytes = (size?: number): fc.Arbitrary<Buffer> =>
  fc
    .uint8Array(size === undefined ? { maxLength: 9 } : { minLength: size, maxLength: size })
    .map((array) => Buffer.from(array));

function anyOf(schema: SchemaJson): fc.Arbitrary<unknown> {
  if (Array.isArray(schema)) return fc.option(anyOf(schema[1] ?? 'null'), { freq: 3 });
  if (typeof schema === 'string') {
    const named = namedSchemas.get(schema);
    return named === undefined ? anyPrimitive(schema) : anyNamed(named);
  }
  switch (schema['type']) {
    case 'array':
      return fc.array(anyOf(schema['items'] as SchemaJson), { maxLength: 3 });
    case 'map':
      return fc.dictionary(text, anyOf(schema['values'] as SchemaJson), { maxKeys: 4 });
    default:
      return anyOf(schema['type'] as SchemaJson);
  }
}

function anyPrimitive(type: string): fc.Arbitrary<unknown> {
  if (type === 'long') return fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
  if (type === 'int') return fc.integer();
  if (type === 'boolean') return fc.boolean();
  return type === 'bytes' ? bytes() : text;
}

function anyNamed(named: NamedSchema): fc.Arbitrary<unknown> {
  if (named.type === 'enum') return fc.constantFrom(...(named.symbols ?? []));
  if (named.type === 'fixed') return bytes(named.size);
  const fields = (named.fields ?? []).map((field: SchemaField) => [field.name, anyOf(field.type)]);
  return fc.record(Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>);
}

describe('the canonical form', () => {
  it.each([...messagesIn('event'), ...messagesIn('command'), ...messagesIn('outcome')])(
    'of %s is what the specification says',
    (fullName) => {
      const schema = selfContained(fullName);
      fc.assert(
        fc.property(anyOf(fullName), (value) => {
          const expected = asSpecified(fullName, value) ?? '';
          expect(canonicalBytes(schema, value).toString()).toBe(expected);
          const digest = createHash('sha256').update(expected).digest();
          expect(canonicalHash(schema, value)).toEqual(digest);
        }),
        { numRuns: 25 },
      );
    },
  );

  it('takes no text that has no UTF-8', () => {
    const schema = { type: 'record', name: 'a.B', fields: [{ name: 'c', type: 'string' }] };
    expect(() => canonicalBytes(schema, { c: '\ud800' })).toThrow(TypeError);
    expect(canonicalBytes(schema, { c: '\ud83d\ude00\u2028' }).toString()).toBe(
      '{"a.B":{"c":"\ud83d\ude00\u2028"}}',
    );
  });

  it('refuses what is not exact, and unions of more than null and one type', () => {
    const of = (type: SchemaJson): SchemaJson => ({
      type: 'record',
      name: 'a.B',
      fields: [{ name: 'c', type }],
    });
    expect(() => canonicalBytes(of('double'), { c: 1 })).toThrow(TypeError);
    expect(() => canonicalBytes(of(['null', 'int', 'string']), { c: 1 })).toThrow(TypeError);
  });

  it('follows a type that holds itself', () => {
    const schema = {
      type: 'record',
      name: 'List',
      namespace: 'a',
      fields: [
        { name: 'value', type: 'int' },
        { name: 'next', type: ['null', 'a.List'] },
      ],
    };
    const value = { value: 1, next: { value: 2, next: null } };
    expect(canonicalBytes(schema, value).toString()).toBe(
      '{"a.List":{"next":{"next":null,"value":2},"value":1}}',
    );
  });
});
