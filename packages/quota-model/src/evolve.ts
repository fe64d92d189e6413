/** The fold: what each event makes of a stream's state. It reads the event alone and checks little: decide did. */
import type { EventMessage } from '@prorata/schemas';
import { BrokenStream } from './faults.ts';
import { evolveAnchor } from './evolve/anchor.ts';
import { evolveApplication } from './evolve/application.ts';
import { evolveOrganization } from './evolve/organization.ts';
import { evolvePriceBook } from './evolve/priceBook.ts';
import { evolveTierPolicy } from './evolve/tierPolicy.ts';
import type { StreamState } from './model.ts';

/**
 * The state after `event`. It owns `state` and changes it in place.
 *
 * @param state null before the stream's first event.
 * @throws BrokenStream when the event does not follow from the state: the partition must stop.
 */
export function evolve(state: StreamState | null, event: EventMessage): StreamState {
  switch (event.type) {
    case 'AllocationCompleted':
    case 'BudgetDefined':
    case 'BudgetOverridden':
    case 'BudgetOverrideLifted':
    case 'BudgetRetired':
    case 'BudgetThresholdCrossed':
    case 'CreditGranted':
    case 'CreditWithdrawn':
    case 'CutCompleted':
    case 'CutIntended':
    case 'CutRehearsed':
    case 'EntitlementAllocated':
    case 'OrganizationRegistered':
    case 'PeriodClosed':
    case 'ProjectDefined':
    case 'ProjectRetired':
    case 'TeamDefined':
    case 'TeamRetired':
      return evolveOrganization(ofKind(state, 'organization', event), event);
    case 'HeadsAnchored':
      return evolveAnchor(ofKind(state, 'anchor', event), event);
    case 'PriceBookDefined':
      return evolvePriceBook(ofKind(state, 'pricebook', event), event);
    case 'TierPolicyPublished':
      return evolveTierPolicy(ofKind(state, 'tierpolicy', event), event);
    case 'ApplicationRegistered':
    case 'ChangeProposed':
    case 'CutFollowed':
    case 'EntitlementSet':
    case 'HaircutApplied':
    case 'HaircutLifted':
    case 'ProposalApproved':
    case 'ProposalExpired':
    case 'ProposalOpened':
    case 'ProposalRejected':
    case 'ProposalWithdrawn':
    case 'QuotaChanged':
    case 'QuotaCreated':
    case 'QuotaDeleted':
    case 'QuotaMoved':
    case 'QuotaOverridden':
    case 'QuotaOverrideEnded':
    case 'QuotaResized':
    case 'QuotaRestored':
    case 'QuotaTransferred':
    case 'RolloutAdvanced':
    case 'RolloutPaused':
    case 'RolloutPromoted':
    case 'RolloutResumed':
    case 'RolloutRolledBack':
    case 'RolloutStarted':
    case 'RightsizingRehearsed':
    case 'TreeChangeProposed':
      return evolveApplication(ofKind(state, 'application', event), event);
  }
}

function ofKind<K extends StreamState['kind']>(
  state: StreamState | null,
  kind: K,
  event: EventMessage,
): Extract<StreamState, { kind: K }> | null {
  if (state === null) return null;
  if (state.kind !== kind) throw new BrokenStream(event, `the stream's state is of ${state.kind}`);
  return state as Extract<StreamState, { kind: K }>;
}
