import type { Payers } from '../table/payers.ts';
import type { Positions } from '../table/tableVersion.ts';
import type { MeteredUse } from './chargeUse.ts';

/** What of the table is known to whoever asks. */
export interface KnownUsage {
  /** null: all that the version has. */
  readonly positions: Positions | null;
  /** Of records that the log took before this moment alone, microseconds; null: of all. */
  readonly loggedBefore: bigint | null;
}

export interface UsesAsked {
  readonly payers: Payers;
  /** Two or more, ascending: the beginnings of the intervals to sum over, and the end of the last. */
  readonly edges: readonly bigint[];
  readonly known: KnownUsage;
}

/** A period's closing as far as a row's lateness follows from it. */
export interface ClosedAt {
  readonly positions: Positions;
  /** Microseconds. */
  readonly closedAt: bigint;
}

/** Whether the positions are as far as the other ones, everywhere. null: as far as there is anything. */
export function reaches(positions: Positions | null, others: Positions): boolean {
  if (positions === null) return true;
  return [...others].every(([place, next]) => (positions.get(place) ?? 0n) >= next);
}

export interface LateUse extends MeteredUse {
  /** When it was found, rounded down to 15 minutes; null: the closing knew it. */
  readonly found: bigint | null;
}

/** Where the ledger reads usage: the table, as far as it is known. */
export interface UsageSource {
  /** By project (nobody first), interval, application, resource and quota, in code units; only what is above 0. */
  uses(asked: UsesAsked): AsyncGenerator<MeteredUse>;
  /**
   * As `uses`, with what came after the first closing apart: it was found when the log took it, yet not
   * before the last closing that did not know it. @param closings of one period and those after it, in order
   */
  lateUses(asked: UsesAsked, closings: readonly ClosedAt[]): AsyncGenerator<LateUse>;
  /** Whose usage has rows that the closing did not know, in windows that start in [from, to). null: nobody's. */
  latePayers(
    asked: { readonly from: bigint; readonly to: bigint; readonly known: KnownUsage },
    closing: ClosedAt,
  ): Promise<ReadonlySet<string | null>>;
}
