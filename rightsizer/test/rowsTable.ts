import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { RowsFile, TableVersion } from '../src/table/tableVersion.ts';
import type { UsageDatabase } from '../src/table/usageDatabase.ts';
import { sqlText } from '../src/table/usageDatabase.ts';

/** A row of the usage table, as far as its readers look. */
export interface TableRow {
  readonly source: string;
  readonly partition: number;
  readonly hostId: string;
  /** Below its application. */
  readonly quotaId: string;
  readonly project: string | null;
  readonly zone: string | null;
  readonly windowStart: bigint;
  readonly windowEnd: bigint;
  readonly resource: string;
  readonly used: bigint;
  readonly refused: bigint;
  readonly queued: bigint;
  readonly peak: bigint;
  readonly trialRefused: bigint;
}

interface Stored extends TableRow {
  readonly offset: bigint;
}

/** A table of usage without its commits: rows in immutable files, in versions, which a compaction moves into other files. */
export class RowsTable {
  readonly #database: UsageDatabase;
  readonly #directory: string;
  readonly #next = new Map<string, bigint>();
  #files: (RowsFile & { readonly held: readonly Stored[] })[] = [];
  #version = 0;

  constructor(database: UsageDatabase, root: string) {
    this.#database = database;
    this.#directory = path.join(root, 'rows');
  }

  get rows(): readonly TableRow[] {
    return this.#files.flatMap(({ held }) => held);
  }

  /** One file of rows, in the order of their log. */
  async add(rows: readonly TableRow[]): Promise<void> {
    const held = rows.map((row) => ({
      ...row,
      offset: this.#take(`${row.source}/${row.partition}`),
    }));
    this.#files.push(await this.#write(held));
    this.#version += 1;
  }

  /** Other files with the same rows, in another order. */
  async compact(): Promise<void> {
    const all = this.#files.flatMap(({ held }) => held);
    for (const file of this.#files) await rm(path.join(this.#directory, file.key));
    const half = Math.ceil(all.length / 2);
    const sorted = all.sort((left, right) => (left.quotaId < right.quotaId ? -1 : 1));
    const parts = [sorted.slice(0, half), sorted.slice(half)].filter(({ length }) => length > 0);
    this.#files = [];
    for (const part of parts) this.#files.push(await this.#write(part));
    this.#version += 1;
  }

  newest(): TableVersion {
    const [files, database, directory] = [[...this.#files], this.#database, this.#directory];
    return {
      version: this.#version,
      snapshotId: BigInt(this.#version),
      positions: new Map(this.#next),
      files: (bounds) =>
        Promise.resolve(
          files.filter(
            ({ windowStart, windowEnd }) =>
              bounds === undefined || (windowStart < bounds.to && windowEnd > bounds.from),
          ),
        ),
      async scan(wanted, work) {
        const connection = await database.connect();
        try {
          const paths = wanted.map(({ key }) => sqlText(path.join(directory, key)));
          return await work(`read_parquet([${paths.join(', ')}])`, connection);
        } finally {
          connection.closeSync();
        }
      },
    };
  }

  #take(place: string): bigint {
    const offset = this.#next.get(place) ?? 0n;
    this.#next.set(place, offset + 1n);
    return offset;
  }

  async #write(held: readonly Stored[]): Promise<RowsFile & { held: readonly Stored[] }> {
    await mkdir(this.#directory, { recursive: true });
    const key = `${randomUUID()}.parquet`;
    const values = held.map(
      (row) => `(${sqlText(row.source)}, ${row.partition}, ${row.offset}, ${sqlText(row.hostId)},
        ${sqlText(row.quotaId)}, split_part(${sqlText(row.quotaId)}, '/', 1), ${textOf(row.project)}, ${textOf(row.zone)},
        make_timestamptz(${row.windowStart}), make_timestamptz(${row.windowEnd}), ${sqlText(row.resource)},
        ${row.used}, ${row.refused}, ${row.queued}, ${row.peak}, ${row.trialRefused})`,
    );
    const connection = await this.#database.connect();
    await connection.run(`CREATE OR REPLACE TEMP TABLE given (source VARCHAR, source_partition INTEGER,
      source_offset BIGINT, host_id VARCHAR, quota_id VARCHAR, application VARCHAR, project VARCHAR, zone VARCHAR,
      window_start TIMESTAMPTZ, window_end TIMESTAMPTZ, resource VARCHAR,
      used BIGINT, refused BIGINT, queued BIGINT, peak BIGINT, trial_refused BIGINT)`);
    await connection.run(`INSERT INTO given VALUES ${values.join(', ')}`);
    await connection.run(
      `COPY given TO ${sqlText(path.join(this.#directory, key))} (FORMAT parquet)`,
    );
    connection.closeSync();
    const starts = held.map(({ windowStart }) => windowStart);
    const ends = held.map(({ windowEnd }) => windowEnd);
    return {
      ...{ key, held, rows: held.length, bytes: 0 },
      windowStart: starts.reduce((least, at) => (at < least ? at : least)),
      windowEnd: ends.reduce((most, at) => (at > most ? at : most)),
    };
  }
}

const textOf = (value: string | null): string => (value === null ? 'NULL' : sqlText(value));
