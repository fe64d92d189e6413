/** What is kept at one node for one resource, so that a decision walks no siblings. */
import type { ResourceLimit } from '@prorata/schemas';
import { byCodeUnit } from '../ids.ts';
import { BoundSet, compareBoundValues } from './boundSet.ts';
import type { Bound } from './boundSet.ts';
import { NOTHING, minus, plus, sumOf } from './sum.ts';
import type { Sum } from './sum.ts';

/** How many limits below a node (overrides too) have a window. */
export interface WindowCount {
  /** The window by its meaning. */
  readonly key: string;
  readonly count: number;
}

export interface Tally {
  readonly resource: string;
  /** Of the nearest quotas below that declare the resource. */
  readonly sum: Sum;
  /** By child: what it declares, or the largest that is declared below it. At the application of capacities alone. */
  readonly bounds: BoundSet;
  /** Of a consumable: in the whole subtree below, sorted by key. */
  readonly windows: readonly WindowCount[];
}

/** What a quota, or the nearest that declare below it, count for with whoever declares above. */
export interface Claim {
  readonly sum: Sum;
  /** null: none of them has a number. */
  readonly largest: Bound | null;
}

export const NO_CLAIM: Claim = { sum: NOTHING, largest: null };

export function emptyTally(resource: string): Tally {
  return { resource, sum: NOTHING, bounds: BoundSet.empty, windows: [] };
}

export function isEmptyTally(tally: Tally): boolean {
  return tally.sum.limits === 0 && tally.windows.length === 0;
}

export function boundOf(limit: ResourceLimit): Bound | null {
  return limit.bound === 'amount' ? { amount: limit.amount, per: limit.perMicros ?? 1n } : null;
}

export function claimOfLimit(limit: ResourceLimit): Claim {
  return { sum: sumOf(limit), largest: boundOf(limit) };
}

export function claimOfTally(tally: Tally | null): Claim {
  if (tally === null) return NO_CLAIM;
  return { sum: tally.sum, largest: tally.bounds.largest };
}

/** The tally with one child's claim in place of its former one. @param keepsBounds as `keepsBounds` says */
export function withClaim(tally: Tally, before: Claim, after: Claim, keepsBounds: boolean): Tally {
  return {
    ...tally,
    sum: plus(minus(tally.sum, before.sum), after.sum),
    bounds: keepsBounds ? exchanged(tally.bounds, before.largest, after.largest) : tally.bounds,
  };
}

function exchanged(bounds: BoundSet, before: Bound | null, after: Bound | null): BoundSet {
  if (before !== null && after !== null && compareBoundValues(before, after) === 0) return bounds;
  const without = before === null ? bounds : bounds.minus(before);
  return after === null ? without : without.plus(after);
}

/** @param sign 1 adds the counts, -1 takes them */
export function withWindows(tally: Tally, counts: readonly WindowCount[], sign: 1 | -1): Tally {
  return { ...tally, windows: combinedWindows(tally.windows, counts, sign) };
}

export function combinedWindows(
  a: readonly WindowCount[],
  b: readonly WindowCount[],
  sign: 1 | -1,
): readonly WindowCount[] {
  const counts = [...a];
  for (const { key, count } of b) {
    const index = counts.findIndex((entry) => entry.key === key);
    const next = (counts[index]?.count ?? 0) + sign * count;
    if (index < 0) counts.push({ key, count: next });
    else if (next === 0) counts.splice(index, 1);
    else counts[index] = { key, count: next };
  }
  return counts.sort((x, y) => byCodeUnit(x.key, y.key));
}
