import type { RejectProposal } from '@prorata/schemas';
import { ownershipViolations } from '../authority/authorityViolations.ts';
import { proposalNow } from '../evolve/proposalNow.ts';
import type { ApplicationState, Decision, DecisionContext } from '../model.ts';
import { accept, refusal } from './answer.ts';
import { aboutProposal, requireProposal } from './openProposals.ts';

export function rejectProposal(
  state: ApplicationState,
  command: RejectProposal,
  context: DecisionContext,
): Decision {
  const { proposalId, envelope } = command;
  const found = requireProposal(state, proposalId, envelope, context);
  if ('refused' in found) return found.refused;
  const place = proposalNow(state, found.proposal).quotaId;
  const refused = refusal(ownershipViolations(state, place, envelope));
  if (refused !== null) return refused;
  return accept(
    [{ type: 'ProposalRejected', data: { proposalId }, ...aboutProposal(found) }],
    proposalId,
  );
}
