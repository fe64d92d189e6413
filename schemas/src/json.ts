import { namedSchemas } from './schemaFiles.ts';
import type { NamedSchema, SchemaField, SchemaJson } from './schemaFiles.ts';
import {
  freeJsonFault,
  isObject,
  isText,
  longFault,
  longFromJson,
  longToJson,
  pointer,
  TEXT_EXPECTED,
} from './jsonValues.ts';
import type { JsonViolation, Report } from './jsonValues.ts';
import { limitFromJson, limitToJson } from './limitJson.ts';

const RESOURCE_LIMIT = 'io.prorata.type.ResourceLimit';
const DECIMAL = /^-?(0|[1-9]\d{0,25})(\.\d{1,12})?$/;
const HEX = /^([0-9a-f]{2})*$/;

/**
 * A message from the JSON that people and services write: 64-bit numbers as a number up to 2^53-1 or
 * as a decimal string, times as RFC 3339, limits as `{"resource": …, "rate": {"amount", "per"}}`,
 * fields with a default left out. Reports every violation at once.
 */
export function fromJson(
  fullName: string,
  json: unknown,
): { readonly value: unknown } | { readonly violations: readonly JsonViolation[] } {
  const violations: JsonViolation[] = [];
  const report: Report = (path, message) => {
    violations.push({ path, message });
    return null;
  };
  const value = parse(fullName, json, '', report);
  return violations.length > 0 ? { violations } : { value };
}

function parse(schema: SchemaJson, json: unknown, path: string, report: Report): unknown {
  if (typeof schema === 'string') {
    const named = namedSchemas.get(schema);
    return named === undefined
      ? parsePrimitive(schema, json, path, report)
      : parseNamed(named, json, path, report);
  }
  if (Array.isArray(schema)) {
    const branch = schema.find((candidate) => candidate !== 'null');
    return json === null || branch === undefined ? null : parse(branch, json, path, report);
  }
  if (schema['logicalType'] !== undefined) return parseLogical(schema, json, path, report);
  if (schema['type'] === 'array') {
    if (!Array.isArray(json)) return report(path, 'must be a list');
    const items = schema['items'] as SchemaJson;
    return json.map((item, index) => parse(items, item, `${path}/${index}`, report));
  }
  if (schema['type'] === 'map') {
    return parseMap(schema['values'] as SchemaJson, json, path, report);
  }
  return parse(schema['type'] as SchemaJson, json, path, report);
}

function parseNamed(named: NamedSchema, json: unknown, path: string, report: Report): unknown {
  if (named.type === 'enum') {
    const symbols = named.symbols ?? [];
    if (typeof json === 'string' && symbols.includes(json)) return json;
    return report(path, `must be one of ${symbols.join(', ')}`);
  }
  if (named.type === 'fixed') {
    if (typeof json === 'string' && HEX.test(json) && json.length === (named.size ?? 0) * 2) {
      return Buffer.from(json, 'hex');
    }
    return report(path, `must be ${named.size ?? 0} bytes in lower-case hex`);
  }
  if (!isObject(json)) return report(path, 'must be an object');
  if (`${named.namespace}.${named.name}` === RESOURCE_LIMIT) {
    return limitFromJson(json, path, report);
  }
  return parseRecord(named.fields ?? [], json, path, report);
}

function parseRecord(
  fields: readonly SchemaField[],
  json: Record<string, unknown>,
  path: string,
  report: Report,
): unknown {
  const known = new Set(fields.map((field) => field.name));
  for (const name of Object.keys(json)) {
    if (!known.has(name)) report(`${path}/${pointer(name)}`, 'is not a field here');
  }
  return Object.fromEntries(
    fields.map((field) => {
      // A default is read as what is given is, so that a long one is no number in the record either.
      const given = json[field.name] === undefined ? field.default : json[field.name];
      if (given !== undefined) {
        return [field.name, parse(field.type, given, `${path}/${field.name}`, report)];
      }
      return [field.name, report(`${path}/${field.name}`, missing(field))];
    }),
  );
}

/** What it is for, as part of a sentence that goes on. */
const missing = ({ doc }: { readonly doc?: string }): string =>
  `is missing: ${(doc ?? '').replace(/\.$/, '')}`;

function parseLogical(
  schema: Record<string, unknown>,
  json: unknown,
  path: string,
  report: Report,
): unknown {
  switch (schema['logicalType']) {
    case 'timestamp-micros':
      return timeFromJson(json) ?? report(path, 'must be a time such as 2026-01-31T12:00:00Z');
    case 'decimal-text': {
      const text = typeof json === 'number' && Number.isSafeInteger(json) ? String(json) : json;
      if (typeof text === 'string' && DECIMAL.test(text)) return text;
      return report(path, 'must be a decimal as text, such as "12.50", at most 12 places');
    }
    case 'json-text':
      return jsonTextFrom(json, path, report);
    default:
      return parse(schema['type'] as SchemaJson, json, path, report);
  }
}

