/**
 * What is in force: computed from the layers of a quota and of its ancestors, never written over what
 * was declared. Ended overrides leave the state by an event, so no clock is needed here.
 */
import type { ResourceLimit } from '@prorata/schemas';
import { ancestorsOf, byCodeUnit } from './ids.ts';
import {
  declaredBy,
  declaredLimit,
  deepestCut,
  limitFor,
  overriddenLimit,
  resourcesOf,
} from './layers.ts';
import type { DeepestCut } from './layers.ts';
import { inheritedLimit, minLimit, sameLimit } from './limits.ts';
import type {
  ApplicationState,
  EffectiveLimit,
  ExplainedLayer,
  Provenance,
  QuotaState,
} from './model.ts';

/**
 * The limits in force of a quota, by resource in code-unit order; empty when there is no such quota. A
 * resource that neither the quota nor an ancestor speaks of has no entry.
 */
export function effectiveLimits(
  state: ApplicationState,
  quotaId: string,
): readonly EffectiveLimit[] {
  return effectiveLimitsAt(state, quotaId, null);
}

/**
 * As `effectiveLimits`, with the overrides that have ended by a moment left out.
 *
 * @param endedBy microseconds since the epoch; null: every override in the state is live.
 */
export function effectiveLimitsAt(
  state: ApplicationState,
  quotaId: string,
  endedBy: bigint | null,
): readonly EffectiveLimit[] {
  return limitsOnPath(pathOf(state, quotaId), endedBy);
}

/** As `effectiveLimits`, of a path as it is or was: the quota first, then those above it, nearest first. */
export function effectiveOnPath(path: readonly QuotaState[]): readonly EffectiveLimit[] {
  return limitsOnPath(path, null);
}

/** As `effectiveOnPath`, with the overrides that have ended by a moment left out. */
export function effectiveOnPathAt(
  path: readonly QuotaState[],
  endedBy: bigint,
): readonly EffectiveLimit[] {
  return limitsOnPath(path, endedBy);
}

function limitsOnPath(
  path: readonly QuotaState[],
  endedBy: bigint | null,
): readonly EffectiveLimit[] {
  const resources = new Set(path.flatMap((quota) => [...resourcesOf(quota)]));
  return [...resources].sort(byCodeUnit).flatMap((resource) => {
    const limit = effectiveOn(path, resource, endedBy);
    return limit === null ? [] : [limit];
  });
}

/** What is in force of one resource, as `effectiveLimits` has it; null: there is no such quota, or none speaks of it. */
export function effectiveLimit(
  state: ApplicationState,
  quotaId: string,
  resource: string,
): EffectiveLimit | null {
  return effectiveOn(pathOf(state, quotaId), resource, null);
}

/** What is in force of a resource at the first quota of a path, which may have been thought otherwise than it is. */
export function inForceOn(path: readonly QuotaState[], resource: string): ResourceLimit | null {
  return effectiveOn(path, resource, null)?.limit ?? null;
}

/** The quota first, then its ancestors, nearest first; empty when there is no such quota. */
export function pathOf(state: ApplicationState, quotaId: string): readonly QuotaState[] {
  if (!state.quotas.has(quotaId)) return [];
  return [quotaId, ...ancestorsOf(quotaId)].flatMap((id) => state.quotas.get(id) ?? []);
}

/**
 * What would hold for the resource with no haircut anywhere: base, rightsized, override, ancestors. null
 * when neither the quota nor an ancestor speaks of it.
 */
export function uncutLimit(
  state: ApplicationState,
  quotaId: string,
  resource: string,
): ResourceLimit | null {
  let held: ResourceLimit | null = null;
  for (const quota of pathOf(state, quotaId)) {
    const own = overriddenLimit(quota, resource, null)?.limit ?? declaredLimit(quota, resource);
    if (own !== null)
      held = held === null ? inheritedUnlessOwn(own, quota, quotaId) : minLimit(held, own);
  }
  return held;
}

function inheritedUnlessOwn(
  limit: ResourceLimit,
  quota: QuotaState,
  quotaId: string,
): ResourceLimit {
  return quota.quotaId === quotaId ? limit : inheritedLimit(limit);
}

