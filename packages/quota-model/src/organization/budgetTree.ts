/**
 * The tree of who pays, and the budgets in it. A holder is the organization (the empty text), a team or a
 * project. Budgets of one currency whose windows are alike form a series; in each series a holder has one
 * budget at most, and what the budgets below it sum to is kept with it: a change adds its difference
 * on the way up to the nearest budget, and nothing else is walked. A holder without a budget is looked
 * through.
 */
import { picosOf } from '../decimals.ts';
import type { BudgetState, OrganizationState } from '../organizationModel.ts';

export const ORGANIZATION_HOLDER = '';

export function teamHolder(teamId: string): string {
  return `team ${teamId}`;
}

export function projectHolder(project: string): string {
  return `project ${project}`;
}

export function holderOf({ project, team }: Pick<BudgetState, 'project' | 'team'>): string {
  if (project !== '') return projectHolder(project);
  return team === null ? ORGANIZATION_HOLDER : teamHolder(team);
}

/** How people call a holder. */
export function describeHolder(holder: string): string {
  return holder === ORGANIZATION_HOLDER ? 'the organization' : holder;
}

/** The team above as a holder. */
export function holderAbove(team: string | null): string {
  return team === null ? ORGANIZATION_HOLDER : teamHolder(team);
}

/** What is above a holder; null above the organization, and above what is not defined. */
export function parentHolder(state: OrganizationState, holder: string): string | null {
  if (holder === ORGANIZATION_HOLDER) return null;
  const project = state.projects.get(holder.slice('project '.length));
  if (holder.startsWith('project '))
    return project === undefined ? null : holderAbove(project.team);
  const team = state.teams.get(holder.slice('team '.length));
  return team === undefined ? null : holderAbove(team.parent);
}

/**
 * Whether the holder is the project, a team above it, or its organization: its budgets bound the project's spend. The
 * organization pays for all of its projects, also for one that it has not defined.
 * @param project of the organization
 */
export function holdsProject(state: OrganizationState, holder: string, project: string): boolean {
  if (holder === ORGANIZATION_HOLDER) return true;
  let at: string | null = projectHolder(project);
  while (at !== null && at !== holder) at = parentHolder(state, at);
  return at !== null;
}

/** Whether the holder is part of the tree: only what is part of it is summed. */
export function isInTree(state: OrganizationState, holder: string): boolean {
  if (holder === ORGANIZATION_HOLDER) return state.registration !== null;
  return parentHolder(state, holder) !== null;
}

/**
 * Budgets that are summed: of one currency and of windows of one length. Months of two time zones
 * are alike, for they promise the same money for about the same time.
 */
export function seriesOf({ currency, window }: Pick<BudgetState, 'currency' | 'window'>): string {
  const { kind, count, lengthMicros } = window;
  const length = kind === 'fixed' ? (lengthMicros ?? 0n).toString() : count.toString();
  return `${currency} ${kind} ${length}`;
}

export function promisedAt(state: OrganizationState, holder: string, series: string): bigint {
  return state.promised.get(holder)?.get(series) ?? 0n;
}

export function budgetAt(
  state: OrganizationState,
  holder: string,
  series: string,
): BudgetState | null {
  return state.budgets.get(state.budgetAt.get(holder)?.get(series) ?? '') ?? null;
}

/** What a holder takes from above in a series: its budget or, without one, what those below take. */
export function takeOf(state: OrganizationState, holder: string, series: string): bigint {
  const budget = budgetAt(state, holder, series);
  return budget === null ? promisedAt(state, holder, series) : picosOf(budget.amount);
}

/** Series in which the holder takes anything. */
export function seriesAt(state: OrganizationState, holder: string): ReadonlySet<string> {
  return new Set([
    ...(state.budgetAt.get(holder)?.keys() ?? []),
    ...(state.promised.get(holder)?.keys() ?? []),
  ]);
}

/**
 * The nearest budget of a series from `holder` up, `holder` included.
 * @param except a budget that is looked through
 */
export function nearestBudget(
  state: OrganizationState,
  holder: string | null,
  series: string,
  except: string | null = null,
): BudgetState | null {
  for (let at = holder; at !== null; at = parentHolder(state, at)) {
    const budget = budgetAt(state, at, series);
    if (budget !== null && budget.budgetId !== except) return budget;
  }
  return null;
}

/** What a budget has handed out: to the budgets below it, and to what is allocated from it. */
export function handedOut(state: OrganizationState, budget: BudgetState): bigint {
  return (
    promisedAt(state, holderOf(budget), seriesOf(budget)) +
    (state.allocated.get(budget.budgetId) ?? 0n)
  );
}

/** Adds what a holder takes more than before to what is above it, up to the nearest budget. */
export function addTake(
  state: OrganizationState,
  parent: string | null,
  series: string,
  difference: bigint,
): void {
  if (difference === 0n) return;
  for (let at = parent; at !== null; at = parentHolder(state, at)) {
    setIn(state.promised, at, series, promisedAt(state, at, series) + difference);
    if (budgetAt(state, at, series) !== null) return;
  }
}

/** Puts a budget into the tree, or takes it out. What is not part of the tree is not summed. */
export function placeBudget(state: OrganizationState, budget: BudgetState, isThere: boolean): void {
  const holder = holderOf(budget);
  if (!isInTree(state, holder)) return;
  const series = seriesOf(budget);
  const before = takeOf(state, holder, series);
  setIn(state.budgetAt, holder, series, isThere ? budget.budgetId : null);
  const after = isThere ? picosOf(budget.amount) : promisedAt(state, holder, series);
  addTake(state, parentHolder(state, holder), series, after - before);
}

/** Sets an entry of a map of maps; nothing and zero are no entries, so that equal states stay equal. */
function setIn<V extends string | bigint>(
  maps: Map<string, Map<string, V>>,
  outer: string,
  inner: string,
  value: V | null,
): void {
  const map = maps.get(outer) ?? new Map<string, V>();
  if (value === null || value === 0n) map.delete(inner);
  else map.set(inner, value);
  if (map.size === 0) maps.delete(outer);
  else maps.set(outer, map);
}
