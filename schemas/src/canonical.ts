import { hash } from 'node:crypto';
import type { NamedSchema, SchemaField, SchemaJson } from './schemaFiles.ts';

/** A value of one schema as its part of the canonical text. */
type Form = (value: unknown) => string;

/** Forms of the named types met so far. */
class Names extends Map<string, Form> {
  /** Fields that hold their defaults are left out. */
  readonly isSparse: boolean;
  readonly schemas = new Map<string, NamedSchema>();
  constructor(isSparse: boolean) {
    super();
    this.isSparse = isSparse;
  }
}

/** A schema is hashed by as often as it has records: its form is made once. */
const forms = new WeakMap<object, Form>();
const sparseForms = new WeakMap<object, Form>();

/**
 * The canonical bytes of a record: docs/reference/event-hash.md is the specification, and what is
 * in the log makes it final. The schema is the one that wrote the record, self-contained.
 */
export function canonicalBytes(schema: SchemaJson, value: unknown): Buffer {
  return Buffer.from(canonicalText(schema, value), 'utf8');
}

/**
 * SHA-256 over the canonical text without the fields that hold their defaults: a field that the schema
 * gains later, with a default, changes no such hash. For comparisons only: it is not in the events' chain.
 */
export function sparseHash(schema: SchemaJson, value: unknown): Buffer {
  return hash('sha256', textIn(sparseForms, schema, value, true), 'buffer');
}

/** SHA-256 over the canonical bytes. */
export function canonicalHash(schema: SchemaJson, value: unknown): Buffer {
  return hash('sha256', canonicalText(schema, value), 'buffer');
}

export function sha256(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes, 'buffer');
}

function canonicalText(schema: SchemaJson, value: unknown): string {
  return textIn(forms, schema, value, false);
}

function textIn(
  made: WeakMap<object, Form>,
  schema: SchemaJson,
  value: unknown,
  isSparse: boolean,
): string {
  if (typeof schema !== 'object') throw new TypeError('Only a record has a canonical form.');
  let form = made.get(schema);
  if (form === undefined) {
    form = rootForm(schema, isSparse);
    made.set(schema, form);
  }
  return form(value);
}

function rootForm(schema: SchemaJson, isSparse: boolean): Form {
  // Records of different types may have the same fields: without the name, turning an approval into
  // a rejection would change no hash.
  const name = JSON.stringify(fullNameIn(schema));
  const form = formOf(schema, new Names(isSparse));
  return (value) => `{${name}:${form(value)}}`;
}

function fullNameIn(schema: SchemaJson): string {
  const { name, namespace } = schema as Partial<NamedSchema>;
  if (name === undefined) throw new TypeError('Only a record has a canonical form.');
  return namespace === undefined || name.includes('.') ? name : `${namespace}.${name}`;
}

function formOf(schema: SchemaJson, names: Names): Form {
  if (typeof schema === 'string') return names.get(schema) ?? primitiveForm(schema);
  if (Array.isArray(schema)) return unionForm(schema, names);
  return complexForm(schema, names);
}

function primitiveForm(type: string): Form {
  switch (type) {
    case 'null':
      return () => 'null';
    case 'boolean':
      return (value) => (value === true ? 'true' : 'false');
    case 'int':
      return (value) => JSON.stringify(value);
    case 'string':
      return textForm;
    case 'long':
      return (value) => `"${(value as bigint).toString()}"`;
    case 'bytes':
      return hexForm;
    default:
      throw new TypeError(`Avro ${type} has no canonical form: it is not exact.`);
  }
}

function textForm(value: unknown): string {
  if (!(value as string).isWellFormed()) throw new TypeError('A lone surrogate has no UTF-8.');
  return JSON.stringify(value);
}

function hexForm(value: unknown): string {
  const { buffer, byteOffset, byteLength } = value as Uint8Array;
  return `"${Buffer.from(buffer, byteOffset, byteLength).toString('hex')}"`;
}

function unionForm(branches: readonly SchemaJson[], names: Names): Form {
  const [only, ...more] = branches.filter((branch) => branch !== 'null');
  if (only === undefined || more.length > 0) {
    throw new TypeError('Only a union of null and one type has a canonical form.');
  }
  const form = formOf(only, names);
  return (value) => (value === null ? 'null' : form(value));
}

