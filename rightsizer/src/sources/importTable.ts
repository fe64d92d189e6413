import type { UsageRecorded } from '@prorata/schemas';
import type { QuarantineRow } from '../table/rows.ts';

export interface ImportedUsage {
  /** The line, and with it the offset of its rows. */
  readonly position: bigint;
  readonly usage: UsageRecorded;
}

/** Lines of an import, `from` inclusive, `to` exclusive, and what became of them. */
export interface ImportedRange {
  readonly from: bigint;
  readonly to: bigint;
  /** Lines that said something. */
  readonly records: number;
  readonly usage: readonly ImportedUsage[];
  /** Microseconds. */
  readonly importedAt: bigint;
  readonly quarantine: readonly QuarantineRow[];
}

/** The right to commit one import, until somebody else takes it over. */
export interface ImportClaim {
  /** The first line that the table has not got; 0: it has none. */
  readonly next: bigint;
  /** @throws TableFault WRITER_STALE once another process has taken the import over */
  commit(range: ImportedRange): Promise<void>;
}

/** What an import needs of the usage table. */
export interface ImportTable {
  /** Imports that the table has, whole or in part: by id the first line that it has not got. */
  imports(): Promise<ReadonlyMap<string, bigint>>;
  /** @param sha256 of the import, which the table keeps beside its position */
  takeOver(importId: string, sha256: string): Promise<ImportClaim>;
}
