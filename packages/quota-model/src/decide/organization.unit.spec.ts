import { describe, expect, it } from 'vitest';
import { TEAM_DEPTH_MAX } from '../modelBounds.ts';
import { givenIn, stateAfter } from '../testing/given.ts';
import type { Fact } from '../testing/given.ts';
import type { CommandData } from '../testing/stamp.ts';
import {
  budget,
  budgetDefined,
  projectDefined,
  organizationRegistered,
  teamDefined,
} from '../testing/organizationSamples.ts';

const acme = (...facts: readonly Fact[]) => givenIn('organization:acme', ...facts);
const team = (teamId: string, parent: string | null = null) =>
  ({
    type: 'DefineTeam',
    data: { teamId, parent, owner: 'leads', displayName: teamId },
  }) as const;
const project = (name: string, under: string | null = null) =>
  ({
    type: 'DefineProject',
    data: { project: name, team: under, owner: 'leads', displayName: name },
  }) as const;
const define = (more: Partial<CommandData<'DefineBudget'>>) =>
  ({ type: 'DefineBudget', data: { ...budget, ...more } }) as const;

describe('an organization', () => {
  it('is registered, and renamed', () => {
    const register = (displayName: string) =>
      ({ type: 'RegisterOrganization', data: { displayName } }) as const;
    acme().when(register('Acme')).then(organizationRegistered);
    acme(organizationRegistered).when(register('Acme')).thenNothing();
    acme(organizationRegistered)
      .when(register('Acme AG'), { expectedVersion: 1n })
      .then({ type: 'OrganizationRegistered', data: { displayName: 'Acme AG', version: 2n } });
    acme().when(register(' ')).thenRefused('ORGANIZATION_INVALID');
  });

  it('must be registered before it has teams or projects', () => {
    acme().when(team('data')).thenRefused('ORGANIZATION_UNKNOWN');
    acme().when(project('acme/a')).thenRefused('ORGANIZATION_UNKNOWN');
  });

  it('has budgets of projects that nobody defined only until it is registered', () => {
    acme().when(define({})).then(budgetDefined({}));
    acme(organizationRegistered).when(define({})).thenRefused('PROJECT_UNKNOWN', 'acme/assistant');
    acme()
      .when(define({ project: '', team: 'data' }))
      .thenRefused('ORGANIZATION_UNKNOWN');
    acme(organizationRegistered)
      .when(define({ project: '', team: 'data' }))
      .thenRefused('TEAM_UNKNOWN');
    acme(organizationRegistered)
      .when(define({ project: '' }))
      .then(budgetDefined({ project: '' }));
    acme(organizationRegistered, teamDefined('data'), projectDefined('acme/assistant'))
      .when(define({ team: 'data' }))
      .thenRefused('BUDGET_INVALID', 'not of both');
  });
});

describe('teams', () => {
  const tree = [organizationRegistered, teamDefined('data'), teamDefined('ml', 'data')] as const;

  it('are defined below each other, and moved', () => {
    acme(...tree)
      .when(team('ml', 'data'))
      .thenNothing();
    acme(...tree)
      .when(team('ml'))
      .then(teamDefined('ml', null, 2n));
    acme(...tree)
      .when(team('ml', 'none'))
      .thenRefused('TEAM_UNKNOWN', 'none');
    acme(...tree)
      .when(team('a/b'))
      .thenRefused('ORGANIZATION_INVALID');
  });

  it('never stand below themselves', () => {
    acme(...tree)
      .when(team('data', 'ml'))
      .thenRefused('TEAM_CYCLE', 'data', 'ml');
    acme(...tree)
      .when(team('data', 'data'))
      .thenRefused('TEAM_CYCLE');
  });

  it('stand no deeper than they may, what is below them included', () => {
    const chain = Array.from({ length: TEAM_DEPTH_MAX }, (_, index) =>
      teamDefined(`t${index}`, index === 0 ? null : `t${index - 1}`),
    );
    const deep = acme(organizationRegistered, ...chain, teamDefined('a'), teamDefined('b', 'a'));
    deep.when(team('c', `t${TEAM_DEPTH_MAX - 1}`)).thenRefused('TEAM_TOO_DEEP');
    deep.when(team('a', `t${TEAM_DEPTH_MAX - 2}`)).thenRefused('TEAM_TOO_DEEP');
    deep
      .when(team('a', `t${TEAM_DEPTH_MAX - 3}`))
      .then(teamDefined('a', `t${TEAM_DEPTH_MAX - 3}`, 2n));
  });

  it('end when nothing is left of them', () => {
    const retire = { type: 'RetireTeam', data: { teamId: 'data' } } as const;
    acme(...tree)
      .when(retire)
      .thenRefused('TEAM_IN_USE', 'ml');
    acme(organizationRegistered, teamDefined('data'), projectDefined('acme/a', 'data'))
      .when(retire)
      .thenRefused('TEAM_IN_USE', 'acme/a');
    acme(organizationRegistered, teamDefined('data'), budgetDefined({ project: '', team: 'data' }))
      .when(retire)
      .thenRefused('TEAM_IN_USE', 'monthly');
    acme(organizationRegistered, teamDefined('data'))
      .when(retire)
      .then({ type: 'TeamRetired', data: { teamId: 'data' } });
    acme(organizationRegistered).when(retire).thenRefused('TEAM_UNKNOWN');
  });
});

