import {
  ancestorsOf,
  boundsInForce,
  declaredBy,
  declaredLimit,
  effectiveLimits,
  isPinned,
  proposalNow,
  proposalsOf,
  rolledBackAt,
} from '@prorata/quota-model';
import type { AmountBounds, ApplicationState, QuotaState } from '@prorata/quota-model';
import type { ResourceLimit } from '@prorata/schemas';
import type { ResizePolicy } from '../policy.ts';
import type { WorkloadClass } from '../recommend/recommendation.ts';
import type { DemandOf } from '../rollups/rolledUsage.ts';
import { isLower } from '../view/disturbances.ts';
import type { Span } from '../view/disturbances.ts';
import type { LogView } from '../view/logView.ts';
import { classOf, isRightsized } from './sizingOf.ts';

/** What the log says of one resource of one quota. Times are microseconds since the epoch. */
export interface Series {
  readonly quotaId: string;
  readonly quotaVersion: bigint;
  readonly resource: string;
  /** What the owner or evidence last set, without cuts and overrides; null: inherited. */
  readonly limit: ResourceLimit | null;
  /** How far the owner, or else the application, lets us go; null: not at all. */
  readonly bounds: AmountBounds | null;
  /** null: of no kind that evidence moves. */
  readonly workload: WorkloadClass | null;
  readonly isPinned: boolean;
  /** Whose demand it is held against. */
  readonly demandOf: DemandOf;
  /** A cut lies on the quota or on one above it. */
  readonly isUnderHaircut: boolean;
  /** An override lies on the quota or on one above it. */
  readonly isOverridden: boolean;
  /** A proposal for this resource waits for a person. */
  readonly isProposed: boolean;
  /** A change of the quota is on its way in stages. */
  readonly isInRollout: boolean;
  /** The quota above whose limit binds instead; null: its own does. */
  readonly boundBy: string | null;
  /** When cuts, overrides or lower limits above held the demand down: what was seen then says nothing. */
  readonly disturbed: readonly Span[];
  /** When the limit was last set. */
  readonly changedAt: bigint;
  /** When evidence last lowered it. */
  readonly loweredAt: bigint | null;
  /** When a person last declined, or let a proposal lapse. */
  readonly declinedAt: bigint | null;
  /** When hosts' health last rolled a resize of it back. */
  readonly rolledBackAt: bigint | null;
  /** Up to when the usage of this application is known; null: not at all. */
  readonly freshAt: bigint | null;
}

/**
 * What the log says about every resource for which an owner or the application gave bounds, or could have:
 * a limit without bounds is listed too, so that its skip has a reason.
 */
export function seriesOf(
  view: LogView,
  state: ApplicationState,
  policy: Pick<ResizePolicy, 'classes' | 'demandOf'>,
  freshAt: bigint | null,
): Series[] {
  const stepped = resourcesInSteps(state);
  return [...state.quotas.values()].flatMap((quota) =>
    seriesOfQuota({ view, state, policy, freshAt }, quota, stepped.get(quota.quotaId) ?? NONE),
  );
}

interface Ground {
  readonly view: LogView;
  readonly state: ApplicationState;
  readonly policy: Pick<ResizePolicy, 'classes' | 'demandOf'>;
  readonly freshAt: bigint | null;
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
  { view, state, policy, freshAt }: Ground,
  quota: QuotaState,
  stepped: ReadonlySet<string>,
): Series[] {
  const { content, quotaId, version } = quota;
  const resources = new Set([
    ...content.limits.map(({ resource }) => resource),
    ...content.rightsizing.map(({ resource }) => resource),
  ]);
  const above = ancestorsOf(quotaId)
    .map((id) => state.quotas.get(id))
    .filter((ancestor) => ancestor !== undefined);
  const path = [quota, ...above];
  const { registration } = state;
  const isBounded = content.rightsizing.length > 0 || registration.rightsizing.length > 0;
  const bounded = isBounded ? effectiveLimits(state, quotaId) : [];
  const held = path.flatMap((node) => view.disturbances.spansOf(node.quotaId));
  const isFleets = content.requests?.scope === 'fleet';
  return [...resources].sort().map((resource) => {
    const limit = declaredLimit(quota, resource);
    const boundBy = bounded.find((each) => each.resource === resource)?.boundBy;
    const layer = quota.rightsized.get(resource);
    const kind = limit?.kind ?? null;
    return {
      quotaId,
      quotaVersion: version,
      resource,
      limit,
      bounds: boundsInForce(registration, content, resource),
      workload:
        kind !== null && isRightsized(kind)
          ? classOf(state, quotaId, { resource, kind }, policy)
          : null,
      isPinned: isPinned(state, quotaId, resource),
      demandOf: isFleets ? 'fleet' : policy.demandOf,
      isUnderHaircut: path.some(({ haircuts }) => haircuts.size > 0),
      isOverridden: path.some(({ override }) => override !== null),
      isProposed:
        stepped.has(ALL_RESOURCES) || stepped.has(resource) || isProposed(state, quotaId, resource),
      isInRollout: state.inRollout.has(quotaId),
      boundBy: boundBy === undefined || boundBy === quotaId ? null : boundBy,
      disturbed: limit === null ? held : [...held, ...lowerAbove(view, above, limit)],
      changedAt: layer?.provenance.at ?? declaredBy(quota, resource).at,
      loweredAt: view.disturbances.loweredAt(quotaId, resource),
      declinedAt: view.declinedAt(quotaId, resource),
      rolledBackAt: rolledBackAt(quota, resource),
      freshAt,
    };
  });
}

function isProposed(state: ApplicationState, quotaId: string, resource: string): boolean {
  return proposalsOf(state, quotaId).some(
    (proposal) =>
      proposal.limits.some((limit) => limit.resource === resource) ||
      proposal.unsetLimits.includes(resource),
  );
}

/** When a limit above let less through than this one does now: callers may have stayed away. */
function lowerAbove(view: LogView, above: readonly QuotaState[], limit: ResourceLimit): Span[] {
  return above.flatMap((node) =>
    view.disturbances
      .pastLimits(node.quotaId, limit.resource)
      .filter((past) => isLower(past.limit, limit))
      .map(({ from, to }) => ({ from, to })),
  );
}
