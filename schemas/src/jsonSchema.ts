import { namedSchemas } from './schemaFiles.ts';
import type { NamedSchema, SchemaField, SchemaJson } from './schemaFiles.ts';

/** A JSON Schema 2020-12, as OpenAPI 3.1 takes it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const RESOURCE_LIMIT = 'io.prorata.type.ResourceLimit';
const LONG = 'Long';
const refTo = (component: string): JsonSchema => ({ $ref: `#/components/schemas/${component}` });

const whole: JsonSchema = {
  description: 'A whole number of 64 bits; beyond 2^53-1 as text.',
  anyOf: [
    { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
    { type: 'string', pattern: '^-?(0|[1-9][0-9]{0,18})$' },
  ],
};

/** The JSON form of an Avro type, as `fromJson` reads it and `toJson` writes it; records by reference. */
export function jsonSchemaOf(schema: SchemaJson): JsonSchema {
  if (typeof schema === 'string') {
    const named = namedSchemas.get(schema);
    return named === undefined ? primitive(schema) : jsonSchemaOfNamed(named);
  }
  if (Array.isArray(schema)) {
    const branches = schema.filter((branch) => branch !== 'null').map(jsonSchemaOf);
    return { anyOf: [...branches, { type: 'null' }] };
  }
  const { logicalType } = schema;
  if (typeof logicalType === 'string' && Object.hasOwn(logical, logicalType)) {
    return logical[logicalType] ?? {};
  }
  if (schema['type'] === 'array') {
    return { type: 'array', items: jsonSchemaOf(schema['items'] as SchemaJson) };
  }
  if (schema['type'] === 'map') {
    return { type: 'object', additionalProperties: jsonSchemaOf(schema['values'] as SchemaJson) };
  }
  return jsonSchemaOf(schema['type'] as SchemaJson);
}

const logical: Readonly<Record<string, JsonSchema>> = {
  'timestamp-micros': { type: 'string', format: 'date-time' },
  'decimal-text': {
    anyOf: [
      { type: 'string', pattern: '^-?(0|[1-9][0-9]{0,25})([.][0-9]{1,12})?$' },
      { type: 'integer' },
    ],
  },
  'json-text': { type: 'object' },
};

function primitive(type: string): JsonSchema {
  switch (type) {
    case 'string':
      return { type: 'string' };
    case 'boolean':
      return { type: 'boolean' };
    case 'int':
      return { type: 'integer', minimum: -2_147_483_648, maximum: 2_147_483_647 };
    case 'long':
      return refTo(LONG);
    case 'bytes':
      return { type: 'string', pattern: '^([0-9a-f]{2})*$' };
    default:
      throw new TypeError(`JSON has no form for Avro ${type}.`);
  }
}

function jsonSchemaOfNamed(named: NamedSchema): JsonSchema {
  if (named.type === 'enum') return { enum: named.symbols ?? [] };
  if (named.type === 'fixed') {
    return { type: 'string', pattern: `^[0-9a-f]{${(named.size ?? 0) * 2}}$` };
  }
  return refTo(named.name);
}

/** The properties of an object with these fields. */
export function jsonProperties(
  fields: readonly SchemaField[],
): Readonly<Record<string, JsonSchema>> {
  return Object.fromEntries(
    fields.map(({ name, type, doc }) => [name, { ...jsonSchemaOf(type), description: doc }]),
  );
}

/** What a writer must name: fields without a default. */
export function requiredFields(fields: readonly SchemaField[]): readonly string[] {
  return fields.filter((field) => field.default === undefined).map(({ name }) => name);
}

/**
 * Every record that these mention, directly or not, by its short name, for `components.schemas`.
 * What clients write is closed and names what it requires; what only services write has all its
 * fields and may gain more, which clients must expect.
 * @param written full names, or fields, of what clients send
 * @param read full names of what only services answer
 * @throws TypeError when two records share a short name
 */
export function jsonSchemaComponents(
  written: readonly SchemaJson[],
  read: readonly SchemaJson[] = [],
): Readonly<Record<string, JsonSchema>> {
  const components = new Map<string, JsonSchema>([[LONG, whole]]);
  const named = recordsBelow(written);
  for (const name of named) add(components, name, true);
  for (const name of recordsBelow(read)) if (!named.has(name)) add(components, name, false);
  return Object.fromEntries(components);
}

function add(components: Map<string, JsonSchema>, fullName: string, isClosed: boolean): void {
  const schema = namedSchemas.get(fullName);
  if (schema === undefined) throw new TypeError(`There is no schema ${fullName}.`);
  if (components.has(schema.name)) throw new TypeError(`Two records are called ${schema.name}.`);
  components.set(schema.name, fullName === RESOURCE_LIMIT ? limit : recordOf(schema, isClosed));
}

function recordOf({ doc, fields = [] }: NamedSchema, isClosed: boolean): JsonSchema {
  return {
    type: 'object',
    description: doc,
    properties: jsonProperties(fields),
    required: isClosed ? requiredFields(fields) : fields.map(({ name }) => name),
    ...(isClosed ? { additionalProperties: false } : {}),
  };
}

function recordsBelow(roots: readonly SchemaJson[]): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (part: SchemaJson): void => {
    if (Array.isArray(part)) part.forEach(visit);
    else if (typeof part === 'string') {
      const named = namedSchemas.get(part);
      if (named?.type !== 'record' || found.has(part)) return;
      found.add(part);
      for (const field of named.fields ?? []) visit(field.type);
    } else {
      for (const key of ['type', 'items', 'values']) {
        if (part[key] !== undefined) visit(part[key] as SchemaJson);
      }
    }
  };
  roots.forEach(visit);
  return found;
}

const bound: JsonSchema = { anyOf: [refTo(LONG), { enum: ['unlimited', 'blocked'] }] };
const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: 'null' }] });

function limitOfKind(
  kind: string,
  upper: string,
  others: Readonly<Record<string, JsonSchema>>,
): JsonSchema {
  return {
    type: 'object',
    title: kind,
    required: ['resource', kind],
    additionalProperties: false,
    properties: {
      resource: { type: 'string' },
      [kind]: {
        type: 'object',
        required: [upper],
        additionalProperties: false,
        properties: { [upper]: bound, ...others },
      },
    },
  };
}

/** The one record whose JSON form is not its Avro form: see `limitFromJson`. */
const limit: JsonSchema = {
  description: 'One limit of one resource, by its kind.',
  oneOf: [
    limitOfKind('rate', 'amount', {
      per: { type: 'string', pattern: '^[1-9][0-9]{0,8}(us|ms|s|m|h|d)$' },
      burst: orNull(refTo(LONG)),
    }),
    limitOfKind('concurrency', 'max', {}),
    limitOfKind('capacity', 'max', { guaranteed: orNull(refTo(LONG)) }),
    limitOfKind('consumable', 'amount', {
      window: { type: 'string', description: 'An ISO 8601 duration, such as P1D.' },
      zone: {
        type: ['string', 'null'],
        description:
          'The time zone whose days (P1D), weeks (P1W) or months (P1M) they are, such as Europe/Berlin.',
      },
    }),
  ],
};
