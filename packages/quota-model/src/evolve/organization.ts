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
import type { OrganizationState } from '../organizationModel.ts';
import { completeAllocation, intendAllocation } from './allocations.ts';
import {
  crossThreshold,
  defineBudget,
  liftBudgetOverride,
  overrideBudget,
  retireBudget,
} from './budgets.ts';
import { closePeriod } from './closedPeriods.ts';
import { grantCredit, withdrawCredit } from './credits.ts';
import { completeCut, intendCut } from './cuts.ts';
import { follows, provenanceOf, streamIdOf } from './origin.ts';
import type { EventOf } from './origin.ts';
import { forgetRehearsedCuts, rehearseCut } from './rehearsedCuts.ts';

export type OrganizationEvent = EventOf<
  | 'AllocationCompleted'
  | 'BudgetDefined'
  | 'BudgetOverridden'
  | 'BudgetOverrideLifted'
  | 'BudgetRetired'
  | 'BudgetThresholdCrossed'
  | 'CreditGranted'
  | 'CreditWithdrawn'
  | 'CutCompleted'
  | 'CutIntended'
  | 'CutRehearsed'
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
      forgetRehearsedCuts(state, ({ project }) => project === event.value.project);
      break;
    case 'BudgetDefined':
      defineBudget(state, event);
      break;
    case 'BudgetRetired':
      retireBudget(state, event);
      break;
    case 'BudgetThresholdCrossed':
      crossThreshold(state, event);
      break;
    case 'BudgetOverridden':
      overrideBudget(state, event);
      break;
    case 'BudgetOverrideLifted':
      liftBudgetOverride(state, event);
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
    case 'CutRehearsed':
      rehearseCut(state, event);
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
    rehearsedCuts: new Map(),
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
