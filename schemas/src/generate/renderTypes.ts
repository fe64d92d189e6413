import { messagesIn, topicManifest } from '../manifest.ts';
import { namedSchemas } from '../schemaFiles.ts';
import type { NamedSchema, SchemaJson } from '../schemaFiles.ts';

const primitives: Readonly<Record<string, string>> = {
  null: 'null',
  boolean: 'boolean',
  int: 'number',
  long: 'bigint',
  string: 'string',
  bytes: 'Uint8Array',
};

/** The TypeScript of every schema: interfaces, literal unions, and one tagged union per folder. */
export function renderTypes(): string {
  const inline: NamedSchema[] = [];
  const parts = [...namedSchemas.values()].map((schema) => declaration(schema, inline));
  while (inline.length > 0) {
    const next = inline.shift();
    if (next !== undefined) parts.push(declaration(next, inline));
  }
  return (
    [
      '// Made from schemas/avro by `npm run generate`. Do not edit.',
      '/* eslint-disable */',
      ...parts,
      ...taggedUnions(),
    ].join('\n\n') + '\n'
  );
}

function declaration(schema: NamedSchema, inline: NamedSchema[]): string {
  const head = `/** ${schema.doc} */\n`;
  if (schema.type === 'enum') {
    const symbols = (schema.symbols ?? []).map((symbol) => `'${symbol}'`).join(' | ');
    return `${head}export type ${schema.name} = ${symbols};`;
  }
  if (schema.type === 'fixed') return `${head}export type ${schema.name} = Uint8Array;`;
  const fields = (schema.fields ?? []).map(
    (field) => `  /** ${field.doc} */\n  readonly ${field.name}: ${typeName(field.type, inline)};`,
  );
  return `${head}export interface ${schema.name} {\n${fields.join('\n')}\n}`;
}

function typeName(part: SchemaJson, inline: NamedSchema[]): string {
  if (typeof part === 'string') return primitives[part] ?? part.slice(part.lastIndexOf('.') + 1);
  if (Array.isArray(part)) return part.map((branch) => typeName(branch, inline)).join(' | ');
  if (part['type'] === 'array') {
    return `readonly ${bracketed(typeName(part['items'] as SchemaJson, inline))}[]`;
  }
  if (part['type'] === 'map') {
    return `Readonly<Record<string, ${typeName(part['values'] as SchemaJson, inline)}>>`;
  }
  if (part['type'] === 'record') {
    inline.push(part as unknown as NamedSchema);
    return part['name'] as string;
  }
  return typeName(part['type'] as SchemaJson, inline);
}

const bracketed = (name: string): string => (name.includes(' ') ? `(${name})` : name);

function taggedUnions(): string[] {
  const folders = [...new Set(topicManifest.topics.map((topic) => topic.schemas))];
  const all: string[] = [];
  const unions = folders.flatMap((folder) => {
    if (folder === null) return [];
    const names = messagesIn(folder);
    all.push(...names);
    return [`export type ${capital(folder)}Message =\n${branches(names)};`];
  });
  const fullNames = all.map((name) => `  ${short(name)}: '${name}',`).join('\n');
  return [
    ...unions,
    `/** Every message of every topic, tagged by its record's short name. */\nexport type Message =\n${branches(all)};`,
    `export const fullNameOf: Readonly<Record<Message['type'], string>> = {\n${fullNames}\n};`,
  ];
}

const short = (name: string): string => name.slice(name.lastIndexOf('.') + 1);
const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
const branches = (names: readonly string[]): string =>
  names
    .map((name) => `  | { readonly type: '${short(name)}'; readonly value: ${short(name)} }`)
    .join('\n');
