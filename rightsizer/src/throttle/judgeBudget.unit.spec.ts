import { plainBook } from '@prorata/quota-model/testing';
import type {
  BudgetState,
  PriceBookState,
  Provenance,
  TierPolicyState,
} from '@prorata/quota-model';
import { describe, expect, it } from 'vitest';
import { productionPolicy } from '../policy.ts';
import { judgeBudget } from './judgeBudget.ts';
import type {
  ApplicationStanding,
  BudgetInputs,
  BudgetVerdict,
  FreezeCode,
  StandingCut,
  ThrottleAction,
} from './judgeBudget.ts';

const second = 1_000_000n;
const now = 10_000n * second;
const policy = {
  ...productionPolicy.throttle,
  freshnessMs: 60_000,
  escalationMs: 30_000,
  cooldownMs: 20_000,
};
const provenance: Provenance = {
  actor: { kind: 'user', issuer: 'test', subject: 'someone' },
  reason: 'test',
  commandId: null,
  at: 0n,
  streamVersion: 1n,
  approved: null,
};
const budget: BudgetState = {
  budgetId: 'month',
  version: 1n,
  project: 'acme/search',
  team: null,
  amount: '100',
  currency: 'USD',
  window: { kind: 'fixed', timeZone: 'UTC', lengthMicros: 1_000n * second, anchor: 0n, count: 1 },
  priceBook: 'list',
  tierPolicy: 'standard',
  mode: 'enforce',
  thresholds: [],
  split: [],
  crossings: null,
  override: null,
  provenance,
};
const book: PriceBookState = {
  kind: 'pricebook',
  id: 'list',
  version: 1n,
  currency: 'USD',
  ...plainBook,
  prices: [],
  provenance,
};
const tierPolicy: TierPolicyState = {
  kind: 'tierpolicy',
  id: 'standard',
  version: 1n,
  steps: [
    { overrunBasisPoints: 0, cutBasisPoints: [0, 0, 1_000, 2_000, 5_000] },
    { overrunBasisPoints: 1_000, cutBasisPoints: [0, 1_000, 2_500, 5_000, 9_000] },
    { overrunBasisPoints: 2_500, cutBasisPoints: [500, 2_000, 5_000, 9_000, 10_000] },
  ],
  floorBasisPoints: [9_000, 5_000, 2_000, 0, 0],
  provenance,
};
const cut: StandingCut = {
  project: 'acme/search',
  step: 0,
  tierPolicy: 'standard',
  tierPolicyVersion: 1n,
  windowStart: now,
  windowEnd: now + 1_000n * second,
  budget: '100',
  spend: '101',
  currency: 'USD',
  appliedAt: now - 60n * second,
};
const standing: ApplicationStanding = {
  application: 'llm',
  pays: true,
  tiers: [0, 1, 2, 3, 4],
  cut: null,
  tierCuts: [],
  uncovered: [],
  liftedAt: null,
  newestUsage: now - second,
};
/** What a step of the policy above leaves on the quotas. */
const tierCutsOf = (step: number) =>
  tierPolicy.steps[step]!.cutBasisPoints.flatMap((cutBasisPoints, tier) =>
    cutBasisPoints === 0
      ? []
      : [{ tier, cutBasisPoints, floorBasisPoints: tierPolicy.floorBasisPoints[tier]! }],
  );
const spent = (total: string) => ({ lines: [], total, unpriced: [] });
const judge = (
  changes: Partial<BudgetInputs>,
  application: Partial<ApplicationStanding> = {},
): BudgetVerdict =>
  judgeBudget(
    {
      budget,
      window: { start: now, end: now + 1_000n * second },
      book,
      tierPolicy,
      spend: spent('115'),
      applications: [{ ...standing, ...application }],
      tableCaughtUpAt: now,
      now,
      ...changes,
    },
    policy,
  );
const apply = (step: number): ThrottleAction => ({ kind: 'apply', application: 'llm', step });

