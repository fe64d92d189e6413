import path from 'node:path';
import { DuckDBInstance, DuckDBTimestampTZValue } from '@duckdb/node-api';
import type { DuckDBAppender, DuckDBConnection } from '@duckdb/node-api';
import { exportColumns } from './exportColumns.ts';
import type { ExportColumn } from './exportColumns.ts';
import type { ExportedRecord } from './exportedRecord.ts';
import type { ExportTarget } from './exportLog.ts';

/** Sorting takes as much at most and goes on in files beside: the log may be larger than memory. */
const MEMORY_LIMIT = '512MB';
/** Rows held in memory until they go to disk: some 20 MB of large ones. */
const ROWS_HELD = 5_000;
/** The order of the file: what is asked of one stream stands together. */
const ORDER = 'stream, stream_version, topic, log_offset';

/** One Parquet file, sorted: rows wait in a scratch file, since the log's order is another. */
export class ParquetTarget implements ExportTarget {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #appender: DuckDBAppender;
  #held = 0;

  private constructor(
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    appender: DuckDBAppender,
  ) {
    this.#instance = instance;
    this.#connection = connection;
    this.#appender = appender;
  }

  /** @param folder for what is in the making; the only place that the database can read and write */
  static async open(folder: string): Promise<ParquetTarget> {
    const instance = await DuckDBInstance.create(path.join(folder, 'scratch'), {
      memory_limit: MEMORY_LIMIT,
      threads: '1',
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    const connection = await instance.connect();
    // The order matters: once access or the configuration is locked, nothing else can be set.
    await connection.run("SET GLOBAL TimeZone = 'UTC'");
    await connection.run(`SET allowed_directories = [${sqlText(folder)}]`);
    await connection.run(`SET temp_directory = ${sqlText(path.join(folder, 'spill'))}`);
    await connection.run('SET enable_external_access = false');
    await connection.run('SET lock_configuration = true');
    const columns = exportColumns.map(({ name, type }) => `"${name}" ${type}`);
    await connection.run(`CREATE TABLE rows (${columns.join(', ')})`);
    return new ParquetTarget(instance, connection, await connection.createAppender('rows'));
  }

  add(record: ExportedRecord): Promise<void> {
    for (const column of exportColumns) append(this.#appender, column, column.of(record));
    this.#appender.endRow();
    this.#held += 1;
    if (this.#held >= ROWS_HELD) this.#flush();
    return Promise.resolve();
  }

  /** @param question what was asked for, kept in the file's own properties */
  async finish(file: string, question: string): Promise<void> {
    this.#flush();
    this.#appender.closeSync();
    const properties = `{prorata_export: '1', question: ${sqlText(question)}}`;
    await this.#connection.run(
      `COPY (SELECT * FROM rows ORDER BY ${ORDER}) TO ${sqlText(file)} ` +
        `(FORMAT parquet, COMPRESSION zstd, KV_METADATA ${properties})`,
    );
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }

  #flush(): void {
    this.#appender.flushSync();
    this.#held = 0;
  }
}

function append(appender: DuckDBAppender, { type }: ExportColumn, value: unknown): void {
  if (value === null) appender.appendNull();
  else if (type === 'BIGINT') appender.appendBigInt(value as bigint);
  else if (type === 'INTEGER') appender.appendInteger(value as number);
  else if (type === 'TIMESTAMP WITH TIME ZONE') {
    appender.appendTimestampTZ(new DuckDBTimestampTZValue(value as bigint));
  } else appender.appendVarchar(value as string);
}

/** A text literal: for places where DuckDB takes no parameter, such as COPY's file. */
function sqlText(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
