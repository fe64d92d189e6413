/**
 * The rules of a tree checked anew on the whole of it, as plainly as they can be said: what the sums that a
 * state keeps are compared with. Slow on purpose; shares no code with the checks of a decision.
 */
import type { ResourceLimit } from '@prorata/schemas';
import { declaredLimit } from '../layers.ts';
import type { ApplicationState, QuotaState } from '../model.ts';
import { windowKey } from '../windowForm.ts';

/** Every rule that the tree breaks, in words; empty: it holds together. */
export function brokenRules(state: ApplicationState): string[] {
  const resources = [...state.registration.resources.keys()];
  return [
    ...brokenPlaces(state),
    ...resources.flatMap((resource) => [
      ...brokenMaxima(state, resource),
      ...brokenSums(state, resource),
      ...brokenWindows(state, resource),
      ...brokenEntitlements(state, resource),
    ]),
  ];
}

const parentIdOf = (id: string): string => id.split('/').slice(0, -1).join('/');

function pathAbove(state: ApplicationState, id: string): QuotaState[] {
  const above: QuotaState[] = [];
  for (let each = parentIdOf(id); each !== '' && each !== state.id; each = parentIdOf(each)) {
    const quota = state.quotas.get(each);
    if (quota !== undefined) above.push(quota);
  }
  return above;
}

function brokenPlaces(state: ApplicationState): string[] {
  return [...state.quotas.values()].flatMap(({ quotaId, content }) => {
    const parent = parentIdOf(quotaId);
    const broken: string[] = [];
    if (parent !== state.id && !state.quotas.has(parent)) broken.push(`${quotaId} has no parent`);
    if (state.children.get(parent)?.has(quotaId) !== true) broken.push(`${quotaId} is no child`);
    const payers = pathAbove(state, quotaId).map((quota) => quota.content.project);
    if (content.project !== null && payers.some((p) => p !== null && p !== content.project)) {
      broken.push(`${quotaId} has two payers`);
    }
    return broken;
  });
}

/** The nearest quota above that declares the resource. */
function declaredAbove(state: ApplicationState, id: string, resource: string): QuotaState | null {
  return pathAbove(state, id).find((quota) => declaredLimit(quota, resource) !== null) ?? null;
}

/** Amount per second as a fraction of two whole numbers. */
function valueOf(limit: ResourceLimit): readonly [bigint, bigint] {
  return [limit.amount * 1_000_000n, limit.perMicros ?? 1_000_000n];
}

function isAbove(limit: ResourceLimit, most: ResourceLimit): boolean {
  if (most.bound === 'unlimited' || limit.bound === 'blocked') return false;
  if (limit.bound === 'unlimited' || most.bound === 'blocked') return true;
  const [a, aPer] = valueOf(limit);
  const [b, bPer] = valueOf(most);
  return a * bPer > b * aPer;
}

function isAboveTotal(state: ApplicationState, { resource, bound, amount }: ResourceLimit) {
  const declaration = state.registration.resources.get(resource);
  const total = declaration?.kind === 'capacity' ? declaration.total : null;
  if (total === null || bound === 'blocked') return false;
  return bound === 'unlimited' || amount > total;
}

function brokenMaxima(state: ApplicationState, resource: string): string[] {
  return [...state.quotas.values()].flatMap((quota) => {
    const limit = declaredLimit(quota, resource);
    const above = declaredAbove(state, quota.quotaId, resource);
    const most = above === null ? null : declaredLimit(above, resource);
    if (limit !== null && above === null && isAboveTotal(state, limit)) {
      return [`${resource} of ${quota.quotaId} is above the total`];
    }
    if (limit === null || most === null || !isAbove(limit, most)) return [];
    return [`${resource} of ${quota.quotaId} is above ${above?.quotaId ?? ''}`];
  });
}

function brokenSums(state: ApplicationState, resource: string): string[] {
  const declaration = state.registration.resources.get(resource);
  const claims = new Map<string, ResourceLimit[]>();
  for (const quota of state.quotas.values()) {
    const limit = declaredLimit(quota, resource);
    if (limit === null) continue;
    const id = declaredAbove(state, quota.quotaId, resource)?.quotaId ?? state.id;
    claims.set(id, [...(claims.get(id) ?? []), limit]);
  }
  return [...claims].flatMap(([id, limits]) => {
    const quota = state.quotas.get(id);
    const most = quota === undefined ? null : declaredLimit(quota, resource);
    if (declaration?.kind === 'capacity') {
      const kept = limits.reduce((sum, { guaranteed }) => sum + (guaranteed ?? 0n), 0n);
      const has = most === null ? declaration.total : (most.guaranteed ?? 0n);
      return has !== null && kept > has ? [`guarantees of ${resource} under ${id}`] : [];
    }
    if (declaration?.kind !== 'consumable') return [];
    if (most !== null && most.bound !== 'amount') return [];
    const has = most === null ? declaration.total : most.amount;
    if (has === null) return [];
    if (limits.some(({ bound }) => bound === 'unlimited'))
      return [`unlimited ${resource} in ${id}`];
    const windows = new Set(limits.map(windowKey));
    return [...windows]
      .filter((key) => most === null || key === windowKey(most))
      .filter((key) => {
        const same = limits.filter((limit) => windowKey(limit) === key);
        return same.reduce((sum, { amount }) => sum + amount, 0n) > has;
      })
      .map((key) => `amounts of ${resource} per ${key} under ${id}`);
  });
}

function brokenWindows(state: ApplicationState, resource: string): string[] {
  const windowsOf = (quota: QuotaState): string[] =>
    [
      declaredLimit(quota, resource),
      quota.override?.limits.find((limit) => limit.resource === resource),
    ].flatMap((limit) =>
      limit?.kind === 'consumable' && limit.bound === 'amount' ? [windowKey(limit)] : [],
    );
  return [...state.quotas.values()].flatMap((quota) => {
    const path = [quota, ...pathAbove(state, quota.quotaId)].flatMap(windowsOf);
    return new Set(path).size > 1 && windowsOf(quota).length > 0
      ? [`windows of ${resource} on the path of ${quota.quotaId}`]
      : [];
  });
}

function brokenEntitlements(state: ApplicationState, resource: string): string[] {
  return [...state.entitlements.values()].flatMap((entitlement) => {
    if (entitlement.resource !== resource || entitlement.amount === 'unlimited') return [];
    const held = [...state.quotas.values()].flatMap((quota) => {
      const limit = declaredLimit(quota, resource);
      if (limit === null) return [];
      const path = [quota, ...pathAbove(state, quota.quotaId)];
      const payer = path.findLastIndex(({ content }) => content.project === entitlement.project);
      // Top-most: nobody between it and the top-most quota of its payer declares the resource.
      const isTop = path
        .slice(1, payer + 1)
        .every((each) => declaredLimit(each, resource) === null);
      return payer >= 0 && isTop ? [limit] : [];
    });
    const most = entitlement.amount === 'blocked' ? 0n : entitlement.amount;
    if (held.some(({ bound }) => bound === 'unlimited')) return [`unlimited ${resource} is held`];
    const [sum, per] = held
      .map(valueOf)
      .reduce<readonly [bigint, bigint]>(
        ([a, aPer], [b, bPer]) => [a * bPer + b * aPer, aPer * bPer],
        [0n, 1n],
      );
    return sum > most * per ? [`${entitlement.project} holds too much of ${resource}`] : [];
  });
}
