import type { SingleValue } from './singleValue.ts';

/** What is known of one column of a file, without opening it. */
export interface ColumnStatistics {
  readonly bytes: number;
  /** Nulls included. */
  readonly values: number;
  readonly nulls: number;
  /** In the binary form of single values; null: not known, or nothing but nulls. */
  readonly lower: Buffer | null;
  readonly upper: Buffer | null;
}

/** One immutable file of rows, as a manifest names it. */
export interface DataFile {
  /** The full address. */
  readonly path: string;
  /** By the order of the partition spec's fields. */
  readonly partition: readonly (SingleValue | null)[];
  readonly rows: number;
  readonly bytes: number;
  /** By column id. */
  readonly columns: ReadonlyMap<number, ColumnStatistics>;
  /** The order its rows are sorted by; null: not said. */
  readonly sortOrderId: number | null;
}
