/**
 * Budgets are strict: what a budget hands out to the budgets below it and to its allocations sums within
 * it. Each check looks at kept sums along one path; none walks the tree.
 */
import type { Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import { decimalOf, picosOf } from '../decimals.ts';
import { reservedFor } from '../organization/allocationCosts.ts';
import {
  budgetAt,
  describeHolder,
  handedOut,
  holderOf,
  nearestBudget,
  parentHolder,
  promisedAt,
  seriesAt,
  seriesOf,
  takeOf,
} from '../organization/budgetTree.ts';
import type { BudgetState, OrganizationState } from '../organizationModel.ts';

/** What is defined of a budget; the rest happens to it. */
export type BudgetTerms = Omit<BudgetState, 'version' | 'provenance' | 'crossings' | 'override'>;

/** Whether a budget, new or in place of its former self, fits between what is above and below it. */
export function budgetSumViolations(state: OrganizationState, terms: BudgetTerms): Violation[] {
  const holder = holderOf(terms);
  const series = seriesOf(terms);
  const former = state.budgets.get(terms.budgetId) ?? null;
  const other = budgetAt(state, holder, series);
  if (other !== null && other.budgetId !== terms.budgetId) {
    const message = `${other.budgetId} is a budget of ${describeHolder(holder)} in ${terms.currency} for this window already.`;
    return [violation('BUDGET_EXISTS', '/budgetId', message)];
  }
  const amount = picosOf(terms.amount);
  const below = promisedWithout(state, former, holder, series);
  const allocated = state.allocated.get(terms.budgetId) ?? 0n;
  const violations: Violation[] = [];
  if (below + allocated > amount) {
    const message = `Below it ${decimalOf(below)} is promised and ${decimalOf(allocated)} allocated${allocatedTo(state, terms.budgetId)}; it would be ${terms.amount}. What no longer fits: GET /v1/budgets/<organization>/${terms.budgetId}/entitlements?amount=${terms.amount}`;
    violations.push(violation('BUDGET_BELOW_SUM', '/amount', message));
  }
  const above = nearestBudget(state, parentHolder(state, holder), series, terms.budgetId);
  if (above !== null) {
    const isSame = former !== null && isAt(former, holder, series);
    const before = isSame ? picosOf(former.amount) : below;
    const others =
      promisedWithout(state, isSame ? null : former, holderOf(above), series) -
      before +
      (state.allocated.get(above.budgetId) ?? 0n);
    violations.push(...excess(above, others, amount, '/amount'));
  }
  return violations;
}

/** Allocations that a refusal names. */
const NAMED_MAX = 5;

/** Which allocations keep most of it. */
function allocatedTo(state: OrganizationState, budgetId: string): string {
  const kept = [...state.allocations.values()]
    .map((allocation) => ({ ...allocation, picos: reservedFor(allocation, budgetId) }))
    .filter(({ picos }) => picos > 0n)
    .sort((a, b) => (a.picos === b.picos ? 0 : a.picos > b.picos ? -1 : 1));
  if (kept.length === 0) return '';
  const named = kept
    .slice(0, NAMED_MAX)
    .map(
      (each) =>
        `${decimalOf(each.picos)} to ${each.project} for ${each.resource} of ${each.application}`,
    );
  const more = kept.length - named.length;
  return ` (${named.join(', ')}${more === 0 ? '' : `, and ${more} more`})`;
}

/**
 * Whether what a holder takes may be taken from below another parent.
 * @param to null: nothing is above
 */
export function moveSumViolations(
  state: OrganizationState,
  holder: string,
  to: string | null,
  path: string,
): Violation[] {
  const from = parentHolder(state, holder);
  return [...seriesAt(state, holder)].flatMap((series) => {
    const above = nearestBudget(state, to, series);
    if (above === null || above === nearestBudget(state, from, series)) return [];
    return excess(above, handedOut(state, above), takeOf(state, holder, series), path);
  });
}

/**
 * Budgets of a project that is not part of the tree yet: one a series, each within what is above.
 */
export function joinSumViolations(
  state: OrganizationState,
  budgets: readonly BudgetState[],
  to: string,
  path: string,
): Violation[] {
  const seen = new Map<string, BudgetState>();
  return budgets.flatMap((budget) => {
    const series = seriesOf(budget);
    const other = seen.get(series);
    if (other !== undefined) {
      const message = `${other.budgetId} and ${budget.budgetId} are both of it, in ${budget.currency} for one window: retire one first.`;
      return [violation('BUDGET_EXISTS', path, message)];
    }
    seen.set(series, budget);
    const above = nearestBudget(state, to, series);
    if (above === null) return [];
    return excess(above, handedOut(state, above), picosOf(budget.amount), path);
  });
}

function excess(above: BudgetState, others: bigint, amount: bigint, path: string): Violation[] {
  if (others + amount <= picosOf(above.amount)) return [];
  const message = `Budget ${above.budgetId} of ${describeHolder(holderOf(above))} is ${above.amount} ${above.currency}: ${decimalOf(others)} is handed out already, and this takes ${decimalOf(amount)}.`;
  return [violation('BUDGET_SUM_EXCEEDED', path, message)];
}

/** What is promised at a holder, as it would be without the budget: up to the nearest budget above it. */
function promisedWithout(
  state: OrganizationState,
  budget: BudgetState | null,
  holder: string,
  series: string,
): bigint {
  const promised = promisedAt(state, holder, series);
  if (budget === null || seriesOf(budget) !== series) return promised;
  const place = holderOf(budget);
  if (budgetAt(state, place, series)?.budgetId !== budget.budgetId) return promised;
  for (let at = parentHolder(state, place); at !== null; at = parentHolder(state, at)) {
    if (at === holder) return promised - picosOf(budget.amount) + promisedAt(state, place, series);
    if (budgetAt(state, at, series) !== null) return promised;
  }
  return promised;
}

function isAt(budget: BudgetState, holder: string, series: string): boolean {
  return holderOf(budget) === holder && seriesOf(budget) === series;
}
