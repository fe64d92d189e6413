/** Moments at which a stream changes by itself: the writer keeps them and appends the event, also late. */
import type { EventMessage } from '@prorata/schemas';
import { subtreeOf } from './evolve/moveQuota.ts';
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

/** All due times of the state, the earliest first: a walk over all of them (see `touchedTimers`). */
export function dueTimes(state: StreamState): readonly DueTime[] {
  if (state.kind !== 'application') return [];
  const timers = [
    ...[...state.overridden].map((quotaId) => `${OVERRIDE}${quotaId}`),
    ...[...state.proposals.keys()].map((proposalId) => `${PROPOSAL}${proposalId}`),
  ];
  return timers
    .flatMap((timer) => dueTimeOf(state, timer) ?? [])
    .sort((a, b) => (a.at === b.at ? byCodeUnit(a.timer, b.timer) : a.at < b.at ? -1 : 1));
}

/** One due time by its timer's name; null: it is not, or no longer, set. */
export function dueTimeOf(state: StreamState, timer: string): DueTime | null {
  if (state.kind !== 'application') return null;
  const override = state.quotas.get(nameIn(timer, OVERRIDE))?.override ?? null;
  const proposal = state.proposals.get(nameIn(timer, PROPOSAL));
  const at = override?.until ?? proposal?.expiresAt;
  const provenance = (override ?? proposal)?.provenance;
  if (at === undefined || provenance === undefined) return null;
  return { at, timer, actor: provenance.actor, reason: provenance.reason };
}

/** Empty, which names nothing, when the timer is of another kind. */
function nameIn(timer: string, kind: string): string {
  return timer.startsWith(kind) ? timer.slice(kind.length) : '';
}

/**
 * The timers that an event may have set, moved or ended, so that due times can be kept without a walk:
 * ask `dueTimeOf` for each of them.
 *
 * @param state evolved with the event. A deleted quota's timers are among them only as far as its own
 *   events say: what is left over is not due any more when it is asked for.
 */
export function touchedTimers(state: StreamState, event: EventMessage): readonly string[] {
  if (state.kind !== 'application') return [];
  const { quotaId } = event.value.envelope;
  const timers = quotaId === null ? [] : [`${OVERRIDE}${quotaId}`];
  if ('proposalId' in event.value && event.value.proposalId !== null) {
    timers.push(`${PROPOSAL}${event.value.proposalId}`);
  }
  if (event.type !== 'QuotaMoved' || quotaId === null) return timers;
  const { toQuotaId } = event.value;
  for (const id of subtreeOf(state, toQuotaId)) {
    timers.push(`${OVERRIDE}${id}`, `${OVERRIDE}${quotaId}${id.slice(toQuotaId.length)}`);
  }
  return timers;
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
  if (proposal?.expiresAt !== at) return [];
  if (proposal.steps.length > 0) {
    return [{ type: 'ProposalExpired', data: { proposalId }, quotaId: null, quotaVersion: null }];
  }
  const quota = state.quotas.get(proposal.quotaId);
  if (quota === undefined) return [];
  const { quotaId } = quota;
  const quotaVersion = quota.version + 1n;
  return [{ type: 'ProposalExpired', data: { proposalId }, quotaId, quotaVersion }];
}
