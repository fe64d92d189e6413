/**
 * The sums of a tree, kept by `evolve`: every change costs O(depth × (different times + log children)), also
 * where a limit appears between an ancestor and those below, or falls away. A level that declares
 * nothing is looked through, so that leaving a level out evades no sum.
 */
import type { ResourceLimit } from '@prorata/schemas';
import { byCodeUnit, parentOf } from '../ids.ts';
import { indexPayers, indexQuota } from '../indexes/quotaIndexes.ts';
import { declaredLimit } from '../layers.ts';
import { sameLimit } from '../limits.ts';
import type { ApplicationState, QuotaState } from '../model.ts';
import { entitlementKey, projectOf } from '../payers.ts';
import { windowKey } from '../windowForm.ts';
import { NOTHING, minus, plus } from './sum.ts';
import type { Sum } from './sum.ts';
import {
  NO_CLAIM,
  claimOfLimit,
  claimOfTally,
  combinedWindows,
  emptyTally,
  isEmptyTally,
  withClaim,
  withWindows,
} from './tally.ts';
import type { Claim, Tally, WindowCount } from './tally.ts';

/** What is kept at a node (a quota, or the application by its id) of a resource; null: nothing below. */
export function tallyOf(state: ApplicationState, id: string, resource: string): Tally | null {
  const tallies = state.sums.get(id);
  const tally = tallies?.[placeOf(tallies, resource)];
  return tally?.resource === resource ? tally : null;
}

/** What the quota counts for above it: its own limit, or what is declared below it. */
export function claimOf(state: ApplicationState, quotaId: string, resource: string): Claim {
  const quota = state.quotas.get(quotaId);
  return claimIn(state, quotaId, resource, quota ?? null);
}

/** What a project holds of a resource: the claims of the top-most quotas that it pays for. */
export function heldBy(state: ApplicationState, project: string, resource: string): Sum {
  return state.held.get(entitlementKey(project, resource)) ?? NOTHING;
}

/** The windows of a consumable that the quota itself speaks of: declared, and overridden. */
export function ownWindows(quota: QuotaState | null, resource: string): readonly WindowCount[] {
  if (quota === null) return [];
  const limits = [
    declaredLimit(quota, resource),
    quota.override?.limits.find((limit) => limit.resource === resource) ?? null,
  ];
  const counts = limits.flatMap((limit) =>
    limit?.kind === 'consumable' && limit.bound === 'amount'
      ? [{ key: windowKey(limit), count: 1 }]
      : [],
  );
  return combinedWindows([], counts, 1);
}

/**
 * Puts a quota's record in the place of its former one and keeps every sum and index.
 *
 * @param before what stands there; null: it is new. @param after null: it goes, and has no children
 */
export function putQuota(
  state: ApplicationState,
  before: QuotaState | null,
  after: QuotaState | null,
): void {
  const quotaId = (after ?? before)?.quotaId ?? '';
  const isPayerChange =
    before !== null && after !== null && before.content.project !== after.content.project;
  const isPayerNew =
    before?.content.project !== after?.content.project &&
    payerOf(state, before) !== payerOf(state, after);
  if (isPayerChange) countPayers(state, quotaId, -1);
  if (isPayerNew) indexPayers(state, quotaId, -1);
  if (after === null) state.quotas.delete(quotaId);
  else state.quotas.set(quotaId, after);
  indexQuota(state, before, after);
  if (isPayerNew) indexPayers(state, quotaId, 1);
  for (const resource of resourcesOf(before, after)) {
    if (!isSameLimit(before, after, resource)) {
      const from = claimIn(state, quotaId, resource, before);
      const to = claimIn(state, quotaId, resource, after);
      const payer = isPayerChange ? null : topPayer(state, quotaId, after ?? before);
      if (payer !== null) exchangeHeld(state, payer, resource, from.sum, to.sum);
      replaceClaim(state, quotaId, resource, from, to);
    }
    replaceWindows(
      state,
      quotaId,
      resource,
      ownWindows(before, resource),
      ownWindows(after, resource),
    );
  }
  if (isPayerChange) countPayers(state, quotaId, 1);
}

/** The resources that a quota or those below it count for. */
export function claimedResources(state: ApplicationState, quotaId: string): Set<string> {
  const quota = state.quotas.get(quotaId) ?? null;
  const below = (state.sums.get(quotaId) ?? []).map((tally) => tally.resource);
  return new Set([...resourcesOf(quota, null), ...below]);
}

/** The windows of a quota and of all below it. */
export function windowsWithin(
  state: ApplicationState,
  quotaId: string,
  resource: string,
): readonly WindowCount[] {
  const own = ownWindows(state.quotas.get(quotaId) ?? null, resource);
  return combinedWindows(own, tallyOf(state, quotaId, resource)?.windows ?? [], 1);
}

/** Adds (1) or takes (-1) all that a subtree counts for above it and with who pays for it. */
export function countSubtree(state: ApplicationState, quotaId: string, sign: 1 | -1): void {
  countPayers(state, quotaId, sign);
  for (const resource of claimedResources(state, quotaId)) {
    const claim = claimOf(state, quotaId, resource);
    const windows = windowsWithin(state, quotaId, resource);
    const [from, to] = sign === 1 ? [NO_CLAIM, claim] : [claim, NO_CLAIM];
    replaceClaim(state, quotaId, resource, from, to);
    replaceWindows(state, quotaId, resource, sign === 1 ? [] : windows, sign === 1 ? windows : []);
  }
}

