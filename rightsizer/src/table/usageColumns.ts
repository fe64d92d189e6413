import {
  BIGINT,
  DuckDBBigIntVector,
  DuckDBDataChunk,
  DuckDBIntegerVector,
  INTEGER,
} from '@duckdb/node-api';
import type { DuckDBConnection, DuckDBVector } from '@duckdb/node-api';
import type { ResourceUsage, UsageRecorded } from '@prorata/schemas';
import { bucketOf } from '../iceberg/transforms.ts';
import { daySql } from './rowForms.ts';
import type { UsageRow } from './rows.ts';

/** In the order in which they are appended. */
const longNames = [
  'source_offset',
  'logged_at',
  'sequence',
  'window_start',
  'window_end',
  'used',
  'refused',
  'queued',
  'peak',
  'trial_refused',
] as const;
const textNames = [
  'host_id',
  'boot_id',
  'application',
  'quota_id',
  'project',
  'zone',
  'resource',
] as const;
const recordTextNames = textNames.filter((name) => name !== 'resource');
/** Those that a partition's records have in common for a while, and what a record calls them. */
const steadyTexts = [
  ['application', 'application'],
  ['quota_id', 'quotaId'],
  ['project', 'project'],
] as const;
const timeNames: ReadonlySet<string> = new Set(['logged_at', 'window_start', 'window_end']);

/** Rows of a chunk: DuckDB's vector size, and the most that one holds. */
const CHUNK_ROWS = 2_048;
const FIRST_CAPACITY = 4_096;
/** The code of a text that is not there. */
const NO_TEXT = -1;

const noResource: ResourceUsage = {
  resource: '',
  used: 0n,
  refused: 0n,
  queued: 0n,
  peak: 0n,
  trialRefused: 0n,
};

/** What all resources of one usage record share. */
export type RecordOfUsage = Omit<UsageRecorded, 'resources'>;

/**
 * Rows of usage as columns: numbers in typed arrays, and texts, of which a batch has few different
 * ones, as places in a list. An object a row, and a call a value into DuckDB, cost ten times as much.
 */
export class UsageColumns {
  /** How many of them are rows. */
  length = 0;
  /** Earliest start and latest end of a usage window, microseconds; 0 while there is none. */
  windowStart = 0n;
  windowEnd = 0n;
  #longs = longsOf(FIRST_CAPACITY);
  #codes = codesOf(FIRST_CAPACITY);
  #last: RecordOfUsage | null = null;
  readonly #texts: string[] = [];
  readonly #codeOf = new Map<string, number>();

  static of(rows: readonly UsageRow[]): UsageColumns {
    const columns = new UsageColumns();
    for (const row of rows) columns.add(row.offset, row.loggedAt, row, row);
    return columns;
  }

  /**
   * One row a resource. A record without resources still says that its host was there: one row keeps that.
   * @param loggedAt microseconds
   */
  addRecord(offset: bigint, loggedAt: bigint, usage: UsageRecorded): void {
    if (usage.resources.length === 0) this.add(offset, loggedAt, usage, noResource);
    for (const amounts of usage.resources) this.add(offset, loggedAt, usage, amounts);
  }

  /** Written out: this is where a record costs most. */
  add(offset: bigint, loggedAt: bigint, record: RecordOfUsage, amounts: ResourceUsage): void {
    const row = this.length;
    if (row === this.#longs.source_offset.length) this.#grow();
    const longs = this.#longs;
    const { windowStart, windowEnd } = record;
    longs.source_offset[row] = offset;
    longs.logged_at[row] = loggedAt;
    longs.sequence[row] = record.sequence;
    longs.window_start[row] = windowStart;
    longs.window_end[row] = windowEnd;
    longs.used[row] = amounts.used;
    longs.refused[row] = amounts.refused;
    longs.queued[row] = amounts.queued;
    longs.peak[row] = amounts.peak;
    longs.trial_refused[row] = amounts.trialRefused;
    this.#addTexts(row, record, amounts.resource);
    if (row === 0 || windowStart < this.windowStart) this.windowStart = windowStart;
    if (row === 0 || windowEnd > this.windowEnd) this.windowEnd = windowEnd;
    this.length = row + 1;
  }

  /** The row before is often of the same record: its texts need no looking up. */
  #addTexts(row: number, record: RecordOfUsage, resource: string): void {
    const codes = this.#codes;
    codes.resource[row] = this.#code(resource);
    if (row > 0 && record === this.#last) {
      for (const name of recordTextNames) codes[name][row] = codes[name][row - 1] ?? NO_TEXT;
      return;
    }
    const last = this.#last;
    this.#last = record;
    codes.host_id[row] = this.#code(record.hostId);
    codes.boot_id[row] = this.#code(record.bootId);
    codes.zone[row] = this.#code(record.zone);
    // Of these the row before often has the same; comparing costs less than looking up.
    for (const [column, name] of steadyTexts) {
      const isSame = last !== null && row > 0 && last[name] === record[name];
      codes[column][row] = isSame ? (codes[column][row - 1] ?? NO_TEXT) : this.#code(record[name]);
    }
  }

