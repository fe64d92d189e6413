/** Open proposals and their indexes, always changed together. */
import { writableSet } from '../fork/fork.ts';
import type { ApplicationState, ProposalState } from '../model.ts';
import { leaveAliases, useAliases } from './aliases.ts';

export function addProposal(state: ApplicationState, proposal: ProposalState): void {
  const { proposalId, quotaId } = proposal;
  state.proposals.set(proposalId, proposal);
  if (proposal.steps.length > 0) {
    useAliases(state, proposal);
    return;
  }
  const ids = writableSet(state.proposalsByQuota, quotaId);
  if (ids === undefined) state.proposalsByQuota.set(quotaId, new Set([proposalId]));
  else ids.add(proposalId);
}

/** false when no such proposal is open. */
export function removeProposal(state: ApplicationState, proposalId: string): boolean {
  const proposal = state.proposals.get(proposalId);
  if (proposal === undefined) return false;
  state.proposals.delete(proposalId);
  leaveAliases(state, proposal);
  const ids = writableSet(state.proposalsByQuota, proposal.quotaId);
  ids?.delete(proposalId);
  if (ids?.size === 0) state.proposalsByQuota.delete(proposal.quotaId);
  return true;
}

/** The open proposals of one quota's limits, in the order of their ids in the state. */
export function proposalsOf(state: ApplicationState, quotaId: string): readonly ProposalState[] {
  const ids = state.proposalsByQuota.get(quotaId) ?? [];
  return [...ids].flatMap((id) => state.proposals.get(id) ?? []);
}
