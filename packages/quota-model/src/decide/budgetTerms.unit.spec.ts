import type { BudgetShare, BudgetThreshold } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { BUDGET_SHARES_MAX, BUDGET_THRESHOLDS_MAX } from '../modelBounds.ts';
import { givenIn } from '../testing/given.ts';
import type { Fact } from '../testing/given.ts';
import {
  budget,
  budgetDefined,
  organizationRegistered,
  teamDefined,
} from '../testing/organizationSamples.ts';
import type { CommandData } from '../testing/stamp.ts';
import { THRESHOLDS_DEFAULT } from '../validate/budgetTerms.ts';

const open = { ...budget, mode: null, thresholds: null, split: null };
const define = (more: Partial<CommandData<'DefineBudget'>> = {}) =>
  ({ type: 'DefineBudget', data: { ...open, ...more } }) as const;
const acme = (...facts: readonly Fact[]) => givenIn('organization:acme', ...facts);
const actual = (basisPoints: number): BudgetThreshold => ({ basis: 'actual', basisPoints });
const share = (resource: string, basisPoints: number): BudgetShare => ({
  application: 'moka',
  resource,
  basisPoints,
});

describe('what DefineBudget leaves open', () => {
  it('is of a new budget a dry run, with the usual thresholds', () => {
    const thresholds = THRESHOLDS_DEFAULT;
    acme()
      .when(define())
      .then(budgetDefined({ mode: 'dry_run', thresholds }));
    expect(thresholds.map(({ basis, basisPoints }) => `${basis} ${basisPoints}`)).toEqual([
      'actual 5000',
      'actual 8000',
      'actual 10000',
      'forecast 10000',
    ]);
  });

  it('stays as it is of a budget that is there', () => {
    const said = { thresholds: [actual(9_000)], split: [share('tokens', 2_500)] };
    const there = budgetDefined(said);
    acme(there).when(define()).thenNothing();
    acme(there)
      .when(define({ amount: '200' }))
      .then(budgetDefined({ ...said, amount: '200' }, 2n));
  });

  it('is said by naming it', () => {
    acme(budgetDefined({}))
      .when(define({ mode: 'dry_run', thresholds: [], split: [share('tokens', 1)] }))
      .then(budgetDefined({ mode: 'dry_run', split: [share('tokens', 1)] }, 2n));
  });
});

describe('thresholds of a budget', () => {
  it('have one order, whatever the order of their command', () => {
    const forecast = { basis: 'forecast', basisPoints: 5_000 } as const;
    const thresholds = [actual(2_000), actual(10_000), forecast];
    const there = budgetDefined({ thresholds });
    acme(there)
      .when(define({ thresholds: [forecast, actual(10_000), actual(2_000)] }))
      .thenNothing();
  });

  it.each([
    ['of nothing', [actual(0)]],
    ['of half a point', [actual(0.5)]],
    ['of more than a hundredfold', [actual(1_000_001)]],
    ['twice', [actual(5_000), actual(5_000)]],
  ])('are not %s', (_what, thresholds) => {
    acme().when(define({ thresholds })).thenRefused('BUDGET_INVALID');
  });

  it('are few', () => {
    const many = [...Array(BUDGET_THRESHOLDS_MAX + 1).keys()].map((n) => actual(n + 1));
    acme()
      .when(define({ thresholds: many }))
      .thenRefused('TOO_MANY');
    acme()
      .when(define({ mode: 'enforce', thresholds: many.slice(1) }))
      .then(budgetDefined({ thresholds: many.slice(1) }));
  });
});

describe('the split of a budget', () => {
  it('gives each resource a part, the whole at most', () => {
    const split = [share('requests', 4_000), share('tokens', 6_000)];
    acme(budgetDefined({}))
      .when(define({ split: split.toReversed() }))
      .then(budgetDefined({ split }, 2n));
    acme()
      .when(define({ split: [share('requests', 4_001), share('tokens', 6_000)] }))
      .thenRefused('BUDGET_INVALID', '10001');
  });

  it.each([
    ['of no application', [{ ...share('tokens', 1), application: '' }]],
    ['of no resource', [share('', 1)]],
    ['of nothing', [share('tokens', 0)]],
    ['of one resource twice', [share('tokens', 1), share('tokens', 2)]],
  ])('is not %s', (_what, split) => {
    acme().when(define({ split })).thenRefused('BUDGET_INVALID');
  });

  it('has a bound', () => {
    const split = [...Array(BUDGET_SHARES_MAX + 1).keys()].map((n) => share(`r${n}`, 1));
    acme().when(define({ split })).thenRefused('TOO_MANY');
  });

  it('is of a project, also where the budget becomes that of a team', () => {
    const split = [share('tokens', 1)];
    const team = { project: '', team: 'data' };
    const registered = [organizationRegistered, teamDefined('data')];
    acme(...registered)
      .when(define({ ...team, split }))
      .thenRefused('BUDGET_INVALID', 'project');
    acme(budgetDefined({ split }), ...registered)
      .when(define(team))
      .thenRefusedAt('/split');
  });
});
