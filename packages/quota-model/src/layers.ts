/** The layers that lie on one quota, one resource at a time (ancestors apart: see effective.ts). */
import type { QuotaContent, ResourceLimit } from '@prorata/schemas';
import { compareBounds, cutLimit } from './limits.ts';
import type {
  HaircutLayer,
  OverrideLayer,
  Provenance,
  QuotaState,
  RightsizedLayer,
} from './model.ts';

export function limitFor(limits: readonly ResourceLimit[], resource: string): ResourceLimit | null {
  return limits.find((limit) => limit.resource === resource) ?? null;
}

/** What the owner and the evidence set, of a quota that is or would be. */
export interface DeclaredTerms {
  readonly content: QuotaContent;
  readonly rightsized: ReadonlyMap<string, Pick<RightsizedLayer, 'limit'>>;
}

/** What the owner and the evidence set: base, then rightsized. Sums and trees are checked with it. */
export function declaredLimit(quota: DeclaredTerms, resource: string): ResourceLimit | null {
  return quota.rightsized.get(resource)?.limit ?? limitFor(quota.content.limits, resource);
}

/** Who set the base limit of the resource: a change that left it as it was did not. */
export function declaredBy(
  quota: Pick<QuotaState, 'declared' | 'earlier'>,
  resource: string,
): Provenance {
  return quota.earlier?.get(resource) ?? quota.declared;
}

/** The override's limit of the resource, unless the override has ended by `endedBy`. */
export function overriddenLimit(
  quota: QuotaState,
  resource: string,
  endedBy: bigint | null,
): { readonly limit: ResourceLimit; readonly override: OverrideLayer } | null {
  const { override } = quota;
  if (override === null || (endedBy !== null && override.until <= endedBy)) return null;
  const limit = limitFor(override.limits, resource);
  return limit === null ? null : { limit, override };
}

export interface DeepestCut {
  readonly limit: ResourceLimit;
  /** Of the cut that leaves least, of equals the first id. */
  readonly haircut: HaircutLayer;
}

/**
 * Cuts of several budgets do not add up: what holds is the least that any of them leaves, of the bound and
 * of the burst each by itself, for a cut deeper in one may have a floor that is higher in the other.
 */
export function deepestCut(quota: QuotaState, uncut: ResourceLimit): DeepestCut | null {
  let deepest: DeepestCut | null = null;
  for (const haircut of quota.haircuts.values()) {
    const limit = cutLimit(uncut, haircut.cutBasisPoints, haircut.floorBasisPoints);
    if (deepest === null) deepest = { limit, haircut };
    else {
      const isDeeper = isTighter(limit, deepest.limit);
      deepest = {
        limit: leastOf(limit, deepest.limit),
        haircut: isDeeper ? haircut : deepest.haircut,
      };
    }
  }
  return deepest;
}

/** Of two cuts of one limit. */
function leastOf(a: ResourceLimit, b: ResourceLimit): ResourceLimit {
  const amount = a.amount < b.amount ? a.amount : b.amount;
  if (a.burst === null || b.burst === null) return { ...a, amount };
  return { ...a, amount, burst: a.burst < b.burst ? a.burst : b.burst };
}

/** A cut of one unit may show in the burst alone. */
function isTighter(a: ResourceLimit, b: ResourceLimit): boolean {
  const order = compareBounds(a, b);
  return order === 0 ? (a.burst ?? a.amount) < (b.burst ?? b.amount) : order < 0;
}

/** Every resource that some layer of the quota speaks of. */
export function resourcesOf(quota: QuotaState): Set<string> {
  const resources = new Set(quota.content.limits.map((limit) => limit.resource));
  for (const limit of quota.override?.limits ?? []) resources.add(limit.resource);
  return resources;
}