/** Resources whose limits in sums or windows two records of a quota may differ in. */
function resourcesOf(before: QuotaState | null, after: QuotaState | null): Set<string> {
  const resources = new Set<string>();
  for (const quota of [before, after]) {
    for (const limit of quota?.content.limits ?? []) resources.add(limit.resource);
    for (const limit of quota?.override?.limits ?? []) resources.add(limit.resource);
  }
  return resources;
}

function isSameLimit(a: QuotaState | null, b: QuotaState | null, resource: string): boolean {
  const limitOf = (quota: QuotaState | null): ResourceLimit | null =>
    quota === null ? null : declaredLimit(quota, resource);
  return sameLimit(limitOf(a), limitOf(b));
}

function claimIn(
  state: ApplicationState,
  quotaId: string,
  resource: string,
  quota: QuotaState | null,
): Claim {
  const limit = quota === null ? null : declaredLimit(quota, resource);
  return limit === null ? claimOfTally(tallyOf(state, quotaId, resource)) : claimOfLimit(limit);
}

function replaceClaim(
  state: ApplicationState,
  quotaId: string,
  resource: string,
  before: Claim,
  after: Claim,
): void {
  let [from, to] = [before, after];
  for (let id = parentOf(quotaId); ; id = parentOf(id)) {
    const isApplication = id === state.id;
    const former = tallyOf(state, id, resource) ?? emptyTally(resource);
    const tally = withClaim(former, from, to, keepsBounds(state, id, resource));
    setTally(state, id, tally);
    const quota = state.quotas.get(id);
    if (isApplication || quota === undefined || declaredLimit(quota, resource) !== null) return;
    [from, to] = [claimOfTally(former), claimOfTally(tally)];
    const payer = topPayer(state, id, quota);
    if (payer !== null) exchangeHeld(state, payer, resource, from.sum, to.sum);
  }
}

/**
 * Whether bounds are kept at a node: at the application only where its total bounds each of them. Millions may
 * stand on the first level.
 */
export function keepsBounds(state: ApplicationState, id: string, resource: string): boolean {
  return id !== state.id || state.registration.resources.get(resource)?.kind === 'capacity';
}

function replaceWindows(
  state: ApplicationState,
  quotaId: string,
  resource: string,
  before: readonly WindowCount[],
  after: readonly WindowCount[],
): void {
  if (before.length === 0 && after.length === 0) return;
  for (let id = parentOf(quotaId); id !== ''; id = parentOf(id)) {
    const former = tallyOf(state, id, resource) ?? emptyTally(resource);
    setTally(state, id, withWindows(withWindows(former, before, -1), after, 1));
  }
}

function setTally(state: ApplicationState, id: string, tally: Tally): void {
  const former = state.sums.get(id) ?? [];
  const at = placeOf(former, tally.resource);
  const held = former[at]?.resource === tally.resource ? 1 : 0;
  const kept = isEmptyTally(tally) ? [] : [tally];
  // A copy: whoever forked the state still reads the former one.
  const next = former.toSpliced(at, held, ...kept);
  if (next.length === 0) state.sums.delete(id);
  else state.sums.set(id, next);
}

/** Where a resource's tally stands, or belongs, in a list that is sorted by resource. */
function placeOf(tallies: readonly Tally[], resource: string): number {
  let [low, high] = [0, tallies.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (byCodeUnit(tallies[middle]?.resource ?? '', resource) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The project of a quota that is the top-most of those it pays for, else null. */
function topPayer(
  state: ApplicationState,
  quotaId: string,
  quota: QuotaState | null,
): string | null {
  const project = quota?.content.project ?? null;
  return project !== null && projectOf(state, parentOf(quotaId)) === null ? project : null;
}

/** Who pays where a quota's record is the given one. */
function payerOf(state: ApplicationState, quota: QuotaState | null): string | null {
  if (quota === null) return null;
  return quota.content.project ?? projectOf(state, parentOf(quota.quotaId));
}

/** The top-most quotas of every project in a subtree: nothing when an ancestor's project pays for it. */
export function countPayers(state: ApplicationState, quotaId: string, sign: 1 | -1): void {
  if (projectOf(state, parentOf(quotaId)) !== null) return;
  const quota = state.quotas.get(quotaId);
  const project = quota?.content.project ?? null;
  if (quota === undefined || project === null) {
    for (const child of state.children.get(quotaId) ?? []) countPayers(state, child, sign);
    return;
  }
  for (const resource of claimedResources(state, quotaId)) {
    const { sum } = claimIn(state, quotaId, resource, quota);
    const [from, to] = sign === 1 ? [NOTHING, sum] : [sum, NOTHING];
    exchangeHeld(state, project, resource, from, to);
  }
}

function exchangeHeld(
  state: ApplicationState,
  project: string,
  resource: string,
  before: Sum,
  after: Sum,
): void {
  const key = entitlementKey(project, resource);
  const held = plus(minus(state.held.get(key) ?? NOTHING, before), after);
  if (held.limits === 0) state.held.delete(key);
  else state.held.set(key, held);
}
