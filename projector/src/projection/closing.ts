import type { CutState, StreamState } from '@prorata/quota-model';
import type { EventMessage } from '@prorata/schemas';
import { closingProposals } from './closingProposals.ts';
import type { ClosingProposal } from './closingProposals.ts';

/** What an event ends, as it stood before it: the state does not keep it. */
export interface Closing {
  readonly proposals: readonly ClosingProposal[];
  /** The cut that an application has answered. */
  readonly cut: CutState | null;
}

export function closingBy(before: StreamState | null, event: EventMessage): Closing {
  const proposals = closingProposals(before, event);
  if (event.type !== 'CutCompleted' || before?.kind !== 'organization') {
    return { proposals, cut: null };
  }
  return { proposals, cut: before.cuts.get(event.value.cutId.toString()) ?? null };
}
