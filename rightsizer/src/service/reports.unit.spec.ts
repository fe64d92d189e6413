import { describe, expect, it } from 'vitest';
import { productionPolicy } from '../policy.ts';
import { explainBudget } from './explainBudget.ts';
import type { BudgetLook } from '../throttle/budgetLooks.ts';
import type { Frozen } from '../throttle/judgeBudget.ts';
import type { Policy } from '../policy.ts';
import { explainFields, spendFields, statusFields } from './reportSchemas.ts';
import { spendReport, statusReport } from './reports.ts';

/** A budget without a window, usage or applications: all that stands is why it is frozen. */
function lookAt(...frozen: readonly Frozen[]): BudgetLook {
  const budget = {
    budgetId: 'month',
    project: 'acme/moka',
    amount: '1',
    currency: 'EUR',
    mode: 'enforce',
    thresholds: [{ basis: 'actual', basisPoints: 5_000 }],
    crossings: null,
    override: null,
    provenance: { at: 0n },
  };
  return {
    organization: 'acme',
    inputs: {
      budget: budget as unknown as BudgetLook['inputs']['budget'],
      window: null,
      book: null,
      tierPolicy: null,
      spend: null,
      standings: [],
      tableCaughtUpAt: null,
      now: 0n,
    },
    verdict: { overrunBasisPoints: null, targetStep: null, actions: [], frozen },
    forecast: null,
    due: [],
    tableVersion: null,
  };
}

describe('what the interface says of the reports', () => {
  it('has every member of them, and no other', () => {
    expect(Object.keys(spendReport(lookAt()))).toEqual(Object.keys(spendFields));
    const explained = explainBudget(lookAt(), productionPolicy, [], null);
    expect(Object.keys(explained)).toEqual(Object.keys(explainFields));
    const status = statusReport({
      policy: {} as Policy,
      parts: [],
      snapshot: null,
      resizes: null,
      budgets: null,
      provisioned: null,
    });
    expect(Object.keys(status)).toEqual(Object.keys(statusFields));
  });
});

describe("a budget's spend", () => {
  it.each(['PRICE_BOOK_UNKNOWN', 'CURRENCY_OTHER', 'TIER_POLICY_UNKNOWN'] as const)(
    'names what is wrong with the budget itself: %s',
    (code) => {
      const look = lookAt({ application: null, project: null, code, detail: 'list' });
      expect(spendReport(look)).toMatchObject({ problem: { code, detail: 'list' } });
    },
  );

  it('calls what passes by itself no problem of the budget', () => {
    const look = lookAt({
      application: 'moka',
      project: 'acme/moka',
      code: 'USAGE_STALE',
      detail: '',
    });
    expect(spendReport(look)).toMatchObject({ problem: null, frozen: [{ code: 'USAGE_STALE' }] });
  });
});
