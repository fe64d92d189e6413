import type { CutState, RolloutState, StreamState } from '@prorata/quota-model';
import type { EventMessage } from '@prorata/schemas';
import { closingProposals } from './closingProposals.ts';
import type { ClosingProposal } from './closingProposals.ts';

/** What an event ends, as it stood before it: the state does not keep it. */
export interface Closing {
  readonly proposals: readonly ClosingProposal[];
  /** The cut that an application has answered. */
  readonly cut: CutState | null;
  /** The rollout that is over. */
  readonly rollout: RolloutState | null;
}

export function closingBy(before: StreamState | null, event: EventMessage): Closing {
  const proposals = closingProposals(before, event);
  const rollout = rolloutEnding(before, event);
  if (event.type !== 'CutCompleted' || before?.kind !== 'organization') {
    return { proposals, cut: null, rollout };
  }
  return { proposals, cut: before.cuts.get(event.value.cutId.toString()) ?? null, rollout };
}

function rolloutEnding(before: StreamState | null, event: EventMessage): RolloutState | null {
  if (before?.kind !== 'application') return null;
  if (event.type !== 'RolloutPromoted' && event.type !== 'RolloutRolledBack') return null;
  return before.rollouts.get(event.value.rolloutId) ?? null;
}
