import type { ApproveProposal, Evidence, ResourceLimit, Violation } from '@prorata/schemas';
import { resizeAuthorityViolations } from '../authority/authorityViolations.ts';
import { isKeyAlone, rolesAt } from '../authority/sender.ts';
import { safetyOf } from '../authority/waivers.ts';
import type {
  ApplicationState,
  Decision,
  DecisionContext,
  ProposalState,
  QuotaState,
} from '../model.ts';
import { resizeChange, resizeViolations } from '../validate/resize.ts';
import { about, aboutNoQuota, accept, refusal, refuse } from './answer.ts';
import { changeStep } from './changeQuota.ts';
import { takeSteps } from './changeTree.ts';
import { decideTree } from './decideTree.ts';
import { limitsChange } from './limitsChange.ts';
import { isProposer, namelessFault, requireProposal } from './openProposals.ts';
import { waitedSteps } from './waitedSteps.ts';
import type { TreeDraft } from './treeDraft.ts';

/**
 * A proposal is validated anew, with the authority of who approves: the tree, the bounds and the budgets
 * may have changed since. Its events name who proposed it beside who approves.
 */
export function approveProposal(
  state: ApplicationState,
  command: ApproveProposal,
  context: DecisionContext,
): Decision {
  const decision = judgeProposal(state, command, context);
  const proposal = state.proposals.get(command.proposalId);
  if (decision.kind === 'refused' || proposal === undefined) return decision;
  const { proposalId, provenance } = proposal;
  const { actor, reason, at } = provenance;
  return { ...decision, approved: { proposalId, actor, reason, proposedAt: at } };
}

function judgeProposal(
  state: ApplicationState,
  command: ApproveProposal,
  context: DecisionContext,
): Decision {
  const { envelope } = command;
  const found = requireProposal(state, command.proposalId, envelope, context);
  if ('refused' in found) return found.refused;
  const { proposal, quota } = found;
  if (proposal.expiresAt <= context.now) {
    return refuse('PROPOSAL_UNKNOWN', '/proposalId', `${proposal.proposalId} has expired.`);
  }
  if (isProposer(proposal, envelope)) {
    const { subject } = proposal.provenance.actor;
    const message = `${proposal.proposalId} was proposed by ${subject}: somebody else approves it.`;
    return refuse('SELF_APPROVAL', '', message);
  }
  if (isKeyAlone(envelope)) {
    const message =
      'An API key that names no issuer approves nothing: its holder may be the proposer.';
    return refuse('NOT_ALLOWED', '', message);
  }
  const nameless = namelessFault(state, proposal.provenance, proposal.origin, '/proposalId');
  if (nameless !== null) return nameless;
  if (quota === null) return approveSteps(state, proposal, command, context);
  const { evidence, limits } = proposal;
  const [limit] = limits;
  return evidence === null || limit === undefined
    ? approveChange(state, proposal, command, context)
    : approveResize(state, { proposal, quota, limit, evidence }, command, context);
}

/** The steps as they were proposed, of the quotas that they mean, by the tree and the rules of now. */
function approveSteps(
  state: ApplicationState,
  proposal: ProposalState,
  { envelope }: ApproveProposal,
  context: DecisionContext,
): Decision {
  const { proposalId } = proposal;
  const { steps, faults } = waitedSteps(state, proposal);
  const drafted = (draft: TreeDraft): readonly Violation[] => {
    if (faults.length > 0) return faults;
    const approved = { type: 'ProposalApproved', data: { proposalId }, ...aboutNoQuota } as const;
    draft.append(approved, () => '');
    return takeSteps(draft, steps, envelope);
  };
  const decision = decideTree(state, envelope, context, drafted, 'given');
  if (decision.kind === 'accepted') return { ...decision, result: proposalId };
  const violations = decision.violations.map((found) => ({
    ...found,
    path: '/proposalId',
    message: found.path === '' ? found.message : `In ${found.path}: ${found.message}`,
  }));
  return refusal(violations) ?? decision;
}

function approveChange(
  state: ApplicationState,
  { proposalId, quotaId, limits, unsetLimits }: ProposalState,
  { envelope }: ApproveProposal,
  context: DecisionContext,
): Decision {
  const terms = { path: '', sender: envelope, expectedVersion: null };
  const steps = (draft: TreeDraft): readonly Violation[] => {
    const quota = draft.after.quotas.get(quotaId);
    if (quota === undefined) return [];
    const approved = { type: 'ProposalApproved', data: { proposalId }, ...about(quota) } as const;
    draft.append(approved, () => '');
    return changeStep(draft, limitsChange(quotaId, limits, unsetLimits), terms);
  };
  const decision = decideTree(state, envelope, context, steps, 'given');
  if (decision.kind === 'accepted') return { ...decision, result: proposalId };
  // The limits are the proposal's, not the command's: they have no path in it.
  const violations = decision.violations.map((found) => ({ ...found, path: '/proposalId' }));
  return refusal(violations) ?? decision;
}

function approveResize(
  state: ApplicationState,
  {
    proposal,
    quota,
    limit,
    evidence,
  }: {
    readonly proposal: ProposalState;
    readonly quota: QuotaState;
    readonly limit: ResourceLimit;
    readonly evidence: Evidence;
  },
  { envelope }: ApproveProposal,
  context: DecisionContext,
): Decision {
  const { proposalId } = proposal;
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
