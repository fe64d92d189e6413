/** Rules: what hosts enforce for a quota, made from what is in force. */
import type { EventMessage, Rule, RuleAfter } from '@prorata/schemas';
import { effectiveLimits, effectiveLimitsAt, pathOf } from './effective.ts';
import type { ApplicationState, Registration } from './model.ts';
import { projectOf } from './payers.ts';
import { ruleCandidateOf } from './rollouts/ruleCandidate.ts';
import { ruleTerms } from './ruleTerms.ts';
import { isBlockedElse } from './suspension.ts';

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
  const limits = effectiveLimits(state, quotaId).map((effective) => effective.limit);
  const after = afterOf(state, quotaId);
  return {
    application: state.id,
    quotaId,
    quotaVersion: quota.version,
    limits,
    ...ruleTerms(quota.content, state.registration),
    project: projectOf(state, quotaId),
    after,
    candidate: ruleCandidateOf(state, quotaId, { limits, after }),
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

/** A quota, or (with all below it) also an application, that an event may alter. */
export interface AffectedPart {
  readonly id: string;
  readonly isWithBelow: boolean;
}

/** What is asked about: rules, or limits in force alone, of which a registration presets nothing. */
export type AffectedMatter = 'rules' | 'limits';

/**
 * Where rules or effective limits may differ by an event that the state has just evolved with, the deleted
 * included. It costs no walk but that of a move, which is bounded.
 *
 * @param former the registration before the event; null: there was none
 */
export function affectedParts(
  state: ApplicationState,
  event: EventMessage,
  former: Registration | null,
  matter: AffectedMatter = 'rules',
): readonly AffectedPart[] {
  const { quotaId } = event.value.envelope;
  switch (event.type) {
    case 'ApplicationRegistered':
      return former === null ? [] : registeredParts(state, former, matter);
    case 'HaircutApplied':
    case 'HaircutLifted':
    case 'QuotaChanged':
    case 'QuotaOverridden':
    case 'QuotaOverrideEnded':
    case 'QuotaResized':
    case 'QuotaRestored':
    case 'QuotaTransferred':
      return quotaId === null ? [] : [withBelow(quotaId)];
    case 'RolloutStarted':
      return matter === 'limits'
        ? []
        : event.value.candidates.map((candidate) => withBelow(candidate.quotaId));
    case 'RolloutAdvanced':
    case 'RolloutPromoted':
    case 'RolloutRolledBack':
      return matter === 'limits' ? [] : event.value.quotaIds.map(withBelow);
    case 'QuotaMoved':
      return quotaId === null ? [] : movedQuotas(state, quotaId, event.value.toQuotaId).map(alone);
    case 'ChangeProposed':
    case 'ProposalApproved':
    case 'ProposalExpired':
    case 'ProposalOpened':
    case 'ProposalRejected':
    case 'ProposalWithdrawn':
    case 'QuotaCreated':
    case 'QuotaDeleted':
      return quotaId === null ? [] : [alone(quotaId)];
    case 'AllocationCompleted':
    case 'BudgetDefined':
    case 'BudgetOverridden':
    case 'BudgetOverrideLifted':
    case 'BudgetRetired':
    case 'BudgetThresholdCrossed':
    case 'CreditGranted':
    case 'CreditWithdrawn':
    case 'CutCompleted':
    case 'CutFollowed':
    case 'CutRehearsed':
    case 'CutIntended':
    case 'EntitlementAllocated':
    case 'EntitlementSet':
    case 'HeadsAnchored':
    case 'OrganizationRegistered':
    case 'PeriodClosed':
    case 'PriceBookDefined':
    case 'ProjectDefined':
    case 'ProjectRetired':
    case 'RightsizingRehearsed':
    case 'RolloutPaused':
    case 'RolloutResumed':
    case 'TeamDefined':
    case 'TeamRetired':
    case 'TierPolicyPublished':
    case 'TreeChangeProposed':
      return [];
  }
}

/**
 * The quotas of those parts, parents before children. Some may turn out equal: compare before writing. An
 * event may affect a whole application, so they come one by one; meanwhile the state must not change.
 */
export function* affectedQuotas(
  state: ApplicationState,
  event: EventMessage,
  former: Registration | null,
): Generator<string> {
  for (const part of affectedParts(state, event, former)) yield* quotasIn(state, part);
}

/** The quotas of one part, parents before children, one by one. */
export function* quotasIn(state: ApplicationState, part: AffectedPart): Generator<string> {
  if (part.id !== state.id) yield part.id;
  if (!part.isWithBelow) return;
  const open = [part.id];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const child of state.children.get(id) ?? []) {
      yield child;
      if (state.children.has(child)) open.push(child);
    }
  }
}

const alone = (id: string): AffectedPart => ({ id, isWithBelow: false });
const withBelow = (id: string): AffectedPart => ({ id, isWithBelow: true });

/** A registration says what holds where a quota says nothing, and what a suspension blocks. */
function registeredParts(
  state: ApplicationState,
  former: Registration,
  matter: AffectedMatter,
): AffectedPart[] {
  const { registration } = state;
  const hasOtherDefaults =
    registration.defaultMode !== former.defaultMode ||
    registration.defaultOnStale !== former.defaultOnStale;
  if (hasOtherDefaults && matter === 'rules') return [withBelow(state.id)];
  return isBlockedElse(former, registration)
    ? [...state.suspended.values()].flatMap((ids) => [...ids].map(withBelow))
    : [];
}

/** The paths that are gone, then those that came. */
function movedQuotas(state: ApplicationState, quotaId: string, toQuotaId: string): string[] {
  const now = [...quotasIn(state, withBelow(toQuotaId))];
  return [...now.map((id) => `${quotaId}${id.slice(toQuotaId.length)}`), ...now];
}
