import type { DuckDBConnection } from '@duckdb/node-api';

/**
 * Up to where a version has what a source sent: by `<source>/<partition>` the first offset that is
 * not in it. It says what a version held also when the version has long expired, since every row
 * names its source, partition and offset, and no row is ever changed.
 */
export type Positions = ReadonlyMap<string, bigint>;

/** One immutable file of rows. */
export interface RowsFile {
  /** In the table's storage. */
  readonly key: string;
  readonly rows: number;
  readonly bytes: number;
  /** Earliest start and latest end of a usage window in it, microseconds. */
  readonly windowStart: bigint;
  readonly windowEnd: bigint;
  /** No row was logged later, microseconds; left out where whoever wrote the file did not say. */
  readonly lastLoggedAt?: bigint;
}

/** One version of the usage table, to be read as often as one likes. */
export interface TableVersion {
  /** Counts up by one a commit. */
  readonly version: number;
  /** The Iceberg snapshot; -1 before the first rows. */
  readonly snapshotId: bigint;
  readonly positions: Positions;
  /** Files with windows in [from, to), or all of them. In an order that is the same every time. */
  files(bounds?: { readonly from: bigint; readonly to: bigint }): Promise<readonly RowsFile[]>;
  /**
   * Runs `work` on a connection of its own. `rows` is SQL that reads these files' rows
   * (`SELECT … FROM ${rows}`); they stay readable until `work` has ended, whatever is removed meanwhile.
   */
  scan<T>(
    files: readonly RowsFile[],
    work: (rows: string, connection: DuckDBConnection) => Promise<T>,
  ): Promise<T>;
}
