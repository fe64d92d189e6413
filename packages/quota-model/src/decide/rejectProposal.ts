import type { RejectProposal } from '@prorata/schemas';
import type { ApplicationState, Decision } from '../model.ts';
import { about, accept } from './answer.ts';
import { requireProposal } from './openProposals.ts';

export function rejectProposal(state: ApplicationState, command: RejectProposal): Decision {
  const { proposalId, envelope } = command;
  const found = requireProposal(state, proposalId, envelope);
  if ('refused' in found) return found.refused;
  const { quota } = found;
  return accept([{ type: 'ProposalRejected', data: { proposalId }, ...about(quota) }], proposalId);
}