describe('projects', () => {
  it('are of the organization, and end when they have no budgets', () => {
    const retire = { type: 'RetireProject', data: { project: 'acme/assistant' } } as const;
    const base = [organizationRegistered, projectDefined('acme/assistant')] as const;
    acme(organizationRegistered).when(project('acme/a')).then(projectDefined('acme/a'));
    acme(organizationRegistered).when(project('other/a')).thenRefused('PROJECT_INVALID');
    acme(organizationRegistered).when(project('acme/a', 'none')).thenRefused('TEAM_UNKNOWN');
    acme(...base, budgetDefined({}))
      .when(retire)
      .thenRefused('PROJECT_IN_USE', 'monthly');
    acme(...base)
      .when(retire)
      .then({ type: 'ProjectRetired', data: { project: 'acme/assistant' } });
    acme(organizationRegistered).when(retire).thenRefused('PROJECT_UNKNOWN');
  });

  it('bring the budgets that they had before they were defined, if those fit', () => {
    const early = budgetDefined({ amount: '60' });
    const above = budgetDefined({ budgetId: 'top', project: '', amount: '100' });
    acme(early, organizationRegistered, above)
      .when(project('acme/assistant'))
      .then(projectDefined('acme/assistant'));
    acme(
      early,
      organizationRegistered,
      budgetDefined({ budgetId: 'top', project: '', amount: '50' }),
    )
      .when(project('acme/assistant'))
      .thenRefused('BUDGET_SUM_EXCEEDED', 'top', '60');
    acme(early, budgetDefined({ budgetId: 'more', amount: '1' }), organizationRegistered)
      .when(project('acme/assistant'))
      .thenRefused('BUDGET_EXISTS', 'monthly', 'more');
  });
});

describe('budgets', () => {
  const tree = [
    organizationRegistered,
    teamDefined('data'),
    teamDefined('ml', 'data'),
    projectDefined('acme/a', 'ml'),
    projectDefined('acme/b', 'data'),
    budgetDefined({ budgetId: 'top', project: '', amount: '1000' }),
    budgetDefined({ budgetId: 'data', project: '', team: 'data', amount: '100' }),
    budgetDefined({ budgetId: 'a', project: 'acme/a', amount: '60.5' }),
  ] as const;
  const b = (amount: string, more: Partial<CommandData<'DefineBudget'>> = {}) =>
    define({ budgetId: 'b', project: 'acme/b', amount, ...more });

  it('sum within the nearest one above, exactly', () => {
    acme(...tree)
      .when(b('39.5'))
      .then(budgetDefined({ budgetId: 'b', project: 'acme/b', amount: '39.5' }));
    acme(...tree)
      .when(b('39.500000000001'))
      .thenRefused('BUDGET_SUM_EXCEEDED', 'data', '100', '60.5', '39.500000000001');
  });

  it('are not lowered below what they have promised', () => {
    const lower = define({ budgetId: 'data', project: '', team: 'data', amount: '60' });
    acme(...tree)
      .when(lower)
      .thenRefused('BUDGET_BELOW_SUM', '60.5');
  });

  it('of another currency or length are a sum of their own', () => {
    acme(...tree)
      .when(b('500', { currency: 'EUR' }))
      .then(budgetDefined({ budgetId: 'b', project: 'acme/b', amount: '500', currency: 'EUR' }));
    const window = { ...budget.window, count: 3 };
    acme(...tree)
      .when(b('500', { window }))
      .then(budgetDefined({ budgetId: 'b', project: 'acme/b', amount: '500', window }));
    acme(...tree)
      .when(b('500', { window: { ...budget.window, timeZone: 'America/New_York' } }))
      .thenRefused('BUDGET_SUM_EXCEEDED');
  });

  it('are one for a holder, a currency and a window', () => {
    acme(...tree)
      .when(define({ budgetId: 'other', project: 'acme/a', amount: '1' }))
      .thenRefused('BUDGET_EXISTS', 'a');
  });

  it('go with a team that moves, and must fit there', () => {
    const small = budgetDefined({ budgetId: 'small', project: '', team: 'web', amount: '60' });
    const web = [...tree, teamDefined('web'), small] as const;
    acme(...web)
      .when(team('ml', 'web'))
      .thenRefused('BUDGET_SUM_EXCEEDED', 'small', '60.5');
    acme(...web)
      .when(project('acme/a', 'web'))
      .thenRefused('BUDGET_SUM_EXCEEDED', 'small');
    acme(...web)
      .when(team('ml'))
      .then(teamDefined('ml', null, 2n));
  });

  it('give back what they took when they end, but for what they have promised on', () => {
    const retire = (budgetId: string) => ({ type: 'RetireBudget', data: { budgetId } }) as const;
    acme(...tree)
      .when(retire('a'))
      .then({ type: 'BudgetRetired', data: { budgetId: 'a' } });
    acme(...tree)
      .when(retire('none'))
      .thenRefused('BUDGET_UNKNOWN');
    const state = stateAfter('organization:acme', ...tree, {
      type: 'BudgetRetired',
      data: { budgetId: 'data' },
    });
    if (state?.kind !== 'organization') throw new TypeError('There is no organization.');
    expect(state.promised.get('')).toEqual(
      new Map([['USD calendar_month 1', 60_500_000_000_000n]]),
    );
  });
});
