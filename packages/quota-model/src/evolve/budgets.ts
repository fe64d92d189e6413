import { BrokenStream } from '../faults.ts';
import { holderOf, placeBudget } from '../organization/budgetTree.ts';
import type { BudgetState, OrganizationState } from '../organizationModel.ts';
import { sameValue } from '../sameValue.ts';
import { forgetRefusedCuts } from './cuts.ts';
import { follows, provenanceOf } from './origin.ts';
import type { EventOf } from './origin.ts';
import { forgetRehearsedCuts } from './rehearsedCuts.ts';

/** What happened to the budget stays with it, as long as it is about the same money and time. */
export function defineBudget(state: OrganizationState, event: EventOf<'BudgetDefined'>): void {
  const { value } = event;
  const former = state.budgets.get(value.budgetId);
  follows(event, value.version, former?.version);
  const isOfSame = former !== undefined && isSameSpend(former, value);
  const budget: BudgetState = {
    budgetId: value.budgetId,
    version: value.version,
    project: value.project,
    team: value.team,
    amount: value.amount,
    currency: value.currency,
    window: value.window,
    priceBook: value.priceBook,
    tierPolicy: value.tierPolicy,
    mode: value.mode,
    thresholds: value.thresholds,
    split: value.split,
    crossings: isOfSame ? former.crossings : null,
    override: former?.override ?? null,
    provenance: provenanceOf(event),
  };
  if (!isOfSame || budget.mode === 'enforce') {
    forgetRehearsedCuts(state, ({ budgetId }) => budgetId === budget.budgetId);
  }
  if (former !== undefined) placeBudget(state, former, false);
  state.budgets.set(budget.budgetId, budget);
  placeBudget(state, budget, true);
}

/** Whether what was spent in a window of the one is what was spent in a window of the other. */
function isSameSpend(
  a: Pick<BudgetState, 'project' | 'team' | 'currency' | 'window'>,
  b: Pick<BudgetState, 'project' | 'team' | 'currency' | 'window'>,
): boolean {
  return holderOf(a) === holderOf(b) && a.currency === b.currency && sameValue(a.window, b.window);
}

export function retireBudget(state: OrganizationState, event: EventOf<'BudgetRetired'>): void {
  const budget = budgetOf(state, event);
  placeBudget(state, budget, false);
  state.budgets.delete(budget.budgetId);
  forgetRehearsedCuts(state, ({ budgetId }) => budgetId === budget.budgetId);
  forgetRefusedCuts(state, budget.budgetId);
}

export function crossThreshold(
  state: OrganizationState,
  event: EventOf<'BudgetThresholdCrossed'>,
): void {
  const budget = budgetOf(state, event);
  const { windowStart, windowEnd, basis, basisPoints, direction, envelope } = event.value;
  const { crossings } = budget;
  const before = crossings?.windowStart === windowStart ? crossings.crossed : [];
  const crossed = [...before, { basis, basisPoints, direction, at: envelope.decidedAt }];
  put(state, { ...budget, crossings: { windowStart, windowEnd, crossed } });
}

export function overrideBudget(state: OrganizationState, event: EventOf<'BudgetOverridden'>): void {
  const { until } = event.value;
  const override = { until, provenance: provenanceOf(event) };
  put(state, { ...budgetOf(state, event), override });
}

export function liftBudgetOverride(
  state: OrganizationState,
  event: EventOf<'BudgetOverrideLifted'>,
): void {
  put(state, { ...budgetOf(state, event), override: null });
}

function budgetOf(
  state: OrganizationState,
  event: EventOf<
    'BudgetOverridden' | 'BudgetOverrideLifted' | 'BudgetRetired' | 'BudgetThresholdCrossed'
  >,
): BudgetState {
  const budget = state.budgets.get(event.value.budgetId);
  if (budget === undefined) throw new BrokenStream(event, 'there is no such budget');
  return budget;
}

/** Its place in the tree stays. */
function put(state: OrganizationState, budget: BudgetState): void {
  state.budgets.set(budget.budgetId, budget);
}
