import { namedSchemas } from '@prorata/schemas';
import type { SchemaField, SchemaJson } from '@prorata/schemas';

const primitives: Readonly<Record<string, string>> = {
  boolean: '`true` or `false`',
  int: 'whole number, 32 bits',
  long: 'whole number, 64 bits',
  string: 'text',
  bytes: 'lower-case hex',
};
const logical: Readonly<Record<string, string>> = {
  'timestamp-micros': 'time, RFC 3339',
  'decimal-text': 'decimal, as text',
  'json-text': 'object',
};

/** How a value of an Avro type is written in JSON: the words of the reference's tables. */
export function jsonForm(schema: SchemaJson): string {
  if (typeof schema === 'string') return primitives[schema] ?? namedForm(schema);
  if (Array.isArray(schema)) {
    const branches = schema.filter((branch) => branch !== 'null');
    return `${branches.map(jsonForm).join(' or ')}, or \`null\``;
  }
  const { logicalType } = schema;
  if (typeof logicalType === 'string' && logicalType in logical) return logical[logicalType] ?? '';
  if (schema['type'] === 'array') return `list of ${jsonForm(schema['items'] as SchemaJson)}`;
  if (schema['type'] === 'map') return `object of ${jsonForm(schema['values'] as SchemaJson)}`;
  return jsonForm(schema['type'] as SchemaJson);
}

function namedForm(fullName: string): string {
  const named = namedSchemas.get(fullName);
  if (named === undefined) throw new Error(`The reference has no words for Avro ${fullName}.`);
  if (named.type === 'enum')
    return (named.symbols ?? []).map((symbol) => `\`${symbol}\``).join(', ');
  return `[${named.name}](#${named.name.toLowerCase()})`;
}

/** Records that a field mentions, directly. */
export function recordsIn(schema: SchemaJson): readonly string[] {
  if (typeof schema === 'string') {
    return namedSchemas.get(schema)?.type === 'record' ? [schema] : [];
  }
  if (Array.isArray(schema)) return schema.flatMap(recordsIn);
  return ['type', 'items', 'values'].flatMap((part) => {
    const inner = schema[part] as SchemaJson | undefined;
    return inner === undefined ? [] : recordsIn(inner);
  });
}

export function fieldTable(fields: readonly SchemaField[]): string {
  const rows = fields.map(({ name, type, default: preset, doc }) => {
    const given = preset === undefined ? 'required' : `\`${JSON.stringify(preset)}\``;
    return `| \`${name}\` | ${jsonForm(type)} | ${given} | ${cell(doc)} |`;
  });
  return ['| field | JSON | when left out | what |', '|---|---|---|---|', ...rows].join('\n');
}

/** A text as it may stand in a cell of a table. */
export const cell = (text: string): string =>
  text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
