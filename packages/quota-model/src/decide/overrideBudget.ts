import type { LiftBudgetOverride, OverrideBudget } from '@prorata/schemas';
import type { BudgetState, Decision, DecisionContext, OrganizationState } from '../model.ts';
import { BUDGET_OVERRIDE_MICROS_MAX } from '../modelBounds.ts';
import { aboutNoQuota, accept, alreadySo, refuse } from './answer.ts';
import { versionFault } from './preconditions.ts';

type Found = { readonly refused: Decision } | { readonly budget: BudgetState };

/** A newer override takes the place of an older one. The version expected is the budget's, which stays. */
export function overrideBudget(
  state: OrganizationState | null,
  command: OverrideBudget,
  { now }: DecisionContext,
): Decision {
  const { budgetId, until, envelope } = command;
  const found = requireBudget(state, command);
  if ('refused' in found) return found.refused;
  if (until <= now || until - now > BUDGET_OVERRIDE_MICROS_MAX) {
    const message = 'The override of a budget ends after now, and within 31 days.';
    return refuse('OVERRIDE_END_INVALID', '/until', message);
  }
  if (envelope.reason.trim() === '') {
    return refuse('BUDGET_INVALID', '/reason', 'Who keeps a budget from cutting says why.');
  }
  if (found.budget.override?.until === until) return alreadySo;
  const data = { budgetId, until };
  return accept([{ type: 'BudgetOverridden', data, ...aboutNoQuota }]);
}

/** One that is over needs no end. */
export function liftBudgetOverride(
  state: OrganizationState | null,
  command: LiftBudgetOverride,
  { now }: DecisionContext,
): Decision {
  const found = requireBudget(state, command);
  if ('refused' in found) return found.refused;
  const { override, budgetId } = found.budget;
  if (override === null || override.until <= now) return alreadySo;
  return accept([{ type: 'BudgetOverrideLifted', data: { budgetId }, ...aboutNoQuota }]);
}

function requireBudget(
  state: OrganizationState | null,
  { budgetId, envelope }: LiftBudgetOverride,
): Found {
  const budget = state?.budgets.get(budgetId);
  if (budget === undefined) {
    return { refused: refuse('BUDGET_UNKNOWN', '/budgetId', `There is no budget ${budgetId}.`) };
  }
  const refused = versionFault(envelope, budget.version);
  return refused === null ? { budget } : { refused };
}
