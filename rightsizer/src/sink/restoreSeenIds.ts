import type { DuckDBConnection } from '@duckdb/node-api';
import { batchesOf } from '../rollups/newRows.ts';
import { partitionKey } from '../table/positions.ts';
import type { RowsFile, TableVersion } from '../table/tableVersion.ts';
import { sqlText } from '../table/usageDatabase.ts';
import { hourOf, LATE_HOURS, SeenIds, WORD_IDS } from './seenIds.ts';

const HOUR_MICROS = 3_600_000_000n;
/** Files that are read at once, bytes: a cache of objects holds more, whatever others have open in it. */
const BATCH_BYTES_MAX = 64_000_000;

/**
 * The ids that count already, from the table: what a sink that had never stopped would know. What was
 * logged last is read first, and what is older than the late window is not opened: a table grows for
 * years. A partition that has been idle for long is looked for in all files, a few at a time.
 * @param source the topic's full name
 * @param partition taken over before, so that nobody else adds rows of it
 */
export async function restoreSeenIds(
  version: TableVersion | null,
  source: string,
  partition: number,
  batchBytesMax = BATCH_BYTES_MAX,
): Promise<SeenIds> {
  const seen = new SeenIds();
  const hasRows = (version?.positions.get(partitionKey(source, partition)) ?? 0n) > 0n;
  if (version === null || !hasRows) return seen;
  const condition = ofPartition(source, partition);
  const files = [...(await version.files())].sort(lastLoggedFirst);
  let newest: bigint | null = null;
  for (const batch of batchesOf(files, batchBytesMax)) {
    const oldest: bigint = newest === null ? 0n : oldestBeside(newest);
    const due = batch.filter((file) => (file.lastLoggedAt ?? oldest) >= oldest);
    if (due.length === 0) break;
    newest = await version.scan(due, (rows, connection) =>
      restoreFrom(seen, { rows, condition, connection, newest }),
    );
  }
  return seen;
}

/** Files that do not say it come first: they may hold anything. */
function lastLoggedFirst(
  { lastLoggedAt: left }: RowsFile,
  { lastLoggedAt: right }: RowsFile,
): number {
  if (left === right) return 0;
  if (left === undefined) return -1;
  return right === undefined || left < right ? 1 : -1;
}

interface RowsToRestore {
  readonly rows: string;
  /** SQL: of the partition. */
  readonly condition: string;
  readonly connection: DuckDBConnection;
  /** The latest log time that was met before, microseconds. */
  readonly newest: bigint | null;
}

/** @returns the latest log time of the partition's rows so far, microseconds; null: there were none */
async function restoreFrom(
  seen: SeenIds,
  { rows, condition, connection, newest: before }: RowsToRestore,
): Promise<bigint | null> {
  const found = await connection.runAndReadAll(
    `SELECT max(epoch_us(logged_at)) AS newest FROM ${rows} WHERE ${condition}`,
  );
  const here = (found.getRowObjects()[0]?.['newest'] ?? null) as bigint | null;
  if (here === null) return before;
  const newest = before === null || here > before ? here : before;
  const words = await connection.stream(wordsSql(rows, condition, oldestBeside(newest)));
  for await (const read of words.yieldRowObjects()) {
    for (const row of read) {
      seen.restore({
        application: row['application'] as string,
        hostId: row['host_id'] as string,
        bootId: row['boot_id'] as string,
        sequence: (row['word'] as bigint) * BigInt(WORD_IDS),
        hour: Number(row['hour']),
        bits: Number(row['bits']),
        windowFirst: row['window_first'] as bigint,
        windowLast: row['window_last'] as bigint,
      });
    }
  }
  return newest;
}

/** The start of the late window, microseconds. */
function oldestBeside(newest: bigint): bigint {
  return BigInt(hourOf(newest) - LATE_HOURS) * HOUR_MICROS;
}

/** What was imported has partitions of its own. */
function ofPartition(source: string, partition: number): string {
  return `source = ${sqlText(source)} AND source_partition = ${partition}`;
}

/** @param oldest microseconds, a whole hour */
function wordsSql(rows: string, condition: string, oldest: bigint): string {
  return `SELECT application, host_id, boot_id, sequence // ${WORD_IDS} AS word,
      epoch_us(logged_at) // ${HOUR_MICROS} AS hour,
      bit_or(1::BIGINT << (sequence % ${WORD_IDS})) AS bits,
      min(epoch_us(window_start)) AS window_first, max(epoch_us(window_start)) AS window_last
    FROM ${rows}
    WHERE ${condition} AND logged_at >= make_timestamp(${oldest})::TIMESTAMPTZ
    GROUP BY ALL`;
}
