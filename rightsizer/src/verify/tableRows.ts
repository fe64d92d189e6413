import type { DuckDBConnection } from '@duckdb/node-api';
import { LATE_HOURS } from '../sink/seenIds.ts';
import type { UsageRow } from '../table/rows.ts';
import type { TableVersion } from '../table/tableVersion.ts';
import { sqlText } from '../table/usageDatabase.ts';

/** A row of usage, as far as it is compared. Times are microseconds. */
export interface TableRow extends Omit<UsageRow, 'trialRefused'> {
  /** null: of a file from before it was kept. */
  readonly trialRefused: bigint | null;
}

export interface RejectedRow {
  readonly offset: bigint;
  readonly reason: string;
  readonly valueSha256: string;
}

export type UsageId = Pick<
  UsageRow,
  'offset' | 'application' | 'hostId' | 'bootId' | 'sequence' | 'loggedAt'
>;

/** An id counts once within the sink's whole hours, of which the first has begun already. */
const LATE_MICROS = BigInt(LATE_HOURS + 1) * 3_600_000_000n;

/** One partition of one source, from an offset on, as the table has it. */
export interface PartitionRows {
  /** By offset. */
  usage(): AsyncIterable<readonly TableRow[]>;
  /** By offset. */
  rejected(): AsyncIterable<readonly RejectedRow[]>;
  /** Of these those whose id has rows at an earlier offset of the partition, not logged long before. */
  countedBefore(ids: readonly UsageId[]): Promise<ReadonlySet<bigint>>;
}

interface Place {
  readonly source: string;
  readonly partition: number;
  readonly from: bigint;
}

/** Runs `work` on the rows of one partition. They are sorted by DuckDB, which spills: memory is bounded. */
export async function withPartitionRows<T>(
  usage: TableVersion,
  quarantine: TableVersion | null,
  place: Place,
  work: (rows: PartitionRows) => Promise<T>,
): Promise<T> {
  const files = await usage.files();
  // Two connections: another question on the first one would end the stream of its rows.
  return usage.scan(files, (rows, connection) =>
    usage.scan(files, async (again, other) => {
      const opened = { usage: { rows, connection }, counted: { rows: again, connection: other } };
      if (quarantine === null) return work(partitionRows(opened, place));
      return quarantine.scan(await quarantine.files(), (rejected, third) =>
        work(partitionRows({ ...opened, rejected: { rows: rejected, connection: third } }, place)),
      );
    }),
  );
}

interface Opened {
  readonly rows: string;
  readonly connection: DuckDBConnection;
}

function partitionRows(
  opened: { readonly usage: Opened; readonly counted: Opened; readonly rejected?: Opened },
  { source, partition, from }: Place,
): PartitionRows {
  const { usage, counted, rejected } = opened;
  const own = `source = ${sqlText(source)} AND source_partition = ${partition}`;
  const where = `WHERE ${own} AND source_offset >= ${from}`;
  return {
    usage: () => streamed(usage, usageSql(usage.rows, where), tableRow),
    rejected: () =>
      rejected === undefined
        ? none()
        : streamed(rejected, rejectedSql(rejected.rows, where), rejectedRow),
    async countedBefore(ids) {
      if (ids.length === 0) return new Set();
      const result = await counted.connection.runAndReadAll(
        countedBeforeSql(counted.rows, own, ids),
      );
      return new Set(result.getRows().map(([offset]) => offset as bigint));
    },
  };
}

async function* streamed<Row>(
  { connection }: Opened,
  sql: string,
  rowOf: (row: readonly unknown[]) => Row,
): AsyncGenerator<readonly Row[]> {
  const result = await connection.stream(sql);
  for await (const rows of result.yieldRows()) yield rows.map(rowOf);
}

async function* none(): AsyncGenerator<never> {
  // The table has never put anything into quarantine.
}

const usageSql = (rows: string, where: string): string => `
  SELECT source_offset, host_id, boot_id, sequence, application, quota_id, project, zone,
    epoch_us(window_start), epoch_us(window_end), resource, used, refused, queued, peak,
    trial_refused, epoch_us(logged_at)
  FROM ${rows} ${where} ORDER BY source_offset, window_start, resource`;

function tableRow(row: readonly unknown[]): TableRow {
  const [offset, hostId, bootId, sequence, application, quotaId, project, zone, ...rest] = row;
  const [windowStart, windowEnd, resource, used, refused, queued, peak, trial, logged] = rest;
  return {
    offset: offset as bigint,
    hostId: hostId as string,
    bootId: bootId as string,
    sequence: sequence as bigint,
    application: application as string,
    quotaId: quotaId as string,
    project: project as string | null,
    zone: zone as string | null,
    windowStart: windowStart as bigint,
    windowEnd: windowEnd as bigint,
    resource: resource as string,
    used: used as bigint,
    refused: refused as bigint,
    queued: queued as bigint,
    peak: peak as bigint,
    trialRefused: trial as bigint | null,
    loggedAt: logged as bigint,
  };
}

const rejectedSql = (rows: string, where: string): string =>
  `SELECT source_offset, reason, value_sha256 FROM ${rows} ${where} ORDER BY source_offset`;

function rejectedRow([offset, reason, valueSha256]: readonly unknown[]): RejectedRow {
  return {
    offset: offset as bigint,
    reason: reason as string,
    valueSha256: valueSha256 as string,
  };
}

function countedBeforeSql(rows: string, own: string, ids: readonly UsageId[]): string {
  const values = ids.map(
    ({ offset, application, hostId, bootId, sequence, loggedAt }) =>
      `(${offset}::BIGINT, ${loggedAt - LATE_MICROS}::BIGINT, ${[application, hostId, bootId].map(sqlText).join(', ')}, ${sequence}::BIGINT)`,
  );
  return `
    WITH asked(asked_offset, since, application, host_id, boot_id, sequence) AS (VALUES ${values.join(', ')})
    SELECT DISTINCT asked_offset FROM asked JOIN (SELECT * FROM ${rows} WHERE ${own})
      USING (application, host_id, boot_id, sequence) WHERE source_offset < asked_offset AND epoch_us(logged_at) >= since`;
}