describe('judgeBudget cuts', () => {
  it('by the first step, however far spend is over', () => {
    expect(judge({ spend: spent('100.000000000001') }).actions).toEqual([apply(0)]);
    expect(judge({ spend: spent('900') }).actions).toEqual([apply(0)]);
  });

  it('one step deeper at a time, to the step that the overrun has reached', () => {
    expect(judge({}, { cut })).toMatchObject({
      overrunBasisPoints: 1_500,
      targetStep: 1,
      actions: [apply(1)],
      frozen: [],
    });
    expect(judge({ spend: spent('900') }, { cut }).actions).toEqual([apply(1)]);
  });

  it('past steps that change nothing for the tiers at hand', () => {
    // Tier 0 is cut by the third step alone.
    expect(judge({ spend: spent('900') }, { tiers: [0] }).actions).toEqual([apply(2)]);
    expect(judge({ spend: spent('900') }, { tiers: [0, 1] }).actions).toEqual([apply(1)]);
    expect(judge({}, { tiers: [0] })).toMatchObject({ targetStep: 1, actions: [], frozen: [] });
    expect(judge({}, { tiers: [] })).toMatchObject({ actions: [], frozen: [] });
  });

  it('again where a quota has come to be since, or the terms have changed', () => {
    expect(judge({}, { cut: { ...cut, step: 1 }, uncovered: ['llm/new'] }).actions).toEqual([
      apply(1),
    ]);
    const former = { ...cut, step: 1, tierPolicyVersion: 0n };
    expect(judge({}, { cut: former, tierCuts: tierCutsOf(1) }).actions).toEqual([apply(1)]);
  });
});

describe('judgeBudget lifts', () => {
  const lift = (cause: string): unknown[] => [expect.objectContaining({ kind: 'lift', cause })];

  it('when the budget is raised', () => {
    const raised = { ...budget, amount: '115', version: 2n };
    expect(judge({ budget: raised }, { cut }).actions).toEqual(lift('budget_raised'));
  });

  it('when spend is corrected', () => {
    expect(judge({ spend: spent('100') }, { cut }).actions).toEqual(lift('spend_corrected'));
  });

  it('when the window has rolled, also when nothing else is known', () => {
    const old = { ...cut, windowEnd: now };
    expect(judge({}, { cut: old }).actions).toEqual(lift('window_rolled'));
    const blind = {
      spend: null,
      book: null,
      window: null,
      tierPolicy: null,
      tableCaughtUpAt: null,
    };
    expect(judge(blind, { cut: old, newestUsage: null }).actions).toEqual(lift('window_rolled'));
    expect(judge({}, { cut: { ...cut, windowStart: now - 1n } }).actions).toEqual(
      lift('window_rolled'),
    );
  });

  it('when the budget is for another project now', () => {
    const moved = { ...cut, project: 'acme/ads' };
    expect(judge({}, { cut: moved }).actions).toEqual([
      expect.objectContaining({ kind: 'lift', project: 'acme/ads' }),
    ]);
  });

  it('for a budget above all that is proven spent, however stale the data and however fresh the cut', () => {
    const raised = { ...budget, amount: '115' };
    const stale = { budget: raised, tableCaughtUpAt: null };
    const fresh = { cut: { ...cut, appliedAt: now }, newestUsage: null, liftedAt: now };
    const verdict = judge({ ...stale, spend: spent('3') }, fresh);
    expect(verdict.actions).toEqual([
      expect.objectContaining({ kind: 'lift', cause: 'budget_raised', spend: '101' }),
    ]);
    expect(verdict.frozen).toEqual([]);
  });

  it('in part, when less of a cut is called for, and without a rest', () => {
    const deep = { ...cut, step: 2, appliedAt: now };
    expect(judge({}, { cut: deep }).actions).toEqual([apply(1)]);
  });

  it('without a tier policy', () => {
    expect(judge({ spend: spent('5'), tierPolicy: null }, { cut }).actions).toEqual(
      lift('spend_corrected'),
    );
  });
});

