import { randomUUID } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { TableVersion } from '../table/tableVersion.ts';
import { sqlText } from '../table/usageDatabase.ts';
import type { UsageDatabase } from '../table/usageDatabase.ts';
import type { Span } from './cellPlan.ts';
import type { Cell, FileKind, RollupFile } from './rollupIndex.ts';
import {
  DAY_MICROS,
  everSql,
  EVER_ORDER,
  HOUR_MICROS,
  isLongSql,
  longerOrder,
  longerSql,
  mergedPayersSql,
  MINUTE_MICROS,
  minutesSql,
  MINUTES_ORDER,
  payersSql,
  PAYERS_ORDER,
} from './rollupSql.ts';

/**
 * Minutes that hours are made from at once: their sketches are built in memory, which DuckDB cannot
 * spill, at some 100 bytes a minute.
 */
const MINUTES_AT_ONCE = 1_000_000;

/** Writes the files of cells: each staged, made durable and renamed, and nothing until an index names it. */
export class CellWriter {
  readonly #database: UsageDatabase;
  readonly #files: string;

  constructor(database: UsageDatabase, files: string) {
    this.#database = database;
    this.#files = files;
  }

  /** From the table's rows: never more of them at once than lie in the cell. */
  async fromRows(version: TableVersion, span: Span): Promise<Cell> {
    const files = await version.files(span);
    if (files.length === 0) return { ...span, files: {} };
    return version.scan(files, async (rows, connection) => {
      const wanted = { rows, ...span };
      const long = await connection.runAndReadAll(isLongSql(wanted, MINUTE_MICROS));
      const isLong = long.getRowObjects()[0]?.['is_long'] === true;
      const minutes = `${minutesSql(wanted, isLong)} ORDER BY ${MINUTES_ORDER}`;
      const payers = `${payersSql(wanted)} ORDER BY ${PAYERS_ORDER}`;
      return this.#write(connection, span, minutes, payers);
    });
  }

  /** From cells that lie in it, which have their minutes: row for row what the rows themselves would give. */
  async fromParts(span: Span, parts: readonly Cell[]): Promise<Cell> {
    const connection = await this.#database.connect();
    try {
      const minutes = this.read(filesNamed(parts, 'minutes'));
      const payers = this.read(filesNamed(parts, 'payers'));
      return await this.#write(
        connection,
        span,
        minutes && `SELECT * FROM ${minutes} ORDER BY ${MINUTES_ORDER}`,
        payers && `${mergedPayersSql(payers)} ORDER BY ${PAYERS_ORDER}`,
      );
    } finally {
      connection.closeSync();
    }
  }

  /** What is known of when quotas were used, with what these cells say: neither ever takes anything back. */
  async ever(before: RollupFile | null, cells: readonly Cell[]): Promise<RollupFile | null> {
    const payers = this.read(filesNamed(cells, 'payers'));
    if (payers === null) return before;
    const known = before && this.read([before]);
    const parts = known === null ? payers : `(SELECT * FROM ${known} UNION ALL ${everSql(payers)})`;
    const connection = await this.#database.connect();
    try {
      return await this.#copy(connection, 'ever', `${everSql(parts)} ORDER BY ${EVER_ORDER}`);
    } finally {
      connection.closeSync();
    }
  }

  /** SQL that reads these files; null: there are none. */
  read(files: readonly RollupFile[]): string | null {
    const paths = files.map(({ name }) => sqlText(path.join(this.#files, name)));
    return paths.length === 0 ? null : `read_parquet([${paths.join(', ')}])`;
  }

  async #write(
    connection: DuckDBConnection,
    span: Span,
    minutesQuery: string | null,
    payersQuery: string | null,
  ): Promise<Cell> {
    const minutes = minutesQuery && (await this.#copy(connection, 'minutes', minutesQuery));
    const payers = payersQuery && (await this.#copy(connection, 'payers', payersQuery));
    const length = span.to - span.from;
    const hours =
      minutes && length >= HOUR_MICROS
        ? await this.#longer(connection, minutes, 'hour', HOUR_MICROS)
        : null;
    const days =
      minutes && length >= DAY_MICROS
        ? await this.#longer(connection, minutes, 'day', DAY_MICROS)
        : null;
    const files = Object.entries({ minutes, hours, days, payers }).filter(([, file]) => file);
    return { ...span, files: Object.fromEntries(files) };
  }

  async #longer(
    connection: DuckDBConnection,
    minutes: RollupFile,
    name: string,
    lengthMicros: bigint,
  ): Promise<RollupFile | null> {
    const source = this.read([minutes]) ?? '';
    const counted = await connection.runAndReadAll(`SELECT count(*)::INTEGER AS n FROM ${source}`);
    const parts = Math.ceil((counted.getRowObjects()[0]?.['n'] as number) / MINUTES_AT_ONCE);
    const table = `longer_${randomUUID().replaceAll('-', '')}`;
    for (let part = 0; part < parts; part += 1) {
      const some = `(SELECT * FROM ${source} WHERE hash(quota_id) % ${parts} = ${part})`;
      const into = part === 0 ? `CREATE TEMP TABLE ${table} AS` : `INSERT INTO ${table}`;
      await connection.run(`${into} ${longerSql(some, name, lengthMicros)}`);
    }
    try {
      const sorted = `SELECT * FROM ${table} ORDER BY ${longerOrder(name)}`;
      return await this.#copy(connection, `${name}s`, sorted);
    } finally {
      await connection.run(`DROP TABLE ${table}`);
    }
  }

  /** @returns null: no rows */
  async #copy(
    connection: DuckDBConnection,
    kind: string,
    query: string,
  ): Promise<RollupFile | null> {
    const name = `${kind}-${randomUUID()}.parquet`;
    const staged = path.join(this.#files, `.staged-${name}`);
    const copied = await connection.runAndReadAll(
      `COPY (${query}) TO ${sqlText(staged)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    if (copied.getRows()[0]?.[0] === 0n) {
      await rm(staged, { force: true });
      return null;
    }
    const handle = await open(staged, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    const final = path.join(this.#files, name);
    await rename(staged, final);
    return { name, bytes: (await stat(final)).size };
  }
}

export function filesNamed(cells: readonly Cell[], kind: FileKind): RollupFile[] {
  return cells.map(({ files }) => files[kind]).filter((file) => file !== undefined);
}