function effectiveOn(
  path: readonly QuotaState[],
  resource: string,
  endedBy: bigint | null,
): EffectiveLimit | null {
  let limit: ResourceLimit | null = null;
  let boundBy = '';
  let isBelowOverride = false;
  const layers: ExplainedLayer[] = [];
  for (const [depth, quota] of path.entries()) {
    const own = ownLayers(quota, resource, endedBy, isBelowOverride);
    const inForce = own.at(-1);
    if (overriddenLimit(quota, resource, endedBy) !== null) isBelowOverride = true;
    if (inForce === undefined) continue;
    const next: ResourceLimit = within(limit, inForce.limit, depth);
    if (depth === 0) layers.push(...own);
    if (limit !== null && sameLimit(limit, next)) continue;
    if (depth > 0) layers.push(ancestorLayer(quota, inForce, next));
    limit = next;
    boundBy = quota.quotaId;
  }
  for (const { depth, quota, cut } of cutsOfInherited(path, resource, endedBy)) {
    const next = limit === null ? null : minLimit(limit, cut.limit);
    if (limit === null || next === null || sameLimit(limit, next)) continue;
    layers.push(depth > 0 ? ancestorLayer(quota, cut, next) : { ...cut, limit: next });
    limit = next;
    boundBy = quota.quotaId;
  }
  return limit === null ? null : { resource, limit, layers, boundBy };
}

interface CutOfInherited {
  readonly depth: number;
  readonly quota: QuotaState;
  readonly cut: ExplainedLayer;
}

/**
 * A cut bites where the quota that it lies on declares nothing, too, or whoever inherits from a level that
 * another pays for would go uncut. It is of what the quota inherits as that is declared: where the level
 * above carries the same cut, it comes to the same and is not cut twice. What a live override above lets
 * through is a person's word, which outweighs cuts.
 */
function cutsOfInherited(
  path: readonly QuotaState[],
  resource: string,
  endedBy: bigint | null,
): CutOfInherited[] {
  const cuts: CutOfInherited[] = [];
  for (const [depth, quota] of path.entries()) {
    // Below a live override no ancestor counts with its cuts, and the override is the quota's own limit.
    if (overriddenLimit(quota, resource, endedBy) !== null) break;
    if (quota.haircuts.size === 0 || declaredLimit(quota, resource) !== null) continue;
    const inherited = inheritedBelowOverride(path.slice(depth + 1), resource, endedBy);
    const deepest = inherited === null ? null : deepestCut(quota, inherited);
    if (deepest !== null) cuts.push({ depth, quota, cut: haircutLayer(deepest) });
  }
  return cuts;
}

/** What those above declare, whichever is least, as far up as no override is live. */
function inheritedBelowOverride(
  above: readonly QuotaState[],
  resource: string,
  endedBy: bigint | null,
): ResourceLimit | null {
  let held: ResourceLimit | null = null;
  for (const quota of above) {
    if (overriddenLimit(quota, resource, endedBy) !== null) break;
    const own = declaredLimit(quota, resource);
    if (own !== null) held = held === null ? inheritedLimit(own) : minLimit(held, own);
  }
  return held;
}

function within(held: ResourceLimit | null, own: ResourceLimit, depth: number): ResourceLimit {
  if (held !== null) return minLimit(held, own);
  return depth === 0 ? own : inheritedLimit(own);
}

function ancestorLayer(
  ancestor: QuotaState,
  inForce: ExplainedLayer,
  limit: ResourceLimit,
): ExplainedLayer {
  return { ...inForce, layer: 'ancestor', limit, ancestor: ancestor.quotaId };
}

/**
 * The quota's own layers of one resource, lowest first. `isBelowOverride`: a live override lies on a
 * quota further down the path, which lifts the haircuts above it, so that a fire can be fought.
 */
function ownLayers(
  quota: QuotaState,
  resource: string,
  endedBy: bigint | null,
  isBelowOverride: boolean,
): ExplainedLayer[] {
  const layers: ExplainedLayer[] = [];
  const base = limitFor(quota.content.limits, resource);
  if (base !== null) layers.push(layerOf('base', base, declaredBy(quota, resource)));
  const rightsized = quota.rightsized.get(resource);
  if (rightsized !== undefined) {
    const { limit, provenance, evidence } = rightsized;
    layers.push({ ...layerOf('rightsized', limit, provenance), evidence });
  }
  const uncut = layers.at(-1)?.limit ?? null;
  const cut = uncut === null || isBelowOverride ? null : deepestCut(quota, uncut);
  if (cut !== null) layers.push(haircutLayer(cut));
  const overridden = overriddenLimit(quota, resource, endedBy);
  if (overridden !== null) {
    const { limit, override } = overridden;
    const { until, suspension, provenance } = override;
    layers.push({ ...layerOf('override', limit, provenance), until, suspension });
  }
  return layers;
}

function haircutLayer({ limit, haircut }: DeepestCut): ExplainedLayer {
  const { provenance, evidence } = haircut;
  return { ...layerOf('haircut', limit, provenance), evidence, haircut };
}

function layerOf(
  layer: ExplainedLayer['layer'],
  limit: ResourceLimit,
  provenance: Provenance,
): ExplainedLayer {
  const none = { evidence: null, until: null, suspension: false, haircut: null, ancestor: null };
  return { layer, limit, provenance, ...none };
}