describe('judgeBudget does not lift', () => {
  const raised = { ...budget, amount: '114.9', version: 2n };
  const deep = { cut: { ...cut, spend: '115' } };
  const cases: readonly [
    string,
    FreezeCode,
    Partial<BudgetInputs>,
    Partial<ApplicationStanding>,
  ][] = [
    ['without a table', 'TABLE_BEHIND', { spend: null, tableCaughtUpAt: null }, { cut }],
    [
      'by a table that lacks usage',
      'TABLE_BEHIND',
      { spend: spent('0'), tableCaughtUpAt: null },
      { cut },
    ],
    [
      'by a table that lags',
      'TABLE_BEHIND',
      { spend: spent('0'), tableCaughtUpAt: now - 61n * second },
      { cut },
    ],
    [
      'by stale usage',
      'USAGE_STALE',
      { spend: spent('0') },
      { cut, newestUsage: now - 61n * second },
    ],
    [
      'for a raise below what the cut was made for, where the table lacks usage',
      'TABLE_BEHIND',
      { budget: raised, spend: spent('0'), tableCaughtUpAt: null },
      deep,
    ],
    [
      'for a raise in another currency, where the table lacks usage',
      'TABLE_BEHIND',
      { budget: { ...raised, amount: '1000' }, tableCaughtUpAt: null },
      { cut: { ...cut, currency: 'EUR' } },
    ],
    [
      'a part, where the table lacks usage',
      'TABLE_BEHIND',
      { tableCaughtUpAt: null },
      { cut: { ...cut, step: 2 } },
    ],
    ['a part, on stale usage', 'USAGE_STALE', {}, { cut: { ...cut, step: 2 }, newestUsage: null }],
  ];
  it.each(cases)('%s', (_when, code, changes, application) => {
    const verdict = judge(changes, application);
    expect(verdict.actions).toEqual([]);
    expect(verdict.frozen).toEqual([expect.objectContaining({ code })]);
  });

  it('for a raise below what the cut beside it was made for', () => {
    const verdict = judge({
      budget: raised,
      spend: spent('0'),
      tableCaughtUpAt: null,
      applications: [
        { ...standing, cut },
        { ...standing, application: 'beside', cut: deep.cut },
      ],
    });
    expect(verdict.actions).toEqual([]);
    expect(verdict.frozen).toHaveLength(2);
  });
});

describe('judgeBudget under another tier policy than the cut', () => {
  const shorter: TierPolicyState = {
    ...tierPolicy,
    version: 2n,
    steps: [{ overrunBasisPoints: 0, cutBasisPoints: [500, 3_000, 6_000, 9_000, 10_000] }],
  };
  const inPlace = { cut: { ...cut, step: 1 }, tierCuts: tierCutsOf(1) };

  it('takes a deeper cut for one, though its step is lower', () => {
    const fresh = { ...inPlace, cut: { ...inPlace.cut, appliedAt: now } };
    expect(judge({ tierPolicy: shorter }, fresh)).toMatchObject({
      actions: [],
      frozen: [{ code: 'ESCALATION_RESTS' }],
    });
    const stale = { tierPolicy: shorter, tableCaughtUpAt: null };
    expect(judge(stale, inPlace)).toMatchObject({
      actions: [],
      frozen: [{ code: 'TABLE_BEHIND' }],
    });
    expect(judge({ tierPolicy: shorter }, inPlace).actions).toEqual([apply(0)]);
  });

  it('takes a lower floor for a deeper cut', () => {
    const bare = { ...tierPolicy, version: 2n, floorBasisPoints: [0, 0, 0, 0, 0] };
    const fresh = { ...inPlace, cut: { ...inPlace.cut, appliedAt: now } };
    expect(judge({ tierPolicy: bare }, fresh)).toMatchObject({
      actions: [],
      frozen: [{ code: 'ESCALATION_RESTS' }],
    });
  });

  it('takes a cut of a tier that none lay on for a deeper one', () => {
    const onlyFour = { ...inPlace, tierCuts: tierCutsOf(1).slice(-1), tiers: [0, 4] };
    const fresh = { ...onlyFour, cut: { ...onlyFour.cut, appliedAt: now } };
    const gentle = {
      ...tierPolicy,
      version: 2n,
      steps: [{ overrunBasisPoints: 0, cutBasisPoints: [500, 500, 500, 500, 500] }],
    };
    expect(judge({ tierPolicy: gentle }, fresh).frozen).toMatchObject([
      { code: 'ESCALATION_RESTS' },
    ]);
  });

  it('lightens at once, and goes on from what lies in place', () => {
    const steps = [
      { overrunBasisPoints: 0, cutBasisPoints: [0, 0, 0, 0, 1_000] },
      { overrunBasisPoints: 500, cutBasisPoints: [0, 0, 0, 1_000, 2_000] },
      { overrunBasisPoints: 2_000, cutBasisPoints: [500, 3_000, 6_000, 9_000, 10_000] },
    ];
    const longer = { ...tierPolicy, version: 2n, steps };
    const fresh = { ...inPlace, cut: { ...inPlace.cut, appliedAt: now } };
    expect(judge({ tierPolicy: longer }, fresh).actions).toEqual([apply(1)]);
    expect(judge({ tierPolicy: longer, spend: spent('900') }, inPlace).actions).toEqual([apply(2)]);
  });

  it('lifts, though every step is deeper than what lies in place', () => {
    expect(judge({ tierPolicy: shorter, spend: spent('100') }, inPlace).actions).toEqual([
      expect.objectContaining({ kind: 'lift', cause: 'spend_corrected' }),
    ]);
  });
});

