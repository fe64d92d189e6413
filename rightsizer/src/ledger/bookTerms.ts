import type { IdleRule, Price, SharedCost } from '@prorata/schemas';

/** One version of a price book, as far as charges follow from it. */
export interface BookTerms {
  readonly id: string;
  readonly version: bigint;
  readonly currency: string;
  /** Of its days and months. */
  readonly timeZone: string;
  readonly closeAfterMicros: bigint;
  readonly prices: readonly Price[];
  readonly sharedCosts: readonly SharedCost[];
  readonly idle: readonly IdleRule[];
  /** When it was published, microseconds. */
  readonly decidedAt: bigint;
}
