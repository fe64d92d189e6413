import type { CutAnswer, CutState, OrganizationState } from '@prorata/quota-model';
import { isBelow } from './holdings.ts';
import { stopOf } from './judgeBudget.ts';
import type { BudgetInputs, BudgetVerdict, ThrottleAction } from './judgeBudget.ts';
import { STEP_FIGURE } from './standings.ts';

/** What an organization's stream says of a budget's cut of a project in one application. */
export interface CutIntent {
  readonly cut: CutState;
  readonly application: string;
  /** null: it is to be carried out. */
  readonly answer: CutAnswer | null;
}

/** The place of an intent: a budget cuts each project in each application by one at most. */
export function placeOf({
  project,
  application,
}: {
  readonly project: string;
  readonly application: string;
}): string {
  return `${project} ${application}`;
}

/** The budget's intents that are to be carried out or were refused, by place: the last of each. */
export function intentsOf(
  state: OrganizationState | null,
  budgetId: string,
): ReadonlyMap<string, CutIntent> {
  const intents = new Map<string, CutIntent>();
  for (const cut of state?.cuts.values() ?? []) {
    if (cut.budgetId !== budgetId) continue;
    for (const [application, answer] of cut.applications) {
      const { project } = cut;
      intents.set(placeOf({ project, application }), { cut, application, answer });
    }
  }
  return intents;
}

/** Whether the intent is what the action asks for. */
export function isFor(
  { cut }: CutIntent,
  action: ThrottleAction,
  { tierPolicy, window }: BudgetInputs,
): boolean {
  if (action.kind === 'lift') return cut.lift !== null && cut.project === action.project;
  if (action.kind === 'rehearse') return false;
  return (
    cut.lift === null &&
    cut.project === action.project &&
    cut.evidence.figures[STEP_FIGURE] === String(action.step) &&
    cut.priorityMin.join(' ') === action.priorityMin.join(' ') &&
    cut.tierPolicy === tierPolicy?.id &&
    cut.tierPolicyVersion === tierPolicy.version &&
    cut.windowStart === window?.start
  );
}

/** Whether what the action asks for is carried out already, or another wave of the same step, before which it waits. */
export function isUnderWay(
  intent: CutIntent,
  action: ThrottleAction,
  inputs: BudgetInputs,
): boolean {
  if (action.kind !== 'apply') return isFor(intent, action, inputs);
  const { priorityMin } = intent.cut;
  return isFor(intent, { ...action, priorityMin }, inputs);
}

/** Whether the project is within a budget of its own by now, for which nobody touches it. */
function isSpared({ project }: CutState, { standings }: BudgetInputs): boolean {
  return standings.some((each) => each.project === project && each.spared?.isWithin === true);
}

/** Whether nobody should carry it out any more: what it was decided on has passed. A lift never passes. */
export function isOver(
  { cut }: CutIntent,
  state: OrganizationState,
  inputs: BudgetInputs,
  { targetStep }: BudgetVerdict,
): boolean {
  if (cut.lift !== null) return false;
  if (cut.windowEnd <= inputs.now || !isBelow(state, inputs.budget, cut.project)) return true;
  if (stopOf(inputs) !== null || isSpared(cut, inputs)) return true;
  return targetStep !== null && targetStep < Number(cut.evidence.figures[STEP_FIGURE] ?? 0);
}
