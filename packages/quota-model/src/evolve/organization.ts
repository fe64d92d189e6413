import type { EventMessage } from '@prorata/schemas';
import { BrokenStream } from '../faults.ts';
import {
  addTake,
  holderAbove,
  parentHolder,
  placeBudget,
  projectHolder,
  seriesAt,
  takeOf,
  teamHolder,
} from '../organization/budgetTree.ts';
import type { BudgetState, OrganizationState } from '../organizationModel.ts';
import { completeAllocation, intendAllocation } from './allocations.ts';
import { closePeriod } from './closedPeriods.ts';
import { grantCredit, withdrawCredit } from './credits.ts';
import { completeCut, intendCut } from './cuts.ts';
import { provenanceOf, streamIdOf } from './origin.ts';
import type { EventOf } from './origin.ts';

export type OrganizationEvent = EventOf<
  | 'AllocationCompleted'
  | 'BudgetDefined'
  | 'BudgetRetired'
  | 'CreditGranted'
  | 'CreditWithdrawn'
  | 'CutCompleted'
  | 'CutIntended'
  | 'EntitlementAllocated'
  | 'OrganizationRegistered'
  | 'PeriodClosed'
  | 'ProjectDefined'
  | 'ProjectRetired'
  | 'TeamDefined'
  | 'TeamRetired'
>;

export function evolveOrganization(
  before: OrganizationState | null,
  event: OrganizationEvent,
): OrganizationState {
  const state = before ?? emptyOrganization(streamIdOf(event, 'organization'));
  switch (event.type) {
    case 'OrganizationRegistered':
      register(state, event);
      break;
    case 'TeamDefined':
      defineTeam(state, event);
      break;
    case 'TeamRetired':
      if (!state.teams.delete(event.value.teamId)) throw new BrokenStream(event, 'no such team');
      break;
    case 'ProjectDefined':
      defineProject(state, event);
      break;
    case 'ProjectRetired':
      if (!state.projects.delete(event.value.project)) {
        throw new BrokenStream(event, 'no such project');
      }
      break;
    case 'BudgetDefined':
      defineBudget(state, event);
      break;
    case 'BudgetRetired':
      retireBudget(state, event);
      break;
    case 'EntitlementAllocated':
      intendAllocation(state, event);
      break;
    case 'AllocationCompleted':
      completeAllocation(state, event);
      break;
    case 'CutIntended':
      intendCut(state, event);
      break;
    case 'CutCompleted':
      completeCut(state, event);
      break;
    case 'CreditGranted':
      grantCredit(state, event);
      break;
    case 'CreditWithdrawn':
      withdrawCredit(state, event);
      break;
    case 'PeriodClosed':
      closePeriod(state, event);
      break;
  }
  return state;
}

function emptyOrganization(id: string): OrganizationState {
  return {
    kind: 'organization',
    id,
    registration: null,
    teams: new Map(),
    projects: new Map(),
    budgets: new Map(),
    budgetAt: new Map(),
    promised: new Map(),
    allocations: new Map(),
    allocated: new Map(),
    cuts: new Map(),
    credits: new Map(),
    closedPeriods: new Map(),
  };
}

function register(state: OrganizationState, event: EventOf<'OrganizationRegistered'>): void {
  const { displayName, version } = event.value;
  follows(event, version, state.registration?.version);
  state.registration = { displayName, version, provenance: provenanceOf(event) };
}

function defineTeam(state: OrganizationState, event: EventOf<'TeamDefined'>): void {
  const { teamId, version, parent, owner, displayName } = event.value;
  follows(event, version, state.teams.get(teamId)?.version);
  const provenance = provenanceOf(event);
  moving(state, teamHolder(teamId), () =>
    state.teams.set(teamId, { teamId, version, parent, owner, displayName, provenance }),
  );
}

function defineProject(state: OrganizationState, event: EventOf<'ProjectDefined'>): void {
  const { project, version, team, owner, displayName } = event.value;
  const former = state.projects.get(project);
  follows(event, version, former?.version);
  const provenance = provenanceOf(event);
  moving(state, projectHolder(project), () =>
    state.projects.set(project, { project, version, team, owner, displayName, provenance }),
  );
  if (former !== undefined) return;
  // Budgets that were there before the project was become part of the tree.
  for (const budget of state.budgets.values()) {
    if (budget.project === project) placeBudget(state, budget, true);
  }
}

/** What the holder takes is taken from another place. */
function moving(state: OrganizationState, holder: string, move: () => void): void {
  const taken = [...seriesAt(state, holder)].map((series) => ({
    series,
    take: takeOf(state, holder, series),
  }));
  const from = parentHolder(state, holder);
  for (const { series, take } of taken) addTake(state, from, series, -take);
  move();
  const to = parentHolder(state, holder) ?? holderAbove(null);
  for (const { series, take } of taken) addTake(state, to, series, take);
}

function defineBudget(state: OrganizationState, event: EventOf<'BudgetDefined'>): void {
  const { budgetId, version, project, team, amount, currency } = event.value;
  const { window, priceBook, tierPolicy } = event.value;
  const former = state.budgets.get(budgetId);
  follows(event, version, former?.version);
  const budget: BudgetState = {
    budgetId,
    version,
    project,
    team,
    amount,
    currency,
    window,
    priceBook,
    tierPolicy,
    provenance: provenanceOf(event),
  };
  if (former !== undefined) placeBudget(state, former, false);
  state.budgets.set(budget.budgetId, budget);
  placeBudget(state, budget, true);
}

function retireBudget(state: OrganizationState, event: EventOf<'BudgetRetired'>): void {
  const budget = state.budgets.get(event.value.budgetId);
  if (budget === undefined) throw new BrokenStream(event, 'there is no such budget');
  placeBudget(state, budget, false);
  state.budgets.delete(budget.budgetId);
}

function follows(event: EventMessage, version: bigint, former: bigint | undefined): void {
  if (version !== (former ?? 0n) + 1n) throw new BrokenStream(event, 'it skips a version');
}
