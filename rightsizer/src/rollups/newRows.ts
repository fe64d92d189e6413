import type { DuckDBConnection } from '@duckdb/node-api';
import { placeOf } from '../table/positions.ts';
import type { Positions, RowsFile, TableVersion } from '../table/tableVersion.ts';
import { sqlText } from '../table/usageDatabase.ts';
import { CELL_MICROS } from './cellPlan.ts';
import type { RollupIndex } from './rollupIndex.ts';

/**
 * SQL: these rows, on one side of the positions: those before them, or those from them on. A source
 * and partition that the positions do not name is wholly behind them.
 */
export function rowsAt(rows: string, positions: Positions, side: 'before' | 'after'): string {
  const places = [...positions].map(([key, next]) => ({ ...placeOf(key), next }));
  const bounds = places.map(
    ({ source, partition, next }) => `(${sqlText(source)}, ${partition}, ${next})`,
  );
  if (bounds.length === 0) return side === 'before' ? `(SELECT * FROM ${rows} WHERE false)` : rows;
  const compared =
    side === 'before'
      ? 'rows.source_offset < next'
      : '(next IS NULL OR rows.source_offset >= next)';
  return `(SELECT rows.* FROM ${rows} rows
    ${side === 'before' ? 'JOIN' : 'LEFT JOIN'} (VALUES ${bounds.join(', ')}) bounds(bound_source, bound_partition, next)
      ON rows.source = bound_source AND rows.source_partition = bound_partition
    WHERE ${compared})`;
}

/** Whether some source has more in `positions` than in `than`, or is not there. */
export function isPast(positions: Positions, than: Positions): boolean {
  return [...positions].some(([key, next]) => next > (than.get(key) ?? 0n));
}

/**
 * Files that are looked through at once, bytes: far less than what a cache of objects holds, for a table that
 * is rolled up for the first time has all of its files to be looked through.
 */
const BATCH_BYTES_MAX = 256_000_000;

/** Numbers of the stretches of CELL_MICROS that rows reach over which are not in the roll-ups yet. */
export async function touchedBy(
  version: TableVersion,
  { positions, read }: Pick<RollupIndex, 'positions' | 'read'>,
): Promise<bigint[]> {
  const touched = new Set<bigint>();
  for (const files of batchesOf((await version.files()).filter(({ key }) => !read.has(key)))) {
    const found = await version.scan(files, (rows, connection) =>
      stretchesOf(rowsAt(rows, positions, 'after'), connection),
    );
    for (const number of found) touched.add(number);
  }
  return [...touched];
}

/** At least a file each. */
export function batchesOf(files: readonly RowsFile[], bytesMax = BATCH_BYTES_MAX): RowsFile[][] {
  const batches: RowsFile[][] = [];
  let room = 0;
  for (const file of files) {
    const batch = batches.at(-1);
    if (batch === undefined || file.bytes > room) {
      batches.push([file]);
      room = bytesMax - file.bytes;
    } else {
      batch.push(file);
      room -= file.bytes;
    }
  }
  return batches;
}

async function stretchesOf(rows: string, connection: DuckDBConnection): Promise<bigint[]> {
  const found = await connection.runAndReadAll(`
    SELECT DISTINCT epoch_us(window_start) // ${CELL_MICROS} AS first,
      (epoch_us(window_end) - 1) // ${CELL_MICROS} AS last
    FROM ${rows} WHERE resource <> ''`);
  const touched = new Set<bigint>();
  for (const { first, last } of found.getRowObjects() as { first: bigint; last: bigint }[]) {
    for (let at = first; at <= last; at += 1n) touched.add(at);
  }
  return [...touched];
}
