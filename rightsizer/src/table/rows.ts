/** One resource of one usage record, as a row of the table. Times are microseconds since the epoch. */
export interface UsageRow {
  readonly offset: bigint;
  /** When the broker took the record. */
  readonly loggedAt: bigint;
  readonly hostId: string;
  readonly bootId: string;
  readonly sequence: bigint;
  readonly application: string;
  readonly quotaId: string;
  readonly project: string | null;
  /** Where the host runs; null: it does not say. */
  readonly zone: string | null;
  readonly windowStart: bigint;
  readonly windowEnd: bigint;
  /** Empty in the one row of a record that names no resource. */
  readonly resource: string;
  readonly used: bigint;
  readonly refused: bigint;
  readonly queued: bigint;
  readonly peak: bigint;
  /** What limits on trial would have refused. */
  readonly trialRefused: bigint;
}

/** A record that is not counted, and why. */
export interface QuarantineRow {
  readonly offset: bigint;
  readonly timestampMs: number;
  /** A stable code. */
  readonly reason: string;
  /** For people. */
  readonly detail: string;
  readonly key: Buffer | null;
  readonly valueBytes: number;
  readonly valueSha256: string;
  /** The beginning of the value. */
  readonly value: Buffer;
}
