import type { QuotaState } from '../model.ts';

/**
 * How many sums a change of the quota alters at the most: one for each of its limits, its override's too, on
 * each level above it.
 */
export function sumsAbove(quota: QuotaState | undefined): number {
  if (quota === undefined) return 0;
  const limits = quota.content.limits.length + (quota.override?.limits.length ?? 0);
  return limits * (quota.quotaId.split('/').length - 1);
}
