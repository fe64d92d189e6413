import { createHash } from 'node:crypto';
import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { mappingFrom } from './mapping.ts';
import { ParquetSource } from './parquetSource.ts';
import { SourceFault } from './sourceFault.ts';
import type { StagedInput } from './stageInput.ts';
import { csvReader, ndjsonReader, TextSource, yunikornReader } from './textSource.ts';
import type { UsageSource } from './usageSource.ts';

export const importFormats = ['csv', 'ndjson', 'parquet', 'yunikorn'] as const;
export type ImportFormat = (typeof importFormats)[number];

/** What to bring, and what its columns mean. */
export interface ImportOrder {
  /** As the person who brings it calls the file. */
  readonly file: string;
  readonly format: ImportFormat;
  /** Between cells of CSV; one character. */
  readonly separator: string;
  /** `MappingJson`, as it was given. */
  readonly mapping: unknown;
}

const ENDINGS: Readonly<Record<string, ImportFormat>> = {
  '.csv': 'csv',
  '.tsv': 'csv',
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.parquet': 'parquet',
  '.log': 'yunikorn',
};

/** By the file's ending; null: it says nothing. */
export const formatOf = (file: string): ImportFormat | null =>
  ENDINGS[path.extname(file).toLowerCase()] ?? null;

/** An import's name begins with the file's: a person finds it in the table. */
const NAME_LENGTH_MAX = 40;
/** Of the hash's 64 digits: 128 bits, which nobody meets by chance. */
const HASH_DIGITS = 32;

/** `<file>-<hash>`: the same content under the same mapping has the same hash, whatever the file is called. */
export function importIdOf(order: ImportOrder, sha256: string): string {
  const name = path
    .basename(order.file)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, NAME_LENGTH_MAX)
    .replace(/^-+|-+$/g, '');
  return `${name === '' ? 'file' : name}-${hashOf(order, sha256)}`;
}

/** What tells that two imports bring the same. */
export const sameContent = (left: string, right: string): boolean =>
  left.slice(-HASH_DIGITS) === right.slice(-HASH_DIGITS);

function hashOf({ format, separator, mapping }: ImportOrder, sha256: string): string {
  const meaning = JSON.stringify([sha256, format, separator, inOrder(mapping)]);
  return createHash('sha256').update(meaning).digest('hex').slice(0, HASH_DIGITS);
}

/** Members by name: in which order somebody wrote them means nothing. */
function inOrder(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(inOrder);
  if (typeof json !== 'object' || json === null) return json;
  const members = Object.entries(json).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(members.map(([name, value]) => [name, inOrder(value)]));
}

/** @throws SourceFault MAPPING_WRONG */
export function sourceOf(
  order: ImportOrder,
  importId: string,
  input: StagedInput,
  connect: () => Promise<DuckDBConnection>,
): UsageSource {
  const { format, separator } = order;
  const mapping = mappingFrom(order.mapping, format === 'yunikorn' ? 'format' : 'columns');
  switch (format) {
    case 'csv':
      if (separator.length !== 1 || separator === '"') {
        throw new SourceFault('MAPPING_WRONG', 'the separator is one character, and no quote');
      }
      return new TextSource(input.file, () => csvReader(importId, mapping, separator));
    case 'ndjson':
      return new TextSource(input.file, () => ndjsonReader(importId, mapping));
    case 'yunikorn':
      return new TextSource(input.file, () => yunikornReader(mapping));
    case 'parquet':
      return new ParquetSource(connect, input.file, importId, mapping);
  }
}
