import { describe, expect, it } from 'vitest';
import { CROSSINGS_PER_WINDOW_MAX } from '../modelBounds.ts';
import { crossing } from '../testing/cutSamples.ts';
import { givenIn, stateAfter } from '../testing/given.ts';
import type { Fact } from '../testing/given.ts';
import { budget, budgetDefined } from '../testing/organizationSamples.ts';
import { DAY, START, rightsizer } from '../testing/stamp.ts';
import type { CommandData } from '../testing/stamp.ts';

type Crossing = CommandData<'RecordThreshold'>;

const robot = { actor: rightsizer, roles: ['robot'] };
const thresholds = [
  { basis: 'actual', basisPoints: 8_000 },
  { basis: 'forecast', basisPoints: 10_000 },
] as const;
const defined = budgetDefined({ thresholds });
const record = (more: Partial<Crossing> = {}) =>
  ({ type: 'RecordThreshold', data: { ...crossing, ...more } }) as const;
const crossed = (more: Partial<Crossing> = {}): Fact => ({
  type: 'BudgetThresholdCrossed',
  data: { ...crossing, ...more },
});
const next = { windowStart: crossing.windowEnd - DAY, windowEnd: crossing.windowEnd + DAY };
const none = { forecast: null, low: null, high: null, chanceBasisPoints: null };
const acme = (...facts: readonly Fact[]) => givenIn('organization:acme', defined, ...facts);

const crossingsAfter = (...facts: readonly Fact[]) => {
  const state = stateAfter('organization:acme', defined, ...facts);
  if (state?.kind !== 'organization') throw new TypeError('There is no organization.');
  return state.budgets.get('monthly')?.crossings ?? null;
};

describe('RecordThreshold', () => {
  it('tells once in a window that a threshold was reached, and once that it no longer is', () => {
    acme().when(record(), robot).then(crossed());
    acme(crossed())
      .when(record({ spend: '95' }), robot)
      .thenNothing();
    const down = { direction: 'down', spend: '70' } as const;
    acme(crossed()).when(record(down), robot).then(crossed(down));
    acme(crossed(), crossed(down)).when(record(down), robot).thenNothing();
    acme(crossed(), crossed(down)).when(record(), robot).thenNothing();
    acme().when(record(down), robot).thenRefused('THRESHOLD_NOT_REACHED');
  });

  it('tells of actual and of forecast spend apart', () => {
    const forecast = { basis: 'forecast', basisPoints: 10_000 } as const;
    acme(crossed()).when(record(forecast), robot).then(crossed(forecast));
    acme().when(record(none), robot).then(crossed(none));
    acme()
      .when(record({ ...forecast, ...none }), robot)
      .thenRefused('THRESHOLD_INVALID');
  });

  it('begins anew with each window, and goes back to none', () => {
    acme(crossed()).when(record(next), robot).then(crossed(next));
    acme(crossed(next)).when(record(), robot).thenRefused('THRESHOLD_TOO_LATE');
    expect(crossingsAfter(crossed(), crossed(next))).toEqual({
      ...next,
      crossed: [{ basis: 'actual', basisPoints: 8_000, direction: 'up', at: START }],
    });
  });

  it('tells late of a window that is over, where no later one has crossed anything', () => {
    acme()
      .at(crossing.windowEnd + DAY)
      .when(record(), robot)
      .then(crossed());
  });

  it('is of a threshold of the budget', () => {
    acme()
      .when(record({ budgetId: 'none' }))
      .thenRefused('BUDGET_UNKNOWN');
    acme()
      .when(record({ basisPoints: 9_000 }))
      .thenRefused('THRESHOLD_UNKNOWN');
    acme()
      .when(record({ basis: 'forecast' }))
      .thenRefused('THRESHOLD_UNKNOWN', 'forecast 8000');
  });

  it.each<[string, Partial<Crossing>]>([
    ['of a window that ends before its start', { windowEnd: crossing.windowStart }],
    ['of a window that has not begun', { windowStart: START + 1n }],
    ['of spend below nothing', { spend: '-1' }],
    ['of a budget that is no decimal', { budget: '1e3' }],
    ['in another currency', { currency: 'EUR' }],
    ['with half a forecast', { low: null }],
    ['with a forecast outside its interval', { forecast: '111' }],
    ['with a chance above one', { chanceBasisPoints: 10_001 }],
  ])('is refused %s', (_what, more) => {
    acme().when(record(more)).thenRefused('THRESHOLD_INVALID');
  });

  it('is kept while the budget is of the same money and time, and forgotten otherwise', () => {
    const again = (more: Partial<typeof budget>) => budgetDefined({ thresholds, ...more }, 2n);
    expect(crossingsAfter(crossed(), again({ amount: '200' }))?.crossed).toHaveLength(1);
    expect(crossingsAfter(crossed(), again({ currency: 'EUR' }))).toBeNull();
    const week = { ...budget.window, kind: 'calendar_day', count: 7 } as const;
    expect(crossingsAfter(crossed(), again({ window: week }))).toBeNull();
    const gone: Fact = { type: 'BudgetRetired', data: { budgetId: 'monthly' } };
    expect(crossingsAfter(crossed(), gone, budgetDefined({ thresholds }))).toBeNull();
  });

  it('has a bound, whoever changes the thresholds meanwhile', () => {
    const many = [...Array(CROSSINGS_PER_WINDOW_MAX).keys()].map((basisPoints) =>
      crossed({ basisPoints: basisPoints + 1 }),
    );
    acme(...many)
      .when(record(), robot)
      .thenRefused('TOO_MANY');
    acme(...many.slice(1))
      .when(record(), robot)
      .then(crossed());
  });
});
