import type { CutState, OrganizationState } from '@prorata/quota-model';
import type { CutIntended, EventMessage } from '@prorata/schemas';
import * as tables from '../database/tables.ts';
import type { Row, Table } from '../database/tables.ts';
import { budgetRow, rehearsedCutRow } from '../rows/budgetRows.ts';
import { creditRow, periodRow } from '../rows/creditRows.ts';
import {
  allocationRow,
  cutRow,
  organizationRow,
  projectRow,
  teamRow,
} from '../rows/organizationRows.ts';

export interface RowChange {
  readonly table: Table;
  /** Of a row that goes, its key. */
  readonly row: Row;
  readonly isGone: boolean;
}

/** @param answered the cut that the event completes, as it stood before */
export function organizationChanges(
  event: EventMessage,
  state: OrganizationState,
  answered: CutState | null,
): readonly RowChange[] {
  const organization = state.id;
  switch (event.type) {
    case 'OrganizationRegistered':
      return [put(tables.organizations, organizationRow(event.value))];
    case 'TeamDefined':
      return [put(tables.teams, teamRow(event.value))];
    case 'TeamRetired':
      return [drop(tables.teams, { organization, team_id: event.value.teamId })];
    case 'ProjectDefined':
      return [put(tables.projects, projectRow(event.value))];
    case 'ProjectRetired':
      return [drop(tables.projects, { organization, project: event.value.project })];
    case 'BudgetDefined':
    case 'BudgetOverridden':
    case 'BudgetOverrideLifted':
    case 'BudgetThresholdCrossed':
      return budgetAfter(state, event.value.budgetId);
    case 'CutRehearsed':
      return [put(tables.rehearsedCuts, rehearsedCutRow(event.value))];
    case 'BudgetRetired':
      return [drop(tables.budgets, { organization, budget_id: event.value.budgetId })];
    case 'EntitlementAllocated':
    case 'AllocationCompleted':
      return [put(tables.allocations, allocationRow(state, event.value))];
    case 'CreditGranted':
    case 'CreditWithdrawn':
      return [put(tables.credits, creditRow(event.value))];
    case 'PeriodClosed':
      return [put(tables.closedPeriods, periodRow(event.value))];
    case 'CutIntended':
      return intended(event.value, state);
    case 'CutCompleted': {
      const { application, envelope } = event.value;
      if (answered === null) return [];
      return [put(tables.budgetCuts, cutRow(answered, application, event.value, envelope))];
    }
    default:
      return [];
  }
}

function budgetAfter(state: OrganizationState, budgetId: string): RowChange[] {
  const budget = state.budgets.get(budgetId);
  return budget === undefined ? [] : [put(tables.budgets, budgetRow(state.id, budget))];
}

function intended({ cutId, envelope }: CutIntended, state: OrganizationState): RowChange[] {
  const cut = state.cuts.get(cutId.toString());
  if (cut === undefined) return [];
  return [...cut.applications.keys()].map((application) =>
    put(tables.budgetCuts, cutRow(cut, application, null, envelope)),
  );
}

function put(table: Table, row: Row): RowChange {
  return { table, row, isGone: false };
}

function drop(table: Table, row: Row): RowChange {
  return { table, row, isGone: true };
}
