import type { CutAnswer, CutState, OrganizationState } from '@prorata/quota-model';
import type { BudgetInputs, BudgetVerdict, ThrottleAction } from './judgeBudget.ts';
import { STEP_FIGURE } from './standings.ts';

/** What an organization's stream says of a budget's cut in one application. */
export interface CutIntent {
  readonly cut: CutState;
  readonly application: string;
  /** null: it is to be carried out. */
  readonly answer: CutAnswer | null;
}

/** The budget's intents that are to be carried out or were refused, by application: the last of each. */
export function intentsOf(
  state: OrganizationState | null,
  budgetId: string,
): ReadonlyMap<string, CutIntent> {
  const intents = new Map<string, CutIntent>();
  for (const cut of state?.cuts.values() ?? []) {
    if (cut.budgetId !== budgetId) continue;
    for (const [application, answer] of cut.applications) {
      intents.set(application, { cut, application, answer });
    }
  }
  return intents;
}

/** Whether the intent is what the action asks for. */
export function isFor(
  { cut }: CutIntent,
  action: ThrottleAction,
  { budget, tierPolicy, window }: BudgetInputs,
): boolean {
  if (action.kind === 'lift') return cut.lift !== null && cut.project === action.project;
  return (
    cut.lift === null &&
    cut.project === budget.project &&
    cut.evidence.figures[STEP_FIGURE] === String(action.step) &&
    cut.tierPolicy === tierPolicy?.id &&
    cut.tierPolicyVersion === tierPolicy.version &&
    cut.windowStart === window?.start
  );
}

/** Whether nobody should carry it out any more: what it was decided on has passed. A lift never passes. */
export function isOver(
  { cut }: CutIntent,
  { budget, now }: BudgetInputs,
  { targetStep }: BudgetVerdict,
): boolean {
  if (cut.lift !== null) return false;
  if (cut.windowEnd <= now || cut.project !== budget.project) return true;
  return targetStep !== null && targetStep < Number(cut.evidence.figures[STEP_FIGURE] ?? 0);
}
