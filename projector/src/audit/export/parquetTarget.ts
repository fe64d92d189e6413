import path from 'node:path';
import { DuckDBInstance, DuckDBTimestampTZValue } from '@duckdb/node-api';
import type { DuckDBAppender, DuckDBConnection } from '@duckdb/node-api';
import { exportColumns } from './exportColumns.ts';
import type { ExportColumn } from './exportColumns.ts';
import type { ExportedRecord } from './exportedRecord.ts';
import type { ExportTarget } from './exportLog.ts';

/** What the database may hold; what it has no room for lies in files beside. */
const MEMORY_LIMIT = '512MB';
/** Rows held in memory until they go to disk: some 20 MB of large ones. */
const ROWS_HELD = 5_000;
/** Rows of a group in the file, all of which are held until it is written: some 80 MB of large ones. */
const ROW_GROUP_ROWS = 20_480;
/**
 * Rows sorted at once. The database's own sort of all of them gave up where they were some times larger than its
 * memory: it keeps parts of every row there.
 */
const SORTED_ROWS = 20_000;
/** Versions of a stream that are never parted. */
const SPAN_VERSIONS = 10_000;
/** What cannot be read has no version, and comes first. */
const VERSION = 'coalesce(stream_version, 0)';
const SPAN = `${VERSION} // ${SPAN_VERSIONS}`;
/** The order of the file: what is asked of one stream stands together. */
const ORDER = `stream, ${VERSION}, topic, log_offset`;
/** Rows from one place of the order to another, both included. */
const SLICE = `(stream > $1 OR stream = $1 AND ${SPAN} >= $2) AND (stream < $3 OR stream = $3 AND ${SPAN} <= $4)`;

type Place = readonly [stream: string, span: bigint];

interface Slice {
  readonly first: Place;
  readonly last: Place;
}

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

  /**
   * @param question what was asked for, kept in the file's own properties
   * @param sortedRows how many are sorted at once
   */
  async finish(file: string, question: string, sortedRows = SORTED_ROWS): Promise<void> {
    this.#flush();
    this.#appender.closeSync();
    await this.#sort(sortedRows);
    const properties = `{prorata_export: '1', question: ${sqlText(question)}}`;
    await this.#connection.run(
      `COPY sorted TO ${sqlText(file)} ` +
        `(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP_ROWS}, KV_METADATA ${properties})`,
    );
  }

  /** Slice by slice, each of which memory holds with ease. */
  async #sort(sortedRows: number): Promise<void> {
    await this.#connection.run('CREATE TABLE sorted AS FROM rows LIMIT 0');
    for (const { first, last } of await this.#slices(sortedRows)) {
      await this.#connection.run(
        `INSERT INTO sorted SELECT * FROM rows WHERE ${SLICE} ORDER BY ${ORDER}`,
        [...first, ...last],
      );
    }
  }

  /** Neighbours in the order, so many that each slice has its rows. */
  async #slices(sortedRows: number): Promise<readonly Slice[]> {
    const reader = await this.#connection.runAndReadAll(
      `SELECT stream, ${SPAN}, count(*) FROM rows GROUP BY ALL ORDER BY ALL`,
    );
    const slices: { first: Place; last: Place; rows: bigint }[] = [];
    for (const [stream, span, rows] of reader.getRows() as [string, bigint, bigint][]) {
      const current = slices.at(-1);
      const place = [stream, span] as const;
      if (current === undefined || current.rows + rows > sortedRows) {
        slices.push({ first: place, last: place, rows });
      } else {
        current.last = place;
        current.rows += rows;
      }
    }
    return slices;
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
