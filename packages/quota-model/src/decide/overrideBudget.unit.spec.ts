import { describe, expect, it } from 'vitest';
import { BUDGET_OVERRIDE_MICROS_MAX } from '../modelBounds.ts';
import { cutTerms } from '../testing/cutSamples.ts';
import { givenIn } from '../testing/given.ts';
import type { Fact } from '../testing/given.ts';
import { budgetDefined } from '../testing/organizationSamples.ts';
import { DAY, HOUR, START, rightsizer } from '../testing/stamp.ts';

const robot = { actor: rightsizer, roles: ['robot'] };
const until = START + HOUR;
const override = (end = until, budgetId = 'monthly') =>
  ({ type: 'OverrideBudget', data: { budgetId, until: end } }) as const;
const overridden = (end = until): Fact => ({
  type: 'BudgetOverridden',
  data: { budgetId: 'monthly', until: end },
});
const lift = { type: 'LiftBudgetOverride', data: { budgetId: 'monthly' } } as const;
const lifted: Fact = { type: 'BudgetOverrideLifted', data: { budgetId: 'monthly' } };
const begin = { type: 'BeginCut', data: cutTerms } as const;
const acme = (...facts: readonly Fact[]) =>
  givenIn('organization:acme', budgetDefined({}), ...facts);
const cuts = (given: ReturnType<typeof acme>) => given.when(begin, robot).decision.kind;

describe('OverrideBudget', () => {
  it('keeps a budget from cutting until its end, of which there is no event', () => {
    acme().when(override()).then(overridden());
    acme(overridden()).when(begin, robot).thenRefused('BUDGET_OVERRIDDEN', 'a test');
    expect(cuts(acme(overridden()).at(until - 1n))).toBe('refused');
    expect(cuts(acme(overridden()).at(until))).toBe('accepted');
  });

  it('lets cuts be lifted meanwhile', () => {
    const lifting = { type: 'BeginCut', data: { ...cutTerms, lift: 'person' } } as const;
    expect(acme(overridden()).when(lifting, robot).decision.kind).toBe('accepted');
  });

  it('takes the place of an earlier one; the same again is nothing', () => {
    acme(overridden()).when(override()).thenNothing();
    const later = until + HOUR;
    acme(overridden()).when(override(later)).then(overridden(later));
  });

  it.each([START, START - 1n, START + BUDGET_OVERRIDE_MICROS_MAX + 1n])(
    'does not end at %d: after now, and within 31 days',
    (end) => {
      acme().when(override(end)).thenRefused('OVERRIDE_END_INVALID', '31 days');
    },
  );

  it('may last 31 days', () => {
    const end = START + BUDGET_OVERRIDE_MICROS_MAX;
    acme().when(override(end)).then(overridden(end));
  });

  it("is for a reason, of a budget that is there, and compares the budget's version", () => {
    acme().when(override(), { reason: ' ' }).thenRefused('BUDGET_INVALID');
    acme().when(override(until, 'none')).thenRefused('BUDGET_UNKNOWN');
    acme().when(override(), { expectedVersion: 1n }).then(overridden());
    acme().when(override(), { expectedVersion: 2n }).thenRefused('VERSION_MISMATCH');
  });

  it('stays when the budget is defined anew, and goes with the budget', () => {
    expect(cuts(acme(overridden(), budgetDefined({ amount: '7' }, 2n)))).toBe('refused');
    const gone: Fact = { type: 'BudgetRetired', data: { budgetId: 'monthly' } };
    expect(cuts(acme(overridden(), gone, budgetDefined({})))).toBe('accepted');
  });
});

describe('LiftBudgetOverride', () => {
  it('lets the budget cut again', () => {
    acme(overridden()).when(lift).then(lifted);
    expect(cuts(acme(overridden(), lifted))).toBe('accepted');
  });

  it('is nothing where there is none, or none any more', () => {
    acme().when(lift).thenNothing();
    acme(overridden())
      .at(START + DAY)
      .when(lift)
      .thenNothing();
    givenIn('organization:acme').when(lift).thenRefused('BUDGET_UNKNOWN');
  });
});
