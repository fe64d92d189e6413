import { readSchemaFiles } from './readSchemaFiles.ts';

export type SchemaJson = string | SchemaJson[] | { [attribute: string]: unknown };

export interface NamedSchema {
  readonly type: 'record' | 'enum' | 'fixed';
  readonly name: string;
  readonly namespace: string;
  readonly doc: string;
  readonly fields?: readonly SchemaField[];
  readonly symbols?: readonly string[];
  readonly size?: number;
  readonly default?: string;
}

export interface SchemaField {
  readonly name: string;
  readonly type: SchemaJson;
  readonly doc: string;
  readonly default?: unknown;
}

/** Every .avsc by full name, as written: a type used in several schemas is named, not repeated. */
export const namedSchemas = readSchemaFiles() as ReadonlyMap<string, NamedSchema>;

const selfContainedSchemas = new Map<string, SchemaJson>();

/** One schema that needs no other, the same object every time: nobody may change it. */
export function selfContained(fullName: string): SchemaJson {
  let schema = selfContainedSchemas.get(fullName);
  if (schema === undefined) {
    schema = spellOut(fullName);
    selfContainedSchemas.set(fullName, schema);
  }
  return schema;
}

/** Each named type is spelled out where it is used first. */
function spellOut(fullName: string): SchemaJson {
  const spelledOut = new Set<string>();
  const expand = (part: SchemaJson): SchemaJson => {
    if (typeof part === 'string') {
      const named = namedSchemas.get(part);
      if (named === undefined || spelledOut.has(part)) return part;
      spelledOut.add(part);
      if (named.fields === undefined) return { ...named };
      const fields = named.fields.map((field) => ({ ...field, type: expand(field.type) }));
      return { ...named, fields };
    }
    if (Array.isArray(part)) return part.map(expand);
    if (part['type'] === 'record') {
      const fields = (part['fields'] as SchemaField[]).map((field) => ({
        ...field,
        type: expand(field.type),
      }));
      return { ...part, fields };
    }
    if ('items' in part) return { ...part, items: expand(part['items'] as SchemaJson) };
    if ('values' in part) return { ...part, values: expand(part['values'] as SchemaJson) };
    return part;
  };
  if (!namedSchemas.has(fullName)) throw new Error(`There is no schema ${fullName}.`);
  return expand(fullName);
}

/** Names that a schema mentions, itself not included. */
export function mentions(schema: NamedSchema): Set<string> {
  const found = new Set<string>();
  const visit = (part: SchemaJson): void => {
    if (typeof part === 'string') {
      if (namedSchemas.has(part)) found.add(part);
    } else if (Array.isArray(part)) {
      part.forEach(visit);
    } else {
      for (const key of ['items', 'values', 'type'] as const) {
        if (part[key] !== undefined && part[key] !== part) visit(part[key] as SchemaJson);
      }
      for (const field of (part['fields'] ?? []) as SchemaField[]) visit(field.type);
    }
  };
  for (const field of schema.fields ?? []) visit(field.type);
  return found;
}
