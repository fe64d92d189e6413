import { proposalNow, proposalsOf } from '@prorata/quota-model';
import type { ProposalState, StreamState } from '@prorata/quota-model';
import type { EventMessage } from '@prorata/schemas';
import type { ProposalStatus } from '../rows/currentRows.ts';

export interface ClosingProposal {
  readonly proposal: ProposalState;
  readonly status: ProposalStatus;
}

const endings: Readonly<Partial<Record<EventMessage['type'], ProposalStatus>>> = {
  ProposalApproved: 'approved',
  ProposalRejected: 'rejected',
  ProposalExpired: 'expired',
  ProposalWithdrawn: 'withdrawn',
};

/**
 * The open proposals that an event closes, as they stood before it: the state keeps open ones only.
 * A quota's proposals go with it.
 */
export function closingProposals(
  before: StreamState | null,
  event: EventMessage,
): readonly ClosingProposal[] {
  if (before?.kind !== 'application') return [];
  if (event.type === 'QuotaDeleted') {
    const { quotaId } = event.value.envelope;
    return proposalsOf(before, quotaId ?? '').map((proposal) => ({
      proposal,
      status: 'withdrawn',
    }));
  }
  const status = endings[event.type];
  if (status === undefined || !('proposalId' in event.value)) return [];
  const proposal = before.proposals.get(event.value.proposalId ?? '');
  return proposal === undefined ? [] : [{ proposal: proposalNow(before, proposal), status }];
}
