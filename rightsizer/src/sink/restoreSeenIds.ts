import type { TableVersion } from '../table/tableVersion.ts';
import { sqlText } from '../table/usageDatabase.ts';
import { hourOf, LATE_HOURS, SeenIds, WORD_IDS } from './seenIds.ts';

const HOUR_MICROS = 3_600_000_000n;

/**
 * The ids that count already, from the table: what a sink that had never stopped would know. Reads
 * the rows of the last hours alone, in as far as the files say which they hold.
 * @param source the topic's full name
 * @param partition taken over before, so that nobody else adds rows of it
 */
export async function restoreSeenIds(
  version: TableVersion | null,
  source: string,
  partition: number,
): Promise<SeenIds> {
  const seen = new SeenIds();
  const files = (await version?.files()) ?? [];
  if (version === null || files.length === 0) return seen;
  await version.scan(files, async (rows, connection) => {
    const newest = await connection.runAndReadAll(
      `SELECT max(epoch_us(logged_at)) AS newest FROM ${rows} WHERE ${ofPartition(source, partition)}`,
    );
    const newestAt = newest.getRowObjects()[0]?.['newest'] as bigint | null | undefined;
    if (newestAt === null || newestAt === undefined) return;
    const oldest = BigInt(hourOf(newestAt) - LATE_HOURS) * HOUR_MICROS;
    const words = await connection.stream(wordsSql(rows, ofPartition(source, partition), oldest));
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
  });
  return seen;
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
