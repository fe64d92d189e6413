import { open, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { DuckDBTimestampTZValue } from '@duckdb/node-api';
import type { DuckDBAppender, DuckDBConnection } from '@duckdb/node-api';
import type { StepHook } from './manifestStore.ts';
import type { DataFile } from './manifest.ts';
import type { QuarantineRow, UsageRow } from './rows.ts';
import { syncDirectory } from './syncDirectory.ts';
import { sqlText } from './usageDatabase.ts';
import type { TablePlaces } from './usageDatabase.ts';

/** What one kind of file holds. The rows say nothing of when they were written: the same range gives the same file. */
export interface FileForm<Row> {
  readonly prefix: string;
  readonly columns: string;
  readonly order: string;
  append(appender: DuckDBAppender, partition: number, row: Row): void;
}

export const usageForm: FileForm<UsageRow> = {
  prefix: 'usage',
  columns: `source_partition INTEGER, source_offset BIGINT, logged_at TIMESTAMP WITH TIME ZONE,
    host_id VARCHAR, boot_id VARCHAR, sequence BIGINT,
    application VARCHAR, quota_id VARCHAR, project VARCHAR,
    window_start TIMESTAMP WITH TIME ZONE, window_end TIMESTAMP WITH TIME ZONE,
    resource VARCHAR, used BIGINT, refused BIGINT, queued BIGINT, peak BIGINT,
    zone VARCHAR, trial_refused BIGINT`,
  order: 'source_offset, resource',
  append(appender, partition, row) {
    appender.appendInteger(partition);
    appender.appendBigInt(row.offset);
    appender.appendTimestampTZ(new DuckDBTimestampTZValue(row.loggedAt));
    appender.appendVarchar(row.hostId);
    appender.appendVarchar(row.bootId);
    appender.appendBigInt(row.sequence);
    appender.appendVarchar(row.application);
    appender.appendVarchar(row.quotaId);
    appendText(appender, row.project);
    appender.appendTimestampTZ(new DuckDBTimestampTZValue(row.windowStart));
    appender.appendTimestampTZ(new DuckDBTimestampTZValue(row.windowEnd));
    appender.appendVarchar(row.resource);
    appender.appendBigInt(row.used);
    appender.appendBigInt(row.refused);
    appender.appendBigInt(row.queued);
    appender.appendBigInt(row.peak);
    appendText(appender, row.zone);
    appender.appendBigInt(row.trialRefused);
  },
};

export const quarantineForm: FileForm<QuarantineRow> = {
  prefix: 'quarantine',
  columns: `source_partition INTEGER, source_offset BIGINT, logged_at TIMESTAMP WITH TIME ZONE,
    reason VARCHAR, detail VARCHAR, record_key BLOB,
    value_bytes BIGINT, value_sha256 VARCHAR, value_start BLOB`,
  order: 'source_offset',
  append(appender, partition, row) {
    appender.appendInteger(partition);
    appender.appendBigInt(row.offset);
    appender.appendTimestampTZ(new DuckDBTimestampTZValue(BigInt(row.timestampMs) * 1000n));
    appender.appendVarchar(row.reason);
    appender.appendVarchar(row.detail);
    if (row.key === null) appender.appendNull();
    else appender.appendBlob(row.key);
    appender.appendBigInt(BigInt(row.valueBytes));
    appender.appendVarchar(row.valueSha256);
    appender.appendBlob(row.value);
  },
};

function appendText(appender: DuckDBAppender, text: string | null): void {
  if (text === null) appender.appendNull();
  else appender.appendVarchar(text);
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
export function fileName(form: { readonly prefix: string }, place: FilePlace): string {
  return `${form.prefix}-${place.topic}-${place.partition}-${place.from}-${place.to}.parquet`;
}

/**
 * Staged, made durable, renamed: a file under its final name is whole, and is nothing yet until a
 * manifest names it. One call at a time per connection.
 */
export async function writeDataFile<Row>(
  { connection, places, writer, onStep }: FileWriter,
  form: FileForm<Row>,
  place: FilePlace,
  rows: readonly Row[],
): Promise<DataFile> {
  const name = fileName(form, place);
  const staged = path.join(places.staging, `${writer}.${name}`);
  await connection.run(`CREATE OR REPLACE TEMP TABLE batch (${form.columns})`);
  const appender = await connection.createAppender('batch');
  for (const row of rows) {
    form.append(appender, place.partition, row);
    appender.endRow();
  }
  appender.closeSync();
  onStep(`${form.prefix}-appended`);
  await connection.run(
    `COPY (SELECT * FROM batch ORDER BY ${form.order}) TO ${sqlText(staged)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  await connection.run('DROP TABLE batch');
  onStep(`${form.prefix}-staged`);
  await makeDurable(staged);
  onStep(`${form.prefix}-durable`);
  const final = path.join(places.data, name);
  await rename(staged, final);
  await syncDirectory(places.data);
  onStep(`${form.prefix}-renamed`);
  return { name, rows: rows.length, bytes: (await stat(final)).size };
}

async function makeDurable(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
