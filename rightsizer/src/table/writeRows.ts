import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { DuckDBTimestampTZValue } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { DataFile } from '../iceberg/dataFile.ts';
import type { StepHook } from '../iceberg/metadataVersions.ts';
import { dayText } from '../iceberg/transforms.ts';
import { writeParquet } from './parquetFiles.ts';
import type { WrittenParquet } from './parquetFiles.ts';
import { daySql, quarantineForm, usageForm } from './rowForms.ts';
import type { RowForm } from './rowForms.ts';
import type { QuarantineRow } from './rows.ts';
import { unload as unloadColumns } from './usageColumns.ts';
import type { UsageColumns } from './usageColumns.ts';
import { sqlText } from './usageDatabase.ts';
import type { TablePlaces } from './usageDatabase.ts';

/** Rows on their way into a table. */
export interface RowsToWrite {
  readonly form: RowForm;
  readonly count: number;
  /** Makes the view or table `batch`: the form's columns but for source and partition, and those it is split by. */
  load(connection: DuckDBConnection, buckets: number): Promise<void>;
  unload(connection: DuckDBConnection): Promise<void>;
}

export function usageRows(columns: UsageColumns): RowsToWrite {
  return {
    form: usageForm,
    count: columns.length,
    load: (connection, buckets) => columns.load(connection, buckets),
    unload: unloadColumns,
  };
}

export function quarantineRows(rows: readonly QuarantineRow[]): RowsToWrite {
  return {
    form: quarantineForm,
    count: rows.length,
    load: (connection) => loadQuarantine(connection, rows),
    async unload(connection) {
      await connection.run('DROP VIEW IF EXISTS batch');
      await connection.run('DROP TABLE IF EXISTS quarantined');
    },
  };
}

async function loadQuarantine(
  connection: DuckDBConnection,
  rows: readonly QuarantineRow[],
): Promise<void> {
  await connection.run(`CREATE OR REPLACE TEMP TABLE quarantined (source_offset BIGINT,
    logged_at TIMESTAMP WITH TIME ZONE, reason VARCHAR, detail VARCHAR, record_key BLOB,
    value_bytes BIGINT, value_sha256 VARCHAR, value_start BLOB)`);
  const appender = await connection.createAppender('quarantined');
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
  await connection.run(`CREATE OR REPLACE TEMP VIEW batch AS
    SELECT *, ${daySql('epoch_us(logged_at)')} AS part_day FROM quarantined`);
}

/** A range of one partition of a source. */
export interface RowsPlace {
  readonly source: string;
  readonly partition: number;
  /** Of the claim: what a fenced writer still writes is never called like what its successor commits. */
  readonly epoch: number;
  readonly from: bigint;
  readonly to: bigint;
}

export interface RowsWriter {
  readonly connection: DuckDBConnection;
  readonly places: TablePlaces;
  /** Told apart in `staging/`: two processes never write one staged file. */
  readonly writer: string;
  /** The table's address, as its metadata says it. */
  readonly location: string;
  readonly buckets: number;
  readonly onStep: StepHook;
  /** Runs what needs the connection after what others asked for before. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
}

/** `usage-<source>-<partition>-<epoch>-<from>-<to>`, `to` exclusive. */
export function rangeName({ name }: Pick<RowForm, 'name'>, place: RowsPlace): string {
  const { source, partition, epoch, from, to } = place;
  return [name, source.replaceAll('/', '+'), partition, epoch, from, to].join('-');
}

/**
 * Rows as Parquet files in the table's storage, one a day and bucket. Staged first, so that an object
 * is whole; and nothing yet until a commit names it.
 */
export async function writeRows(
  writer: RowsWriter,
  rows: RowsToWrite,
  place: RowsPlace,
): Promise<DataFile[]> {
  const { form } = rows;
  const range = rangeName(form, place);
  const directory = path.join(writer.places.staging, `${writer.writer}.${range}`);
  await mkdir(directory, { recursive: true, mode: 0o750 });
  try {
    const written = await writer.inTurn(() => stage(writer, rows, place, directory));
    writer.onStep(`${form.name}-staged`);
    const files = await Promise.all(
      named(range, form, written).map((each) => upload(writer, form, each)),
    );
    writer.onStep(`${form.name}-uploaded`);
    return files;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function stage(
  { connection, buckets, onStep }: RowsWriter,
  rows: RowsToWrite,
  { source, partition }: RowsPlace,
  directory: string,
): Promise<WrittenParquet[]> {
  const { form } = rows;
  const own: Readonly<Record<string, string>> = {
    source: `${sqlText(source)} AS source`,
    source_partition: `${partition}::INTEGER AS source_partition`,
  };
  const columns = form.schema.fields.map(({ name }) => own[name] ?? name);
  try {
    await rows.load(connection, buckets);
    onStep(`${form.name}-appended`);
    const written = await writeParquet(connection, {
      select: `SELECT ${[...columns, ...form.splitBy].join(', ')} FROM batch
        ORDER BY ${form.splitBy.join(', ')}, ${form.sortedBy}`,
      schema: form.schema,
      directory,
      splitBy: form.splitBy,
    });
    return written.sort((left, right) => (left.file < right.file ? -1 : 1));
  } finally {
    await rows.unload(connection);
  }
}

interface NamedFile {
  readonly name: string;
  readonly partition: readonly number[];
  readonly written: WrittenParquet;
}

/** `<range>-<day>-<bucket>.parquet`; DuckDB may split one of very many partitions over files, which then are numbered. */
function named(range: string, { splitBy }: RowForm, files: readonly WrittenParquet[]): NamedFile[] {
  const seen = new Map<string, number>();
  return files.map((written) => {
    const partition = splitBy.map((column) => Number(written.partition[column]));
    const [day = 0, ...others] = partition;
    const stem = [range, dayText(day), ...others].join('-');
    const count = seen.get(stem) ?? 0;
    seen.set(stem, count + 1);
    return { name: `${stem}${count === 0 ? '' : `-${count}`}.parquet`, partition, written };
  });
}

async function upload(
  { places, location }: RowsWriter,
  form: RowForm,
  { name, partition, written }: NamedFile,
): Promise<DataFile> {
  const bytes = await places.storage.upload(written.file, `${form.name}/data/${name}`);
  return {
    path: `${location}/data/${name}`,
    partition,
    rows: written.rows,
    bytes,
    columns: written.columns,
    sortOrderId: 1,
  };
}
