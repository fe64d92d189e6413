import type { ApproveProposal } from '@prorata/schemas';
import { resizeAuthorityViolations } from '../authority/authorityViolations.ts';
import { rolesAt } from '../authority/sender.ts';
import { safetyOf } from '../authority/waivers.ts';
import type { ApplicationState, Decision, DecisionContext } from '../model.ts';
import { resizeChange, resizeViolations } from '../validate/resize.ts';
import { about, accept, refusal, refuse } from './answer.ts';
import { requireProposal } from './openProposals.ts';

/** A proposal is validated anew: the tree, the bounds and the budgets may have changed since. */
export function approveProposal(
  state: ApplicationState,
  command: ApproveProposal,
  context: DecisionContext,
): Decision {
  const { envelope } = command;
  const found = requireProposal(state, command.proposalId, envelope);
  if ('refused' in found) return found.refused;
  const { proposal, quota } = found;
  if (proposal.expiresAt <= context.now) {
    return refuse('PROPOSAL_UNKNOWN', '/proposalId', `${proposal.proposalId} has expired.`);
  }
  const proposer = proposal.provenance.actor;
  if (proposer.issuer === envelope.actor.issuer && proposer.subject === envelope.actor.subject) {
    return refuse('SELF_APPROVAL', '', 'Who proposed a change may not approve it.');
  }
  const { limit, evidence, proposalId } = proposal;
  const refused = refusal([
    ...resizeAuthorityViolations(state, quota, limit, envelope),
    ...resizeViolations(state, quota, limit, rolesAt(envelope, quota.quotaId)),
  ]);
  if (refused !== null) return refused;
  const change = resizeChange(state, quota, limit);
  const safety = safetyOf(change, envelope, context, evidence.windowEnd);
  const unsafe = refusal(safety.violations);
  if (unsafe !== null) return unsafe;
  return accept(
    [
      { type: 'ProposalApproved', data: { proposalId }, ...about(quota) },
      { type: 'QuotaResized', data: { limit, evidence, proposalId }, ...about(quota, 2n) },
    ],
    proposalId,
    safety.waivers,
  );
}
