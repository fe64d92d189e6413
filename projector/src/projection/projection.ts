import type { Message } from '@prorata/schemas';
import type { RowChanges } from '../database/applyBatch.ts';

/** A record as a projection takes it. */
export interface DecodedRecord {
  readonly offset: bigint;
  readonly message: Message;
  /** When the log had it, milliseconds since the epoch, as its producer or broker says. */
  readonly loggedAtMs: number;
  /** SHA-256 of the canonical bytes, hex; null where only the state is folded. */
  readonly hash: string | null;
}

/** A record that can be read and cannot be: the log breaks a law that everything here stands on. */
export class BrokenInvariant extends Error {
  override readonly name = 'BrokenInvariant';
  readonly offset: bigint;
  constructor(offset: bigint, message: string, options?: ErrorOptions) {
    super(message, options);
    this.offset = offset;
  }
}

export interface Projected {
  readonly changes: RowChanges;
  /** How many records the changes cover, from the first. */
  readonly records: number;
  /** Why it went no further. */
  readonly broken: BrokenInvariant | null;
}

/** What one partition's records become. One instance per ownership: state never outlives it. */
export interface Projection {
  /** Whether the records below the checkpoint must be folded first. */
  readonly folds: boolean;
  /** Whether rows need the hash of each record. */
  readonly hashes: boolean;
  /** Whether its topic keeps every record for ever, so that one that is gone is a fault. */
  readonly wholeLog: boolean;
  /** Whether a record that cannot be read is passed over; otherwise it stops the partition. */
  readonly skipsUnreadable: boolean;
  /** @throws BrokenInvariant */
  fold(record: DecodedRecord): void;
  /**
   * Goes on from `fold` and the calls before. The changes may be asked for until the next call.
   * @throws BrokenInvariant when not even the records before it can be kept
   */
  project(records: readonly DecodedRecord[]): Projected;
}
