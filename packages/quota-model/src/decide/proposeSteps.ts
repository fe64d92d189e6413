/** Proposals of whole steps: for changes that are more than the limits of one quota. */
import type { Actor, TreeStep } from '@prorata/schemas';
import { NOBODY, lastSegments, meantSteps } from '../evolve/meantSteps.ts';
import { placeOf } from '../evolve/proposalNow.ts';
import type { ApplicationState, Decision, DecisionContext, ProposalState } from '../model.ts';
import {
  PROPOSED_STEPS_LENGTH_MAX,
  TREE_PROPOSALS_OPEN_MAX,
  TREE_PROPOSALS_PER_PROPOSER_MAX,
} from '../modelBounds.ts';
import { sameValue } from '../sameValue.ts';
import { aboutNoQuota, accept, refuse } from './answer.ts';
import { isProposer, nextProposalId, openProposalFault } from './openProposals.ts';

/**
 * Proposes the steps as they were sent: they are taken anew when they are approved, with the say of who
 * approves. Two proposals may be about the same quotas, for each is judged by what the other has left;
 * the very same steps wait once.
 */
export function proposeSteps(
  state: ApplicationState,
  steps: readonly TreeStep[],
  proposer: Actor,
  { now, streamVersion }: DecisionContext,
): Decision {
  const full = openProposalFault(state) ?? treesFault(state, steps, proposer);
  if (full !== null) return full;
  const length = lengthOf(steps);
  if (length > PROPOSED_STEPS_LENGTH_MAX) {
    const message = `It waits for a second person, and is too long to be kept: ${length} characters, at most ${PROPOSED_STEPS_LENGTH_MAX}. Send its raises in smaller commands.`;
    return refuse('TOO_LARGE', '/steps', message);
  }
  const proposalId = nextProposalId(state, streamVersion);
  const data = {
    proposalId,
    place: placeOf(state.id, steps),
    steps,
    origin: 'threshold',
    expiresAt: now + state.registration.proposalLifetimeMicros,
  } as const;
  return accept([{ type: 'TreeChangeProposed', data, ...aboutNoQuota }], proposalId);
}

function treesFault(
  state: ApplicationState,
  steps: readonly TreeStep[],
  proposer: Actor,
): Decision | null {
  const open = [...state.proposals.values()].filter((proposal) => proposal.steps.length > 0);
  const same = sameProposal(state, open, steps);
  if (same !== undefined) {
    return refuse('PROPOSAL_OPEN', '', `Proposal ${same.proposalId} for the same is open.`);
  }
  const own = open.filter((proposal) => isProposer(proposal, { actor: proposer }));
  if (own.length >= TREE_PROPOSALS_PER_PROPOSER_MAX) {
    const message = `${TREE_PROPOSALS_PER_PROPOSER_MAX} changes of several quotas that you proposed wait in ${state.id}: withdraw one.`;
    return refuse('TOO_MANY', '', message);
  }
  if (open.length < TREE_PROPOSALS_OPEN_MAX) return null;
  const message = `${TREE_PROPOSALS_OPEN_MAX} changes of several quotas wait in ${state.id}.`;
  return refuse('TOO_MANY', '', message);
}

/** The one that would do the same to the same quotas, whatever these were called when it was proposed. */
function sameProposal(
  state: ApplicationState,
  open: readonly ProposalState[],
  steps: readonly TreeStep[],
): ProposalState | undefined {
  const aliasOf = (quotaId: string): string => state.aliasByQuota.get(quotaId) ?? NOBODY;
  const nodes = meantSteps(state.id, steps, aliasOf);
  const said = steps.map(lastSegments);
  return open.find(
    ({ steps: others, meant }) =>
      sameValue(
        meant.map(({ quota, into }) => ({ quota, into })),
        nodes,
      ) && sameValue(others.map(lastSegments), said),
  );
}

/** Characters of JSON; a bigint as its digits. */
export function lengthOf(parts: readonly object[]): number {
  const text = JSON.stringify(parts, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  return text.length;
}