  /** Where in the log each row is from. */
  get offsets(): readonly bigint[] {
    return Array.from(this.#longs.source_offset.subarray(0, this.length));
  }

  /**
   * Makes the temporary view `batch` of this connection: the rows in the columns of the table, but
   * for those that say which source and partition they are of, and the table's partitions.
   * @param buckets that a day's quotas are split into
   */
  async load(connection: DuckDBConnection, buckets: number): Promise<void> {
    await unload(connection);
    await connection.run(
      `CREATE TEMP TABLE batch_rows (${[
        ...longNames.map((name) => `${name} BIGINT`),
        ...textNames.map((name) => `${name} INTEGER`),
      ].join(', ')})`,
    );
    await connection.run(
      'CREATE TEMP TABLE batch_texts (code INTEGER, text VARCHAR, bucket INTEGER)',
    );
    await this.#appendTexts(connection, buckets);
    await this.#appendRows(connection);
    await connection.run(`CREATE TEMP VIEW batch AS ${batchSql}`);
  }

  async #appendRows(connection: DuckDBConnection): Promise<void> {
    const appender = await connection.createAppender('batch_rows');
    const types = [...longNames.map(() => BIGINT), ...textNames.map(() => INTEGER)];
    for (let from = 0; from < this.length; from += CHUNK_ROWS) {
      const to = Math.min(from + CHUNK_ROWS, this.length);
      const chunk = DuckDBDataChunk.create(types, to - from);
      const columns = [...Object.values(this.#longs), ...Object.values(this.#codes)];
      for (const [column, values] of columns.entries()) {
        const vector = chunk.getColumnVector(column);
        copyInto(vector, values, from, to);
        vector.flush();
      }
      appender.appendDataChunk(chunk);
    }
    appender.closeSync();
  }

  /** Each with its bucket, though only quotas have one: there are few texts in a batch. */
  async #appendTexts(connection: DuckDBConnection, buckets: number): Promise<void> {
    const appender = await connection.createAppender('batch_texts');
    for (const [code, text] of this.#texts.entries()) {
      appender.appendInteger(code);
      appender.appendVarchar(text);
      appender.appendInteger(bucketOf(text, buckets));
      appender.endRow();
    }
    appender.closeSync();
  }

  #code(text: string | null | undefined): number {
    if (text === null || text === undefined) return NO_TEXT;
    let code = this.#codeOf.get(text);
    if (code === undefined) {
      code = this.#texts.push(text) - 1;
      this.#codeOf.set(text, code);
    }
    return code;
  }

  #grow(): void {
    const [longs, codes] = [longsOf(this.length * 2), codesOf(this.length * 2)];
    for (const name of longNames) longs[name].set(this.#longs[name]);
    for (const name of textNames) codes[name].set(this.#codes[name]);
    this.#longs = longs;
    this.#codes = codes;
  }
}

function itemsOf(vector: DuckDBVector): unknown {
  if (vector instanceof DuckDBBigIntVector) return vector['items'];
  return vector instanceof DuckDBIntegerVector ? vector['items'] : null;
}

/** A vector's own array takes them at once: `setItem` makes a bigint a value, and looks at each of them again. */
function copyInto(
  vector: DuckDBVector,
  values: BigInt64Array | Int32Array,
  from: number,
  to: number,
): void {
  const items = itemsOf(vector);
  if (items instanceof BigInt64Array && values instanceof BigInt64Array) {
    items.set(values.subarray(from, to));
  } else if (items instanceof Int32Array && values instanceof Int32Array) {
    items.set(values.subarray(from, to));
  } else throw new TypeError('A column of another type than its vector.');
}

type Longs = Record<(typeof longNames)[number], BigInt64Array>;
type Codes = Record<(typeof textNames)[number], Int32Array>;

function longsOf(capacity: number): Longs {
  return Object.fromEntries(longNames.map((name) => [name, new BigInt64Array(capacity)])) as Longs;
}

function codesOf(capacity: number): Codes {
  return Object.fromEntries(textNames.map((name) => [name, new Int32Array(capacity)])) as Codes;
}

/** What `load` has made. */
export async function unload(connection: DuckDBConnection): Promise<void> {
  await connection.run('DROP VIEW IF EXISTS batch');
  await connection.run('DROP TABLE IF EXISTS batch_rows');
  await connection.run('DROP TABLE IF EXISTS batch_texts');
}

const batchSql = `SELECT ${[
  ...longNames.map((name) => (timeNames.has(name) ? timeSql(name) : `b.${name}`)),
  ...textNames.map((name) => `${name}_of.text AS ${name}`),
  `${daySql('b.window_start')} AS part_day`,
  'quota_id_of.bucket AS part_bucket',
].join(', ')} FROM batch_rows b ${textNames
  .map((name) => `LEFT JOIN batch_texts ${name}_of ON b.${name} = ${name}_of.code`)
  .join(' ')}`;

function timeSql(name: string): string {
  return `TIMESTAMPTZ 'epoch' + to_microseconds(b.${name}) AS ${name}`;
}
