import type { WithdrawProposal } from '@prorata/schemas';
import type { ApplicationState, Decision } from '../model.ts';
import { about, accept, refuse } from './answer.ts';
import { isProposer, requireProposal } from './openProposals.ts';

export function withdrawProposal(state: ApplicationState, command: WithdrawProposal): Decision {
  const { proposalId, envelope } = command;
  const found = requireProposal(state, proposalId, envelope);
  if ('refused' in found) return found.refused;
  const { proposal, quota } = found;
  if (!isProposer(proposal, envelope)) {
    const message = `${proposalId} is not yours to withdraw: reject it.`;
    return refuse('NOT_ALLOWED', '/proposalId', message);
  }
  return accept([{ type: 'ProposalWithdrawn', data: { proposalId }, ...about(quota) }], proposalId);
}
