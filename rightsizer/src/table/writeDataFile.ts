import { open, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { DuckDBTimestampTZValue } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { StepHook } from './manifestStore.ts';
import type { DataFile } from './manifest.ts';
import type { QuarantineRow } from './rows.ts';
import { syncDirectory } from './syncDirectory.ts';
import { unload as unloadColumns } from './usageColumns.ts';
import type { UsageColumns } from './usageColumns.ts';
import { sqlText } from './usageDatabase.ts';
import type { TablePlaces } from './usageDatabase.ts';

/** The rows of one file. They say nothing of when they were written: the same range gives the same file. */
export interface FileRows {
  readonly prefix: string;
  readonly rows: number;
  /** Of the view or table `batch`, which `load` makes and `unload` drops. */
  readonly select: string;
  load(connection: DuckDBConnection): Promise<void>;
  unload(connection: DuckDBConnection): Promise<void>;
}

export const usagePrefix = 'usage';
export const quarantinePrefix = 'quarantine';

export function usageRows(partition: number, columns: UsageColumns): FileRows {
  return {
    prefix: usagePrefix,
    rows: columns.length,
    select: `SELECT ${partition}::INTEGER AS source_partition, * FROM batch ORDER BY source_offset, resource`,
    load: (connection) => columns.load(connection),
    unload: unloadColumns,
  };
}

export function quarantineRows(partition: number, rows: readonly QuarantineRow[]): FileRows {
  return {
    prefix: quarantinePrefix,
    rows: rows.length,
    select: `SELECT ${partition}::INTEGER AS source_partition, * FROM batch ORDER BY source_offset`,
    load: (connection) => loadQuarantine(connection, rows),
    unload: async (connection) => {
      await connection.run('DROP TABLE IF EXISTS batch');
    },
  };
}

async function loadQuarantine(
  connection: DuckDBConnection,
  rows: readonly QuarantineRow[],
): Promise<void> {
  await connection.run(`CREATE TEMP TABLE batch (source_offset BIGINT, logged_at TIMESTAMP WITH TIME ZONE,
    reason VARCHAR, detail VARCHAR, record_key BLOB,
    value_bytes BIGINT, value_sha256 VARCHAR, value_start BLOB)`);
  const appender = await connection.createAppender('batch');
  for (const row of rows) {
    appender.appendBigInt(row.offset);
    appender.appendTimestampTZ(new DuckDBTimestampTZValue(BigInt(row.timestampMs) * 1000n));
    appender.appendVarchar(row.reason);
    appender.appendVarchar(row.detail);
    if (row.key === null) appender.appendNull();
    else appender.appendBlob(row.key);
    appender.appendBigInt(BigInt(row.valueBytes));
    appender.appendVarchar(row.valueSha256);
    appender.appendBlob(row.value);
    appender.endRow();
  }
  appender.closeSync();
}

export interface FilePlace {
  readonly topic: string;
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
}

export interface FileWriter {
  readonly connection: DuckDBConnection;
  readonly places: TablePlaces;
  /** Told apart in `staging/`: two processes never write one staged file. */
  readonly writer: string;
  readonly onStep: StepHook;
}

/** `usage-<topic>-<partition>-<from>-<to>.parquet`, `to` exclusive. */
export function fileName(prefix: string, place: FilePlace): string {
  return `${prefix}-${place.topic}-${place.partition}-${place.from}-${place.to}.parquet`;
}

/**
 * Staged, made durable, renamed: a file under its final name is whole, and is nothing yet until a
 * manifest names it. One call at a time per connection.
 */
export async function writeDataFile(
  { connection, places, writer, onStep }: FileWriter,
  file: FileRows,
  place: FilePlace,
): Promise<DataFile> {
  const { prefix, rows } = file;
  const name = fileName(prefix, place);
  const staged = path.join(places.staging, `${writer}.${name}`);
  try {
    await file.load(connection);
    onStep(`${prefix}-appended`);
    await connection.run(
      `COPY (${file.select}) TO ${sqlText(staged)} (FORMAT parquet, COMPRESSION zstd)`,
    );
  } finally {
    await file.unload(connection);
  }
  onStep(`${prefix}-staged`);
  await makeDurable(staged);
  onStep(`${prefix}-durable`);
  const final = path.join(places.data, name);
  await rename(staged, final);
  await syncDirectory(places.data);
  onStep(`${prefix}-renamed`);
  return { name, rows, bytes: (await stat(final)).size };
}

async function makeDurable(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
