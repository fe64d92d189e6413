import {
  ancestorsOf,
  boundsInForce,
  declaredBy,
  effectiveLimits,
  proposalNow,
  proposalsOf,
} from '@prorata/quota-model';
import type { ApplicationState, QuotaState } from '@prorata/quota-model';
import type { LogView } from '../view/logView.ts';
import type { ResizeHistory } from './history.ts';

/** A history before its usage is read. */
export type Series = Omit<ResizeHistory, 'buckets'>;

/**
 * What the log says about every resource for which an owner or the application gave bounds, or could have:
 * a limit without bounds is listed too, so that its skip has a reason.
 */
export function seriesOf(view: LogView, state: ApplicationState, freshAt: bigint | null): Series[] {
  const stepped = resourcesInSteps(state);
  return [...state.quotas.values()].flatMap((quota) =>
    seriesOfQuota(view, state, quota, { freshAt, stepped: stepped.get(quota.quotaId) ?? NONE }),
  );
}

/** Stands for every resource of a quota. */
const ALL_RESOURCES = '*';
const NONE: ReadonlySet<string> = new Set();

/** Of which resources, by quota, proposals of whole steps change the limit. */
function resourcesInSteps(state: ApplicationState): ReadonlyMap<string, ReadonlySet<string>> {
  const named = new Map<string, Set<string>>();
  const name = (quotaId: string, resources: readonly string[]): void => {
    named.set(quotaId, new Set([...(named.get(quotaId) ?? []), ...resources]));
  };
  const steps = [...state.proposals.values()].flatMap(
    (proposal) => proposalNow(state, proposal).steps,
  );
  for (const { change, restore, move, delete: removal } of steps) {
    if (change !== null) {
      const { quotaId, setLimits, unsetLimits, onlySetLimits } = change;
      const limits = [...setLimits.map(({ resource }) => resource), ...unsetLimits];
      name(quotaId, onlySetLimits ? [ALL_RESOURCES] : limits);
    }
    for (const whole of [restore, move, removal]) {
      if (whole !== null) name(whole.quotaId, [ALL_RESOURCES]);
    }
  }
  return named;
}

function seriesOfQuota(
  view: LogView,
  state: ApplicationState,
  quota: QuotaState,
  { freshAt, stepped }: { readonly freshAt: bigint | null; readonly stepped: ReadonlySet<string> },
): Series[] {
  const { content, quotaId, version } = quota;
  const resources = new Set([
    ...content.limits.map(({ resource }) => resource),
    ...content.rightsizing.map(({ resource }) => resource),
  ]);
  const above = ancestorsOf(quotaId).map((id) => state.quotas.get(id));
  const path = [quota, ...above.filter((ancestor) => ancestor !== undefined)];
  const { registration } = state;
  const isBounded = content.rightsizing.length > 0 || registration.rightsizing.length > 0;
  const bounded = isBounded ? effectiveLimits(state, quotaId) : [];
  return [...resources].sort().map((resource) => {
    const layer = quota.rightsized.get(resource);
    const boundBy = bounded.find((limit) => limit.resource === resource)?.boundBy;
    return {
      quotaId,
      quotaVersion: version,
      resource,
      limit: layer?.limit ?? content.limits.find((limit) => limit.resource === resource) ?? null,
      bounds: boundsInForce(registration, content, resource),
      isUnderHaircut: path.some(({ haircuts }) => haircuts.size > 0),
      isOverridden: path.some(({ override }) => override !== null),
      isProposed:
        stepped.has(ALL_RESOURCES) ||
        stepped.has(resource) ||
        proposalsOf(state, quotaId).some(
          (proposal) =>
            proposal.limits.some((limit) => limit.resource === resource) ||
            proposal.unsetLimits.includes(resource),
        ),
      boundBy: boundBy === undefined || boundBy === quotaId ? null : boundBy,
      disturbedUntil: latest(path.map((node) => view.disturbedUntil(node.quotaId))),
      changedAt: layer?.provenance.at ?? declaredBy(quota, resource).at,
      declinedAt: view.declinedAt(quotaId, resource),
      freshAt,
    };
  });
}

function latest(times: readonly (bigint | null)[]): bigint | null {
  return times.reduce(
    (last, time) => (time !== null && (last === null || time > last) ? time : last),
    null,
  );
}
