/** A resource group of TiDB, as far as quotas speak of it. */

import type { TidbPriority } from '@prorata/quota-model';

/** What happens to a query over its limits: it is logged, set back behind all others, or ended. */
export type RunawayAction = 'DRYRUN' | 'COOLDOWN' | 'KILL';

/** What one query may take; null of a figure: no limit. At least one is a number. */
export interface QueryLimit {
  readonly elapsedMillis: bigint | null;
  readonly processedKeys: bigint | null;
  readonly requestUnits: bigint | null;
  readonly action: RunawayAction;
}

export interface ResourceGroup {
  readonly name: string;
  /** Request units a second, 1 to `RU_PER_SEC_MAX`. */
  readonly ruPerSec: bigint | 'unlimited';
  readonly priority: TidbPriority;
  /** Whether it takes beyond that what nobody else does. */
  readonly isBurstable: boolean;
  readonly queryLimit: QueryLimit | null;
}

/**
 * 2^31-1 is how TiDB writes `UNLIMITED`: a rate of just that, or of more than its own clients send, would lift
 * the limit. A larger rate is written as this one, which is tighter than meant and never looser.
 */
export const RU_PER_SEC_MAX = 2n ** 31n - 2n;
/** TiDB refuses 0 ("unknown resource group mode"), and 0 elsewhere means no limit: nothing is written below 1. */
export const RU_PER_SEC_MIN = 1n;
/** What TiDB's parser takes as a whole number. */
export const FIGURE_MAX = 2n ** 63n - 1n;
/** A duration of Go, in which TiDB keeps milliseconds, ends at some 292 years: a day is more than any query's, ms. */
export const ELAPSED_MILLIS_MAX = 86_400_000n;

export function sameQueryLimit(a: QueryLimit | null, b: QueryLimit | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.elapsedMillis === b.elapsedMillis &&
    a.processedKeys === b.processedKeys &&
    a.requestUnits === b.requestUnits &&
    a.action === b.action
  );
}

export function sameGroup(a: ResourceGroup, b: ResourceGroup): boolean {
  return (
    a.name === b.name &&
    a.ruPerSec === b.ruPerSec &&
    a.priority === b.priority &&
    a.isBurstable === b.isBurstable &&
    sameQueryLimit(a.queryLimit, b.queryLimit)
  );
}
