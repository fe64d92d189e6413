/** Proposals of whole steps: for changes that are more than the limits of one quota. */
import type { TreeStep } from '@prorata/schemas';
import { parentOf } from '../ids.ts';
import type { ApplicationState, Decision, DecisionContext } from '../model.ts';
import { PROPOSED_STEPS_LENGTH_MAX, TREE_PROPOSALS_OPEN_MAX } from '../modelBounds.ts';
import { aboutNoQuota, accept, refuse } from './answer.ts';
import { nextProposalId, openProposalFault } from './openProposals.ts';

/**
 * Proposes the steps as they were sent: they are taken anew when they are approved, with the say of who
 * approves. Two proposals may be about the same quotas, for each is judged by what the other has left.
 */
export function proposeSteps(
  state: ApplicationState,
  steps: readonly TreeStep[],
  { now, streamVersion }: DecisionContext,
): Decision {
  const full = openProposalFault(state) ?? treesFault(state);
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

function treesFault(state: ApplicationState): Decision | null {
  let open = 0;
  for (const { steps } of state.proposals.values()) if (steps.length > 0) open += 1;
  if (open < TREE_PROPOSALS_OPEN_MAX) return null;
  const message = `${TREE_PROPOSALS_OPEN_MAX} changes of several quotas wait in ${state.id}.`;
  return refuse('TOO_MANY', '', message);
}

/** Characters of JSON; a bigint as its digits. */
function lengthOf(steps: readonly TreeStep[]): number {
  const text = JSON.stringify(steps, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  return text.length;
}

/** The nearest node at or above all that the steps name; what is new or goes counts as its parent. */
function placeOf(application: string, steps: readonly TreeStep[]): string {
  const places = steps.flatMap(({ create, change, move, delete: removal, restore }) => [
    ...(create === null ? [] : [parentOf(create.quotaId)]),
    ...(change === null ? [] : [change.quotaId]),
    ...(move === null ? [] : [parentOf(move.quotaId), parentOf(move.toQuotaId)]),
    ...(removal === null ? [] : [parentOf(removal.quotaId)]),
    ...(restore === null ? [] : [restore.quotaId]),
  ]);
  const [first = application, ...others] = places;
  let place = first;
  for (const other of others) {
    while (place !== application && other !== place && !other.startsWith(`${place}/`)) {
      place = parentOf(place);
    }
  }
  return place;
}