function jsonTextFrom(json: unknown, path: string, report: Report): unknown {
  if (!isObject(json)) return report(path, 'must be an object');
  const fault = freeJsonFault(json);
  return fault === null ? JSON.stringify(json) : report(path, fault);
}

/** An entry that no object could hold afterwards, or no record, is refused by its key. */
function parseMap(values: SchemaJson, json: unknown, path: string, report: Report): unknown {
  if (!isObject(json)) return report(path, 'must be an object');
  return Object.fromEntries(
    Object.entries(json).map(([key, item]) => {
      const at = `${path}/${pointer(key)}`;
      if (key === '__proto__') report(at, 'is not allowed as a key');
      if (!isText(key)) report(path, `every key ${TEXT_EXPECTED}`);
      return [key, parse(values, item, at, report)];
    }),
  );
}

function parsePrimitive(type: string, json: unknown, path: string, report: Report): unknown {
  switch (type) {
    case 'string':
      return isText(json) ? json : report(path, TEXT_EXPECTED);
    case 'boolean':
      return typeof json === 'boolean' ? json : report(path, 'must be true or false');
    case 'int':
      return Number.isInteger(json) && (json as number) === ((json as number) | 0)
        ? json
        : report(path, 'must be a whole number of 32 bits');
    case 'long':
      return longFromJson(json) ?? report(path, longFault(json));
    case 'bytes':
      return typeof json === 'string' && HEX.test(json)
        ? Buffer.from(json, 'hex')
        : report(path, 'must be bytes in lower-case hex');
    default:
      throw new TypeError(`JSON has no form for Avro ${type}.`);
  }
}

const RFC3339 = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/;

/** Microseconds since the epoch, digits beyond them dropped; null when it is no RFC 3339 time. */
export function timeFromJson(json: unknown): bigint | null {
  const match = typeof json === 'string' ? RFC3339.exec(json) : null;
  if (match === null) return null;
  const seconds = Date.parse(
    `${match[1] ?? ''}T${match[2] ?? ''}${(match[4] ?? 'Z').toUpperCase()}`,
  );
  if (Number.isNaN(seconds)) return null;
  return BigInt(seconds) * 1000n + BigInt((match[3] ?? '').padEnd(6, '0').slice(0, 6));
}

export function timeToJson(micros: bigint): string {
  const millis = micros >= 0n ? micros / 1000n : (micros - 999n) / 1000n;
  const rest = micros - millis * 1000n;
  const text = new Date(Number(millis)).toISOString();
  return rest === 0n ? text : `${text.slice(0, -1)}${rest.toString().padStart(3, '0')}Z`;
}

/** The JSON of a message, which `fromJson` takes back: what routes and exports print. */
export function toJson(schema: SchemaJson, value: unknown): unknown {
  if (value === null) return null;
  if (typeof schema === 'string') {
    const named = namedSchemas.get(schema);
    return named === undefined ? primitiveToJson(value) : namedToJson(named, value);
  }
  if (Array.isArray(schema)) {
    return toJson(schema.find((branch) => branch !== 'null') ?? 'null', value);
  }
  if (schema['logicalType'] === 'timestamp-micros') return timeToJson(value as bigint);
  if (schema['logicalType'] === 'json-text') return JSON.parse(value as string) as unknown;
  if (schema['type'] === 'array') {
    return (value as unknown[]).map((item) => toJson(schema['items'] as SchemaJson, item));
  }
  if (schema['type'] === 'map') {
    const entries = Object.entries(value as Record<string, unknown>);
    return Object.fromEntries(
      entries.map(([key, item]) => [key, toJson(schema['values'] as SchemaJson, item)]),
    );
  }
  return toJson(schema['type'] as SchemaJson, value);
}

function namedToJson(named: NamedSchema, value: unknown): unknown {
  if (named.type !== 'record') return primitiveToJson(value);
  if (`${named.namespace}.${named.name}` === RESOURCE_LIMIT) return limitToJson(value as never);
  return Object.fromEntries(
    (named.fields ?? []).map((field) => [
      field.name,
      toJson(field.type, (value as Record<string, unknown>)[field.name]),
    ]),
  );
}

function primitiveToJson(value: unknown): unknown {
  if (typeof value === 'bigint') return longToJson(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return value;
}
