import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { NamedSchema, SchemaField, SchemaJson } from './schemaFiles.ts';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type Names = Map<string, NamedSchema>;

/**
 * The canonical bytes of a record: docs/reference/event-hash.md is the specification, and what is
 * in the log makes it final. The schema is the one that wrote the record, self-contained.
 */
export function canonicalBytes(schema: SchemaJson, value: unknown): Buffer {
  // Records of different types may have the same fields: without the name, turning an approval into
  // a rejection would change no hash.
  const text = canonicalize({ [fullNameIn(schema)]: jsonOf(schema, value, new Map()) });
  if (text === undefined) throw new TypeError('A record has no canonical form.');
  return Buffer.from(text, 'utf8');
}

export function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function fullNameIn(schema: SchemaJson): string {
  const { name, namespace } = schema as Partial<NamedSchema>;
  if (name === undefined) throw new TypeError('Only a record has a canonical form.');
  return namespace === undefined || name.includes('.') ? name : `${namespace}.${name}`;
}

function jsonOf(schema: SchemaJson, value: unknown, names: Names): Json {
  if (typeof schema === 'string') {
    const named = names.get(schema);
    return named === undefined ? primitive(schema, value) : complex(named, value, names);
  }
  if (Array.isArray(schema)) return union(schema, value, names);
  return complex(schema, value, names);
}

function primitive(type: string, value: unknown): Json {
  switch (type) {
    case 'null':
      return null;
    case 'boolean':
    case 'int':
    case 'string':
      return value as Json;
    case 'long':
      return (value as bigint).toString();
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString('hex');
    default:
      throw new TypeError(`Avro ${type} has no canonical form: it is not exact.`);
  }
}

function union(branches: SchemaJson[], value: unknown, names: Names): Json {
  if (value === null) return null;
  const others = branches.filter((branch) => branch !== 'null');
  const [only, ...more] = others;
  if (only === undefined || more.length > 0) {
    throw new TypeError('Only a union of null and one type has a canonical form.');
  }
  return jsonOf(only, value, names);
}

function complex(
  schema: NamedSchema | Record<string, unknown>,
  value: unknown,
  names: Names,
): Json {
  const { name, namespace } = schema as { name?: string; namespace?: string };
  if (name !== undefined) {
    names.set(namespace === undefined ? name : `${namespace}.${name}`, schema as NamedSchema);
    names.set(name, schema as NamedSchema);
  }
  switch (schema.type) {
    case 'record':
      return record(schema.fields as readonly SchemaField[], value, names);
    case 'enum':
      return value as string;
    case 'fixed':
      return Buffer.from(value as Uint8Array).toString('hex');
    case 'array': {
      const items = (schema as { items: SchemaJson }).items;
      return (value as unknown[]).map((item) => jsonOf(items, item, names));
    }
    case 'map': {
      const values = (schema as { values: SchemaJson }).values;
      const entries = Object.entries(value as Record<string, unknown>);
      return Object.fromEntries(entries.map(([key, item]) => [key, jsonOf(values, item, names)]));
    }
    default:
      return jsonOf(schema.type as SchemaJson, value, names);
  }
}

function record(fields: readonly SchemaField[], value: unknown, names: Names): Json {
  const result: { [name: string]: Json } = {};
  for (const field of fields) {
    result[field.name] = jsonOf(field.type, (value as Record<string, unknown>)[field.name], names);
  }
  return result;
}
