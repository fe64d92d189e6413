import type { WithdrawProposal } from '@prorata/schemas';
import type { ApplicationState, Decision, DecisionContext } from '../model.ts';
import { accept, refuse } from './answer.ts';
import { aboutProposal, isProposer, requireProposal } from './openProposals.ts';

export function withdrawProposal(
  state: ApplicationState,
  command: WithdrawProposal,
  context: DecisionContext,
): Decision {
  const { proposalId, envelope } = command;
  const found = requireProposal(state, proposalId, envelope, context);
  if ('refused' in found) return found.refused;
  const { proposal } = found;
  if (!isProposer(proposal, envelope)) {
    const message = `${proposalId} is not yours to withdraw: reject it.`;
    return refuse('NOT_ALLOWED', '/proposalId', message);
  }
  return accept(
    [{ type: 'ProposalWithdrawn', data: { proposalId }, ...aboutProposal(found) }],
    proposalId,
  );
}
