import type { PartitionLog } from '@prorata/kafka-port';
import { IMPORT } from '../sources/tableOfImports.ts';
import { partitionKey } from '../table/positions.ts';
import type { TableStorage } from '../table/storage/tableStorage.ts';
import type { TableVersion } from '../table/tableVersion.ts';
import type { UsageReader } from '../table/usageReader.ts';
import { sqlText } from '../table/usageDatabase.ts';
import { checkFiles, sizesOf } from './checkFiles.ts';
import type { FilesFound } from './checkFiles.ts';
import { PartitionComparison } from './comparePartition.ts';
import type { Judge, PartitionFound } from './comparePartition.ts';
import type { LedgerFound } from './checkLedger.ts';
import type { Difference } from './difference.ts';
import { withPartitionRows } from './tableRows.ts';
import type { LedgersVerified } from './verifyLedgers.ts';

export interface VerifyGround {
  readonly log: Pick<PartitionLog, 'beginningOffset' | 'endOffset' | 'readToEnd'>;
  readonly judge: Judge;
  readonly reader: UsageReader;
  readonly storage: TableStorage;
  /** Full name, the namespace included. */
  readonly topic: string;
  readonly partitions: number;
  /** null: the ledger is not asked. */
  readonly ledger: ((usage: TableVersion) => Promise<LedgersVerified>) | null;
}

export interface PartitionVerified {
  readonly partition: number;
  /** Compared from here … */
  readonly from: bigint;
  /** … up to here, exclusive: the table's position. */
  readonly to: bigint;
  /** Rows of records that the topic has deleted since: nothing is left to compare them with. */
  readonly blindRows: bigint;
  readonly found: PartitionFound;
}

export interface UsageVerified {
  readonly version: number;
  readonly snapshotId: bigint;
  readonly usageFiles: FilesFound;
  readonly quarantineFiles: FilesFound;
  readonly partitions: readonly PartitionVerified[];
  /** Brought from elsewhere; null: nothing could be asked after a difference. */
  readonly imports: { readonly sources: number; readonly rows: bigint } | null;
  /** Empty where there is no price book, and after a difference. */
  readonly ledgers: readonly LedgerFound[];
  readonly firstDifference: Difference | null;
}

const USAGE_TIMES = { start: 'window_start', end: 'window_end' };
const QUARANTINE_TIMES = { start: 'logged_at', end: 'logged_at' };

/**
 * Compares the table with its own files, with the topic that it was made from, and with the ledger that is made
 * from it; ends at the first difference, files first, since nothing can be said of rows that cannot be read.
 * @returns null: there is no table yet
 */
export async function verifyUsage(ground: VerifyGround): Promise<UsageVerified | null> {
  const { reader, storage } = ground;
  const usage = await reader.newest();
  if (usage === null) return null;
  // After the usage: the quarantine is written before, so it has at least what belongs to it.
  const quarantine = await reader.quarantine();
  const none = { files: 0, rows: 0, bytes: 0, difference: null };
  const usageSizes = await sizesOf(storage.list('usage/'));
  const usageFiles = await checkFiles(usage, usageSizes, USAGE_TIMES);
  const quarantineFiles =
    quarantine === null
      ? none
      : await checkFiles(quarantine, await sizesOf(storage.list('quarantine/')), QUARANTINE_TIMES);
  let difference = usageFiles.difference ?? quarantineFiles.difference;
  const partitions: PartitionVerified[] = [];
  for (let partition = 0; partition < ground.partitions && difference === null; partition += 1) {
    const compared = await verifyPartition(ground, usage, quarantine, partition);
    if (compared === null) continue;
    partitions.push(compared.verified);
    difference = compared.difference;
  }
  difference ??= await strayOf(usage, ground);
  const isSound = difference === null;
  const ledger = isSound && ground.ledger !== null ? await ground.ledger(usage) : null;
  difference ??= ledger?.difference ?? null;
  return {
    version: usage.version,
    snapshotId: usage.snapshotId,
    usageFiles,
    quarantineFiles,
    partitions,
    imports: isSound ? await importsOf(usage) : null,
    ledgers: ledger?.ledgers ?? [],
    firstDifference: difference,
  };
}

