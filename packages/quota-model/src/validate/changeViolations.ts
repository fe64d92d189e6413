import type { CommandEnvelope, Violation } from '@prorata/schemas';
import type { TreeChange } from '../decide/treeDraft.ts';
import type { DecisionContext } from '../model.ts';
import { ownCheckViolations } from '../ownChecks/ownCheckViolations.ts';
import { fitViolations } from './fit.ts';

/** A change with all that a check may know beside it. */
export interface JudgedChange {
  readonly change: TreeChange;
  readonly envelope: CommandEnvelope;
  readonly context: DecisionContext;
}

/**
 * Every check of what a command makes of a tree, whichever command it is: the one place for checks that
 * compare before and after (who may, is it safe, does it hold together).
 */
export function changeViolations({ change }: JudgedChange): readonly Violation[] {
  return [...ownCheckViolations(change), ...fitViolations(change)];
}
