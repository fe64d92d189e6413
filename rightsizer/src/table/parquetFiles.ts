import path from 'node:path';
import { DuckDBMapValue } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { ColumnStatistics } from '../iceberg/dataFile.ts';
import type { Schema, SchemaField } from '../iceberg/schema.ts';
import { lowerBound, upperBound } from '../iceberg/singleValue.ts';
import type { SingleValue } from '../iceberg/singleValue.ts';
import { sqlText } from './usageDatabase.ts';

/** A Parquet file that DuckDB has just written, and what it says of it. */
export interface WrittenParquet {
  readonly file: string;
  readonly rows: number;
  /** By column id. */
  readonly columns: ReadonlyMap<number, ColumnStatistics>;
  /** The values it was split by, as text. */
  readonly partition: Readonly<Record<string, string>>;
}

export interface ParquetOrder {
  /** SQL that gives the schema's columns and those it is split by. */
  readonly select: string;
  readonly schema: Schema;
  /** A folder of its own. */
  readonly directory: string;
  /** None: it becomes one file, and is not held in memory for it. */
  readonly splitBy: readonly string[];
}

/** One file a combination of the columns it is split by, which are not in the files; rows in the order they come. */
export async function writeParquet(
  connection: DuckDBConnection,
  { select, schema, directory, splitBy }: ParquetOrder,
): Promise<WrittenParquet[]> {
  const isSplit = splitBy.length > 0;
  const target = isSplit ? directory : path.join(directory, 'part.parquet');
  const split = isSplit ? `PARTITION_BY (${splitBy.join(', ')}), FILENAME_PATTERN 'part-', ` : '';
  const ids = schema.fields.map(({ id, name }) => `${name}: ${id}`).join(', ');
  const result = await connection.runAndReadAll(`
    COPY (${select}) TO ${sqlText(target)} (FORMAT parquet, COMPRESSION zstd, ${split}FIELD_IDS {${ids}}, RETURN_STATS)`);
  return result.getRowObjects().map((row) => ({
    file: row['filename'] as string,
    rows: Number(row['count']),
    columns: columnsOf(row['column_statistics'], schema),
    partition: Object.fromEntries(isSplit ? entriesOf(row['partition_keys']) : []) as Record<
      string,
      string
    >,
  }));
}

function columnsOf(value: unknown, schema: Schema): Map<number, ColumnStatistics> {
  const told = new Map(
    entriesOf(value).map(([name, statistics]) => [
      name.replaceAll('"', ''),
      new Map(entriesOf(statistics) as [string, string][]),
    ]),
  );
  return new Map(
    schema.fields.flatMap((field) => {
      const statistics = told.get(field.name);
      return statistics === undefined ? [] : [[field.id, statisticsOf(field, statistics)]];
    }),
  );
}

function statisticsOf({ type }: SchemaField, told: ReadonlyMap<string, string>): ColumnStatistics {
  const [least, most] = [told.get('min'), told.get('max')];
  const value = (text: string): SingleValue => valueOf(type, text);
  return {
    bytes: Number(told.get('column_size_bytes') ?? 0),
    values: Number(told.get('num_values') ?? 0),
    nulls: Number(told.get('null_count') ?? 0),
    lower: least === undefined ? null : lowerBound(type, value(least)),
    upper: most === undefined ? null : upperBound(type, value(most)),
  };
}

/** DuckDB says bounds as text: times as it shows them in UTC, bytes in hexadecimal. */
function valueOf(type: SchemaField['type'], text: string): SingleValue {
  switch (type) {
    case 'string':
      return text;
    case 'binary':
      return Buffer.from(text, 'hex');
    case 'boolean':
      return text === '1' || text === 'true';
    case 'timestamptz':
      return microsOf(text);
    default:
      return BigInt(text);
  }
}

const TIME = /^(\d{4,}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?\+00(?::00)?$/;

function microsOf(text: string): bigint {
  const [, day, time, fraction = ''] = TIME.exec(text) ?? [];
  const milliseconds = Date.parse(`${day}T${time}Z`);
  if (Number.isNaN(milliseconds)) throw new TypeError(`Not a time in UTC: ${text}.`);
  return BigInt(milliseconds) * 1_000n + BigInt(fraction.padEnd(6, '0'));
}

function entriesOf(value: unknown): [string, unknown][] {
  if (!(value instanceof DuckDBMapValue)) throw new TypeError('DuckDB tells no map.');
  return value.entries.map((entry) => [String(entry.key), entry.value]);
}
