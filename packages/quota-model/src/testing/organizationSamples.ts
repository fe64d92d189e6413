/** A small organization, in facts. */
import type { Fact, FactOf } from './given.ts';

export const organizationRegistered: Fact = {
  type: 'OrganizationRegistered',
  data: { displayName: 'Acme', version: 1n },
};

export function teamDefined(teamId: string, parent: string | null = null, version = 1n): Fact {
  return {
    type: 'TeamDefined',
    data: { teamId, parent, owner: 'leads', displayName: teamId, version },
  };
}

export function projectDefined(project: string, team: string | null = null, version = 1n): Fact {
  return {
    type: 'ProjectDefined',
    data: { project, team, owner: 'leads', displayName: project, version },
  };
}

/** It cuts and tells nothing, but of what a test says else. */
export const budget: Omit<FactOf<'BudgetDefined'>['data'], 'version'> = {
  budgetId: 'monthly',
  project: 'acme/assistant',
  team: null,
  amount: '100',
  currency: 'USD',
  window: {
    kind: 'calendar_month',
    timeZone: 'Europe/Berlin',
    lengthMicros: null,
    anchor: null,
    count: 1,
  },
  priceBook: 'list',
  tierPolicy: 'standard',
  mode: 'enforce',
  thresholds: [],
  split: [],
};

export function budgetDefined(more: Partial<typeof budget>, version = 1n): Fact {
  return { type: 'BudgetDefined', data: { ...budget, ...more, version } };
}