/** null: the table has nothing of the partition. */
async function verifyPartition(
  { log, judge, topic }: VerifyGround,
  usage: TableVersion,
  quarantine: TableVersion | null,
  partition: number,
): Promise<{ verified: PartitionVerified; difference: Difference | null } | null> {
  const name = partitionKey(topic, partition);
  const position = usage.positions.get(name);
  if (position === undefined || position === 0n) return null;
  const place = { topic, partition };
  const from = await log.beginningOffset(place);
  const end = await log.endOffset(place);
  return withPartitionRows(usage, quarantine, { source: topic, partition, from }, async (rows) => {
    const comparison = new PartitionComparison(name, position, rows, judge);
    if (from < position) await log.readToEnd(place, from, (records) => comparison.take(records));
    const found = await comparison.end();
    const ahead: Difference = {
      code: 'POSITION_AHEAD',
      place: name,
      offset: position,
      detail: `the topic ends at ${end}`,
    };
    const blindRows = await rowsBefore(usage, topic, partition, from);
    return {
      verified: { partition, from, to: position, blindRows, found: comparison.found },
      difference: found ?? (end < position ? ahead : null),
    };
  });
}

async function rowsBefore(
  usage: TableVersion,
  topic: string,
  partition: number,
  offset: bigint,
): Promise<bigint> {
  if (offset === 0n) return 0n;
  const where = `source = ${sqlText(topic)} AND source_partition = ${partition}`;
  return asked(
    usage,
    (rows) => `count(*) FROM ${rows} WHERE ${where} AND source_offset < ${offset}`,
  );
}

async function asked(usage: TableVersion, sql: (rows: string) => string): Promise<bigint> {
  return usage.scan(await usage.files(), async (rows, connection) => {
    const result = await connection.runAndReadAll(`SELECT ${sql(rows)}`);
    return result.getRows()[0]?.[0] as bigint;
  });
}

async function importsOf(usage: TableVersion): Promise<NonNullable<UsageVerified['imports']>> {
  const sources = [...usage.positions.keys()].filter((key) => key.startsWith(IMPORT));
  const rows = await asked(
    usage,
    (all) => `count(*) FROM ${all} WHERE starts_with(source, ${sqlText(IMPORT)})`,
  );
  return { sources: sources.length, rows };
}

/** Rows that no position covers, and ids that were counted twice: of imports, and of what no topic tells any more. */
async function strayOf(usage: TableVersion, { topic }: VerifyGround): Promise<Difference | null> {
  const positions = [...usage.positions].map(([key, next]) => `(${sqlText(key)}, ${next}::BIGINT)`);
  if (positions.length === 0) return null;
  return usage.scan(await usage.files(), async (rows, connection) => {
    const stray = await connection.runAndReadAll(`
      WITH positions(place, next) AS (VALUES ${positions.join(', ')}),
      placed AS (SELECT source || '/' || source_partition AS place, source_offset FROM ${rows})
      SELECT place, source_offset, next FROM placed LEFT JOIN positions USING (place)
      WHERE next IS NULL OR source_offset >= next ORDER BY place, source_offset LIMIT 1`);
    const [beyond] = stray.getRows() as [string, bigint, bigint | null][];
    if (beyond !== undefined) {
      const [place, offset, next] = beyond;
      const detail = next === null ? 'the table has no position of it' : `it ends at ${next}`;
      return { code: 'BEYOND_POSITION', place, offset, detail };
    }
    const twice = await connection.runAndReadAll(twiceSql(rows, topic));
    const [repeated] = twice.getRows() as [string, bigint, string][];
    if (repeated === undefined) return null;
    const [place, offset, detail] = repeated;
    return { code: 'ID_COUNTED_TWICE', place, offset, detail };
  });
}

/** Of the topic an id may come again after a day: see the sink. Of imports it is a file that was brought in parts twice. */
const twiceSql = (rows: string, topic: string): string => `
  SELECT max(source || '/' || source_partition), max(source_offset),
    any_value(host_id || ' ' || boot_id || ' ' || sequence || ' of ' || quota_id || ' ' || resource)
  FROM ${rows}
  GROUP BY application, host_id, boot_id, sequence, resource, source = ${sqlText(topic)}
  HAVING count(*) > 1 AND (max(source) <> ${sqlText(topic)}
    OR epoch_us(max(logged_at)) - epoch_us(min(logged_at)) < 23 * 3600000000)
  ORDER BY ALL LIMIT 1`;
