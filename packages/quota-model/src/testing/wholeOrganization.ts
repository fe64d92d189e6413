/**
 * The rules of budgets, judged on a whole organization by the plain words of the design: no kept sum is
 * read, and no code of the checks is shared.
 */
import type { BudgetState, OrganizationState } from '../organizationModel.ts';

/** What is wrong with the tree, in sentences; none when the rules hold. */
export function brokenBudgets(state: OrganizationState): string[] {
  if (state.registration === null) return [];
  return [...state.budgets.values()]
    .filter((budget) => pathOf(state, budget) !== null)
    .flatMap((budget) => [...twins(state, budget), ...excess(state, budget)]);
}

/** Its place as a path from the organization down; null when it is of a project that nobody defined. */
function pathOf(state: OrganizationState, { project, team }: BudgetState): string[] | null {
  const known = state.projects.get(project);
  if (project !== '' && known === undefined) return null;
  const path = project === '' ? [] : [project];
  for (let at = project === '' ? team : (known?.team ?? null); at !== null;) {
    path.unshift(at);
    at = state.teams.get(at)?.parent ?? null;
  }
  return path;
}

function isAlike(a: BudgetState, b: BudgetState): boolean {
  const [one, two] = [a.window, b.window];
  return (
    a.currency === b.currency &&
    one.kind === two.kind &&
    one.count === two.count &&
    one.lengthMicros === two.lengthMicros
  );
}

function others(state: OrganizationState, budget: BudgetState): BudgetState[] {
  return [...state.budgets.values()].filter(
    (other) =>
      other.budgetId !== budget.budgetId && isAlike(other, budget) && pathOf(state, other) !== null,
  );
}

function isBelow(path: readonly string[], above: readonly string[]): boolean {
  return path.length > above.length && above.every((name, index) => path[index] === name);
}

function twins(state: OrganizationState, budget: BudgetState): string[] {
  const path = JSON.stringify(pathOf(state, budget));
  return others(state, budget)
    .filter((other) => JSON.stringify(pathOf(state, other)) === path)
    .map((other) => `${budget.budgetId} and ${other.budgetId} stand in one place`);
}

function excess(state: OrganizationState, budget: BudgetState): string[] {
  const path = pathOf(state, budget) ?? [];
  const below = others(state, budget).filter((other) => isBelow(pathOf(state, other) ?? [], path));
  const nearest = below.filter(
    (each) =>
      !below.some((between) => isBelow(pathOf(state, each) ?? [], pathOf(state, between) ?? [])),
  );
  const cents = (amount: string): number => Math.round(Number(amount) * 100);
  const sum =
    nearest.reduce((total, each) => total + cents(each.amount), 0) + spentOf(state, budget);
  if (sum <= cents(budget.amount)) return [];
  return [`${budget.budgetId} is ${budget.amount}, and below it is ${sum / 100}`];
}

/** What its allocations cost at most, whatever the applications answer; in hundredths. */
function spentOf(state: OrganizationState, { budgetId }: BudgetState): number {
  return [...state.allocations.values()].reduce((sum, { accepted, pending }) => {
    const costs = [accepted, pending].map((terms) => {
      if (terms?.budgetId !== budgetId || terms.unitCost === null) return 0;
      const { amount, perUnits, unitsPerWindow } = terms.unitCost;
      const units = Number(terms.amount) * Number(unitsPerWindow);
      return Math.round((units * Number(amount) * 100) / Number(perUnits));
    });
    return sum + Math.max(...costs);
  }, 0);
}
