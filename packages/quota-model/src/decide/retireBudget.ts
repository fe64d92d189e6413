import type { RetireBudget } from '@prorata/schemas';
import { decimalOf } from '../decimals.ts';
import type { Decision, OrganizationState } from '../model.ts';
import { aboutNoQuota, accept, refuse } from './answer.ts';
import { versionFault } from './preconditions.ts';

/** What is above gets back what it took; budgets below it count there from now on, and fit. */
export function retireBudget(state: OrganizationState | null, command: RetireBudget): Decision {
  const { budgetId, envelope } = command;
  const budget = state?.budgets.get(budgetId);
  if (state === null || budget === undefined) {
    return refuse('BUDGET_UNKNOWN', '/budgetId', `There is no budget ${budgetId}.`);
  }
  const refused = versionFault(envelope, budget.version);
  if (refused !== null) return refused;
  const uses = [...state.allocations.values()].find(({ accepted, pending }) =>
    [accepted, pending].some((terms) => terms?.budgetId === budgetId),
  );
  if (uses !== undefined) {
    const sum = decimalOf(state.allocated.get(budgetId) ?? 0n);
    const message = `It pays ${sum} for allocations, ${uses.resource} in ${uses.application} of ${uses.project} among them.`;
    return refuse('BUDGET_IN_USE', '/budgetId', message);
  }
  return accept([{ type: 'BudgetRetired', data: { budgetId }, ...aboutNoQuota }]);
}
