import type { UsageRecorded } from '@prorata/schemas';

/** Why a line of an import is not counted, beside what keeps a host's record from it. */
export type ImportReason =
  | 'LINE_TOO_LONG'
  | 'LINE_UNREADABLE'
  | 'COLUMN_MISSING'
  | 'AMOUNT_MISSING'
  | 'AMOUNT_UNREADABLE'
  | 'TIME_UNREADABLE'
  | 'RUN_TOO_LONG'
  | 'ID_REPEATED';

/**
 * What one line says; of a Parquet file a row is a line. `position` counts lines from 1, as editors
 * do, and is the offset under which the table keeps the line's rows.
 */
export type SourceRecord =
  | {
      readonly kind: 'usage';
      readonly position: bigint;
      readonly raw: Buffer;
      /** Several when the line tells of a long time: each is at most an hour. */
      readonly usages: readonly UsageRecorded[];
    }
  | {
      readonly kind: 'bad';
      readonly position: bigint;
      readonly raw: Buffer;
      readonly reason: ImportReason;
      readonly detail: string;
    }
  /** Nothing to count: a header, an empty line, what else stands in a log. */
  | { readonly kind: 'passed'; readonly position: bigint; readonly raw: Buffer };

/**
 * Usage from elsewhere. Read again, it gives the same records under the same positions, whatever has
 * become of the file that it was made from meanwhile.
 */
export interface UsageSource {
  /** In the order of positions, in batches of any size. @throws SourceFault */
  read(): AsyncIterable<readonly SourceRecord[]>;
}

/** What one line says, before it has a position. */
export type Told =
  | { readonly kind: 'usage'; readonly usages: readonly UsageRecorded[] }
  | { readonly kind: 'bad'; readonly reason: ImportReason; readonly detail: string }
  | { readonly kind: 'passed' };

export const bad = (reason: ImportReason, detail: string): Told => ({
  kind: 'bad',
  reason,
  detail,
});

export const passed: Told = { kind: 'passed' };
