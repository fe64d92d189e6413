import { holderOf } from '@prorata/quota-model';
import type { BudgetState, OrganizationState } from '@prorata/quota-model';
import { holdersOf, windowMicros } from './holdings.ts';
import type { Spared } from './judgeBudget.ts';

/** Whether a budget holds now; null: nobody knows, since its spend is not known in full. */
export type HoldsNow = (budget: BudgetState) => boolean | null;

/** The budgets of an organization by who holds them. */
export class HeldBudgets {
  readonly #state: OrganizationState;
  readonly #byHolder = new Map<string, BudgetState[]>();

  constructor(state: OrganizationState) {
    this.#state = state;
    for (const budget of state.budgets.values()) {
      const holder = holderOf(budget);
      const known = this.#byHolder.get(holder);
      if (known === undefined) this.#byHolder.set(holder, [budget]);
      else known.push(budget);
    }
  }

  /**
   * Whether a project is left alone though a team above it, or the organization, is over: the nearest budgets below
   * that one, the project's own before any team's, hold. Only those count whose window is the same or longer:
   * a day within its budget says nothing of the month.
   * @returns null: it may be cut
   */
  sparedBy(budget: BudgetState, project: string, holdsNow: HoldsNow): Spared | null {
    if (budget.project !== '') return null;
    const above = holderOf(budget);
    for (const holder of holdersOf(this.#state, project)) {
      if (holder === above) return null;
      const bounding = (this.#byHolder.get(holder) ?? []).filter(
        (each) => windowMicros(each) >= windowMicros(budget),
      );
      const [first] = bounding;
      if (first === undefined) continue;
      const held = bounding.map((each) => ({ budgetId: each.budgetId, holds: holdsNow(each) }));
      if (held.some(({ holds }) => holds === false)) return null;
      const unknown = held.find(({ holds }) => holds === null);
      return { budgetId: (unknown ?? first).budgetId, isWithin: unknown === undefined };
    }
    return null;
  }
}
