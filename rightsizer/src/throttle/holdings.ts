/** Which projects a budget is about, and which budgets a project's money counts in. */
import type { BudgetState, OrganizationState } from '@prorata/quota-model';
import { holderOf, ORGANIZATION_HOLDER, parentHolder, projectHolder } from '@prorata/quota-model';

/** Deeper than any tree of teams that the model takes. */
const DEPTH_MAX = 64;

/** The project, the teams above it from the nearest on, the organization. */
export function holdersOf(state: OrganizationState, project: string): readonly string[] {
  const holders: string[] = [];
  let at: string | null = projectHolder(project);
  while (at !== null && at !== ORGANIZATION_HOLDER && holders.length < DEPTH_MAX) {
    holders.push(at);
    at = parentHolder(state, at);
  }
  // What nobody has defined is of no team, and the organization's all the same: it pays.
  return [...holders, ORGANIZATION_HOLDER];
}

/** Whether the budget is the project's, of a team above it, or of the organization. */
export function isBelow(
  state: OrganizationState,
  budget: Pick<BudgetState, 'project' | 'team'>,
  project: string,
): boolean {
  if (!project.startsWith(`${state.id}/`)) return false;
  if (budget.project !== '') return budget.project === project;
  return budget.team === null || holdersOf(state, project).includes(holderOf(budget));
}

const DAY_MICROS = 86_400_000_000n;

/** About how long the windows are: enough to tell a day from a month. Months count as 30 days. */
export function windowMicros({ window }: Pick<BudgetState, 'window'>): bigint {
  const count = BigInt(window.count);
  switch (window.kind) {
    case 'fixed':
      return window.lengthMicros ?? 0n;
    case 'calendar_day':
      return DAY_MICROS * count;
    case 'calendar_month':
      return 30n * DAY_MICROS * count;
  }
}
