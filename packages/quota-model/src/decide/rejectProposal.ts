import type { RejectProposal } from '@prorata/schemas';
import { ownershipViolations } from '../authority/authorityViolations.ts';
import type { ApplicationState, Decision } from '../model.ts';
import { about, accept, refusal } from './answer.ts';
import { requireProposal } from './openProposals.ts';

export function rejectProposal(state: ApplicationState, command: RejectProposal): Decision {
  const { proposalId, envelope } = command;
  const found = requireProposal(state, proposalId, envelope);
  if ('refused' in found) return found.refused;
  const { quota } = found;
  const refused = refusal(ownershipViolations(state, quota.quotaId, envelope));
  if (refused !== null) return refused;
  return accept([{ type: 'ProposalRejected', data: { proposalId }, ...about(quota) }], proposalId);
}
