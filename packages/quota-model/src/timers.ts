/** Moments at which a stream changes by itself: the writer keeps them and appends the event, also late. */
import { byCodeUnit } from './ids.ts';
import type {
  ApplicationState,
  DecisionContext,
  DueTime,
  EventDraft,
  StreamState,
} from './model.ts';

const OVERRIDE = 'override:';
const PROPOSAL = 'proposal:';

/** All due times of the state, the earliest first. */
export function dueTimes(state: StreamState): readonly DueTime[] {
  if (state.kind !== 'application') return [];
  return [...overrideEnds(state), ...proposalEnds(state)].sort((a, b) =>
    a.at === b.at ? byCodeUnit(a.timer, b.timer) : a.at < b.at ? -1 : 1,
  );
}

function overrideEnds(state: ApplicationState): DueTime[] {
  return [...state.overridden].flatMap((quotaId) => {
    const override = state.quotas.get(quotaId)?.override ?? null;
    if (override === null) return [];
    const { actor, reason } = override.provenance;
    return [{ at: override.until, timer: `${OVERRIDE}${quotaId}`, actor, reason }];
  });
}

function proposalEnds(state: ApplicationState): DueTime[] {
  return [...state.proposals.values()].map(({ proposalId, expiresAt, provenance }) => {
    const { actor, reason } = provenance;
    return { at: expiresAt, timer: `${PROPOSAL}${proposalId}`, actor, reason };
  });
}

/** The events of a due time; none when it is not due yet, or no longer (lifted, decided, set anew). */
export function decideTimer(
  state: StreamState,
  due: DueTime,
  context: DecisionContext,
): readonly EventDraft[] {
  if (state.kind !== 'application' || context.now < due.at) return [];
  if (due.timer.startsWith(OVERRIDE)) {
    return endOverride(state, due.timer.slice(OVERRIDE.length), due.at);
  }
  if (due.timer.startsWith(PROPOSAL)) {
    return expireProposal(state, due.timer.slice(PROPOSAL.length), due.at);
  }
  return [];
}

function endOverride(state: ApplicationState, quotaId: string, at: bigint): EventDraft[] {
  const quota = state.quotas.get(quotaId);
  if (quota?.override?.until !== at) return [];
  const quotaVersion = quota.version + 1n;
  return [{ type: 'QuotaOverrideEnded', data: { end: 'expired' }, quotaId, quotaVersion }];
}

function expireProposal(state: ApplicationState, proposalId: string, at: bigint): EventDraft[] {
  const proposal = state.proposals.get(proposalId);
  const quota = state.quotas.get(proposal?.quotaId ?? '');
  if (proposal?.expiresAt !== at || quota === undefined) return [];
  const { quotaId } = quota;
  const quotaVersion = quota.version + 1n;
  return [{ type: 'ProposalExpired', data: { proposalId }, quotaId, quotaVersion }];
}
