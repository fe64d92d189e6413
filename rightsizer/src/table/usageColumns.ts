import { BIGINT, DuckDBDataChunk, INTEGER } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
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
  #longs = longNames.map(() => new BigInt64Array(FIRST_CAPACITY));
  #codes = textNames.map(() => new Int32Array(FIRST_CAPACITY));
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

  add(offset: bigint, loggedAt: bigint, record: RecordOfUsage, amounts: ResourceUsage): void {
    const row = this.length;
    if (row === this.#longs[0]?.length) this.#grow();
    const { sequence, windowStart, windowEnd } = record;
    const { used, refused, queued, peak, trialRefused } = amounts;
    const longs = [offset, loggedAt, sequence, windowStart, windowEnd];
    longs.push(used, refused, queued, peak, trialRefused);
    for (const [column, values] of this.#longs.entries()) values[row] = longs[column] ?? 0n;
    const { hostId, bootId, application, quotaId, project, zone } = record;
    const texts = [hostId, bootId, application, quotaId, project, zone, amounts.resource];
    for (const [column, codes] of this.#codes.entries()) codes[row] = this.#code(texts[column]);
    if (row === 0 || windowStart < this.windowStart) this.windowStart = windowStart;
    if (row === 0 || windowEnd > this.windowEnd) this.windowEnd = windowEnd;
    this.length = row + 1;
  }

  /** Where in the log each row is from. */
  get offsets(): readonly bigint[] {
    return Array.from(this.#longs[0]?.subarray(0, this.length) ?? []);
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
      for (const [column, values] of [...this.#longs, ...this.#codes].entries()) {
        const vector = chunk.getColumnVector(column);
        for (let row = from; row < to; row += 1) vector.setItem(row - from, values[row] ?? 0);
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
    this.#longs = this.#longs.map((values) => {
      const longer = new BigInt64Array(values.length * 2);
      longer.set(values);
      return longer;
    });
    this.#codes = this.#codes.map((codes) => {
      const longer = new Int32Array(codes.length * 2);
      longer.set(codes);
      return longer;
    });
  }
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