describe('judgeBudget does not cut', () => {
  const cases: readonly [
    string,
    FreezeCode,
    Partial<BudgetInputs>,
    Partial<ApplicationStanding>,
  ][] = [
    ['when the table has never caught up', 'TABLE_BEHIND', { tableCaughtUpAt: null }, {}],
    ['when the table lags', 'TABLE_BEHIND', { tableCaughtUpAt: now - 61n * second }, {}],
    ['when usage is stale', 'USAGE_STALE', {}, { newestUsage: now - 61n * second }],
    ['when the application sends no usage', 'USAGE_STALE', {}, { newestUsage: null }],
    [
      'when a used resource has no price',
      'PRICE_MISSING',
      { spend: { lines: [], total: '900', unpriced: ['llm/gpu'] } },
      {},
    ],
    ['when the currency is another', 'CURRENCY_OTHER', { book: { ...book, currency: 'EUR' } }, {}],
    ['when there is no price book', 'PRICE_BOOK_UNKNOWN', { book: null, spend: null }, {}],
    ['when there is no tier policy', 'TIER_POLICY_UNKNOWN', { tierPolicy: null }, {}],
    ['when the window cannot be told', 'WINDOW_UNKNOWN', { window: null, spend: null }, {}],
    [
      'deeper, right after a cut',
      'ESCALATION_RESTS',
      {},
      { cut: { ...cut, appliedAt: now - 29n * second } },
    ],
    ['right after a lift', 'COOLING_DOWN', {}, { liftedAt: now - 19n * second }],
  ];
  it.each(cases)('%s', (_when, code, changes, application) => {
    const verdict = judge(changes, application);
    expect(verdict.actions).toEqual([]);
    expect(verdict.frozen).toEqual([expect.objectContaining({ code })]);
  });

  const silent: readonly [string, Partial<BudgetInputs>, Partial<ApplicationStanding>][] = [
    ['at the budget exactly', { spend: spent('100') }, {}],
    ['again what is cut already', {}, { cut: { ...cut, step: 1 } }],
    ['where the project pays for nothing', {}, { pays: false }],
    [
      'below the first step',
      { tierPolicy: { ...tierPolicy, steps: tierPolicy.steps.slice(2) } },
      {},
    ],
  ];
  it.each(silent)('%s, and nothing is wrong', (_when, changes, application) => {
    expect(judge(changes, application)).toMatchObject({ actions: [], frozen: [] });
  });

  it('an application with stale usage, and cuts the one beside it', () => {
    const verdict = judge({
      applications: [
        { ...standing, application: 'quiet', newestUsage: null },
        { ...standing, application: 'llm' },
      ],
    });
    expect(verdict.actions).toEqual([apply(0)]);
    expect(verdict.frozen).toEqual([
      expect.objectContaining({ application: 'quiet', code: 'USAGE_STALE' }),
    ]);
  });
});
