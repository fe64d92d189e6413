/** Rules: what hosts enforce for a quota, made from what is in force. */
import type { EventMessage, Rule, RuleAfter } from '@prorata/schemas';
import { effectiveLimits, effectiveLimitsAt, pathOf } from './effective.ts';
import { byCodeUnit } from './ids.ts';
import type { ApplicationState } from './model.ts';
import { projectOf } from './payers.ts';

/**
 * The quota's rule, but for what the event behind it says.
 *
 * @throws RangeError when there is no such quota: ask for those that the state holds.
 */
export function ruleOf(
  state: ApplicationState,
  quotaId: string,
): Omit<Rule, 'eventOffset' | 'decidedAt'> {
  const quota = state.quotas.get(quotaId);
  if (quota === undefined) throw new RangeError(`There is no quota ${quotaId} in ${state.id}.`);
  const { content } = quota;
  return {
    application: state.id,
    quotaId,
    quotaVersion: quota.version,
    limits: effectiveLimits(state, quotaId).map((effective) => effective.limit),
    match: content.match,
    action: content.action,
    degradeTag: content.degradeTag,
    mode: content.mode ?? state.registration.defaultMode,
    onStale: content.onStale ?? state.registration.defaultOnStale,
    tier: content.tier,
    project: projectOf(state, quotaId),
    after: afterOf(state, quotaId),
  };
}

/** What holds after the earliest end of an override on the path; a later end comes with that end's rule. */
function afterOf(state: ApplicationState, quotaId: string): RuleAfter | null {
  let at: bigint | null = null;
  for (const { override } of pathOf(state, quotaId)) {
    if (override !== null && (at === null || override.until < at)) at = override.until;
  }
  if (at === null) return null;
  const limits = effectiveLimitsAt(state, quotaId, at).map((effective) => effective.limit);
  return { at, limits };
}

/**
 * Quotas whose rule or effective limits may differ by an event that the state has just evolved with, the
 * deleted included; parents before children. Some may turn out equal: compare before writing.
 */
export function affectedQuotas(state: ApplicationState, event: EventMessage): readonly string[] {
  const { quotaId } = event.value.envelope;
  switch (event.type) {
    case 'ApplicationRegistered':
      return below(state, state.id);
    case 'HaircutApplied':
    case 'HaircutLifted':
    case 'QuotaChanged':
    case 'QuotaOverridden':
    case 'QuotaOverrideEnded':
    case 'QuotaResized':
    case 'QuotaRestored':
    case 'QuotaTransferred':
      return quotaId === null ? [] : [quotaId, ...below(state, quotaId)];
    case 'QuotaMoved':
      return quotaId === null ? [] : movedQuotas(state, quotaId, event.value.toQuotaId);
    case 'ChangeProposed':
    case 'ProposalApproved':
    case 'ProposalExpired':
    case 'ProposalOpened':
    case 'ProposalRejected':
    case 'ProposalWithdrawn':
    case 'QuotaCreated':
    case 'QuotaDeleted':
      return quotaId === null ? [] : [quotaId];
    case 'AllocationCompleted':
    case 'BudgetDefined':
    case 'BudgetRetired':
    case 'CutCompleted':
    case 'CutIntended':
    case 'EntitlementAllocated':
    case 'EntitlementSet':
    case 'OrganizationRegistered':
    case 'PriceBookDefined':
    case 'ProjectDefined':
    case 'ProjectRetired':
    case 'TeamDefined':
    case 'TeamRetired':
    case 'TierPolicyPublished':
      return [];
  }
}

/** The paths that are gone, then those that came. */
function movedQuotas(state: ApplicationState, quotaId: string, toQuotaId: string): string[] {
  const now = [toQuotaId, ...below(state, toQuotaId)];
  return [...now.map((id) => `${quotaId}${id.slice(toQuotaId.length)}`), ...now];
}

function below(state: ApplicationState, id: string): string[] {
  const children = [...(state.children.get(id) ?? [])].sort(byCodeUnit);
  return children.flatMap((child) => [child, ...below(state, child)]);
}