function complexForm(schema: NamedSchema | Record<string, unknown>, names: Names): Form {
  const { name, namespace } = schema as { name?: string; namespace?: string };
  if (name !== undefined) {
    // Known before it is made: a type may hold itself.
    const form: Form = (value) => made(value);
    names.set(namespace === undefined ? name : `${namespace}.${name}`, form);
    names.set(name, form);
    names.schemas.set(
      namespace === undefined ? name : `${namespace}.${name}`,
      schema as NamedSchema,
    );
  }
  const made: Form = unnamedForm(schema, names);
  return made;
}

function unnamedForm(schema: NamedSchema | Record<string, unknown>, names: Names): Form {
  switch (schema.type) {
    case 'record':
      return recordForm(schema.fields as readonly SchemaField[], names);
    case 'enum':
      return textForm;
    case 'fixed':
      return hexForm;
    case 'array':
      return arrayForm(formOf((schema as { items: SchemaJson }).items, names));
    case 'map':
      return mapForm(formOf((schema as { values: SchemaJson }).values, names));
    default:
      return formOf(schema.type as SchemaJson, names);
  }
}

function arrayForm(item: Form): Form {
  return (value) => `[${(value as readonly unknown[]).map(item).join(',')}]`;
}

function mapForm(item: Form): Form {
  return (value) => {
    const map = value as Readonly<Record<string, unknown>>;
    const members = Object.keys(map)
      // By UTF-16 code units, as RFC 8785 wants it.
      .sort()
      .map((key) => `${textForm(key)}:${item(map[key])}`);
    return `{${members.join(',')}}`;
  };
}

/** Made in the order of declaration, for a type is spelled out where it comes first; written sorted. */
function recordForm(fields: readonly SchemaField[], names: Names): Form {
  const members = fields
    .map(({ name, type, default: preset }) => {
      const form = formOf(type, names);
      const isAbsent =
        names.isSparse && preset !== undefined ? absence({ type, preset, names }, form) : never;
      return { name, key: `${JSON.stringify(name)}:`, form, isAbsent };
    })
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  return (value) => {
    const record = value as Readonly<Record<string, unknown>>;
    let text = '{';
    for (const { name, key, form, isAbsent } of members) {
      const part = form(record[name]);
      if (!isAbsent(part)) text += `${text.length > 1 ? ',' : ''}${key}${part}`;
    }
    return `${text}}`;
  };
}

const never = (): boolean => false;

interface Preset {
  readonly type: SchemaJson;
  /** As a schema's JSON has it. */
  readonly preset: unknown;
  readonly names: Names;
}

/** Whether a field's text is that of its default, which is made at its first use: its type may hold itself. */
function absence(preset: Preset, form: Form): (text: string) => boolean {
  let absent: string | undefined;
  return (text) => {
    absent ??= form(valueOf(preset));
    return text === absent;
  };
}

/** A default as the value that records hold; a union's is of its first branch. */
function valueOf({ type, preset, names }: Preset): unknown {
  const value = (of: SchemaJson, part: unknown): unknown =>
    valueOf({ type: of, preset: part, names });
  if (Array.isArray(type)) return preset === null ? null : value(type[0] ?? 'null', preset);
  if (type === 'long') return BigInt(preset as number);
  if (type === 'bytes') return Buffer.from(preset as string, 'latin1');
  const schema = typeof type === 'string' ? names.schemas.get(type) : type;
  const {
    type: kind,
    fields,
    items,
    values,
  } = (schema ?? {}) as {
    type?: SchemaJson;
    fields?: readonly SchemaField[];
    items?: SchemaJson;
    values?: SchemaJson;
  };
  if (items !== undefined) return (preset as readonly unknown[]).map((part) => value(items, part));
  const given = preset as Readonly<Record<string, unknown>>;
  if (values !== undefined) {
    return Object.fromEntries(
      Object.entries(given).map(([key, part]) => [key, value(values, part)]),
    );
  }
  if (kind === 'record' && fields !== undefined) {
    const parts = fields.map(({ name, type: of, default: own }) => {
      return [name, value(of, name in given ? given[name] : own)];
    });
    return Object.fromEntries(parts);
  }
  return preset;
}
