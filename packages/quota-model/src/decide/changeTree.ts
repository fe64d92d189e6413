import type { ChangeTree, TreeStep, Violation } from '@prorata/schemas';
import type { Sender } from '../authority/sender.ts';
import type { ApplicationState, Decision, DecisionContext } from '../model.ts';
import { EVENTS_PER_DECISION_MAX, STEPS_MAX, SUMS_PER_DECISION_MAX } from '../modelBounds.ts';
import { refuse, violation } from './answer.ts';
import { changeStep } from './changeQuota.ts';
import { createStep } from './createQuota.ts';
import { decideTree } from './decideTree.ts';
import type { StepTerms } from './decideTree.ts';
import { deleteStep } from './deleteQuota.ts';
import { moveStep } from './moveQuota.ts';
import { versionFault } from './preconditions.ts';
import { restoreStep } from './restoreQuota.ts';
import type { TreeDraft } from './treeDraft.ts';

/**
 * All steps or none. A step that is wrong by itself is told and passed over, so that every such step is
 * told at once; only when there is none, the tree that they leave is judged. The command's own expected
 * version is the stream's.
 */
export function changeTree(
  state: ApplicationState,
  { steps, envelope }: ChangeTree,
  context: DecisionContext,
): Decision {
  const stale = versionFault(envelope, context.streamVersion);
  if (stale !== null) return stale;
  if (steps.length === 0) return refuse('STEP_INVALID', '/steps', 'There is no step.');
  if (steps.length > STEPS_MAX) {
    return refuse('TOO_MANY', '/steps', `${steps.length} steps are given, at most ${STEPS_MAX}.`);
  }
  const drafted = (draft: TreeDraft): readonly Violation[] => takeSteps(draft, steps, envelope);
  return decideTree(state, envelope, context, drafted, { steps });
}

/** All steps, and what is wrong with each by itself; their paths begin with `/steps`. */
export function takeSteps(
  draft: TreeDraft,
  steps: readonly TreeStep[],
  sender: Sender,
): readonly Violation[] {
  return steps.flatMap((step, index) => {
    const path = `/steps/${index}`;
    if (draft.quotasLeft <= 0 || draft.sumsLeft <= 0) {
      const message = `At most ${EVENTS_PER_DECISION_MAX} quotas, and ${SUMS_PER_DECISION_MAX} sums above their limits, are changed at once.`;
      return [violation('TOO_MANY_EVENTS', path, message)];
    }
    const { expectedVersion } = step;
    const faults = takeStep(draft, step, { path, sender, expectedVersion });
    // What is wrong with no field in particular is wrong with the step.
    return faults.map((fault) => (fault.path === '' ? { ...fault, path } : fault));
  });
}

/** One step, or what is wrong with it by itself. */
export function takeStep(draft: TreeDraft, step: TreeStep, terms: StepTerms): readonly Violation[] {
  const { create, change, restore, move, delete: removal, resize } = step;
  const within = (name: string): StepTerms => ({ ...terms, path: `${terms.path}/${name}` });
  if (resize !== null) {
    const message = 'A resize is a command of its own, ResizeQuota, and no step of another.';
    return [violation('STEP_INVALID', terms.path, message)];
  }
  if ([create, change, restore, move, removal].filter((each) => each !== null).length !== 1) {
    const message = 'A step is exactly one of create, change, restore, move and delete.';
    return [violation('STEP_INVALID', terms.path, message)];
  }
  if (create !== null) return createStep(draft, create, within('create'));
  if (change !== null) return changeStep(draft, change, within('change'));
  if (restore !== null) return restoreStep(draft, restore, within('restore'));
  if (move !== null) return moveStep(draft, move, within('move'));
  return removal === null ? [] : deleteStep(draft, removal, within('delete'));
}
