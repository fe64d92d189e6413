import type { BudgetWindow, IdleRule, Price, PriceStep, SharedCost } from '@prorata/schemas';
import { describe, it } from 'vitest';
import { givenIn } from '../testing/given.ts';
import type { FactOf } from '../testing/given.ts';
import { plainBook, plainPrice } from '../testing/priceSamples.ts';
import { DAY, SECOND, START } from '../testing/stamp.ts';
import type { CommandData } from '../testing/stamp.ts';

const monthly: BudgetWindow = {
  kind: 'calendar_month',
  timeZone: 'Europe/Berlin',
  lengthMicros: null,
  anchor: null,
  count: 1,
};
const fixed: BudgetWindow = {
  kind: 'fixed',
  timeZone: 'UTC',
  lengthMicros: 60n * SECOND,
  anchor: START,
  count: 1,
};
const budget: Omit<FactOf<'BudgetDefined'>['data'], 'version'> = {
  budgetId: 'monthly',
  project: 'acme/assistant',
  team: null,
  amount: '100.50',
  currency: 'USD',
  window: monthly,
  priceBook: 'list',
  tierPolicy: 'standard',
  mode: 'enforce',
  thresholds: [],
  split: [],
};

describe('DefineBudget', () => {
  const define = (more: Partial<typeof budget> = {}) =>
    ({ type: 'DefineBudget', data: { ...budget, ...more } }) as const;
  const defined = (version: bigint, more: Partial<typeof budget> = {}) =>
    ({ type: 'BudgetDefined', data: { ...budget, ...more, version } }) as const;

  it('counts versions; the same again is nothing', () => {
    givenIn('organization:acme').when(define()).then(defined(1n));
    givenIn('organization:acme', defined(1n)).when(define()).thenNothing();
    givenIn('organization:acme', defined(1n))
      .when(define({ amount: '200' }), { expectedVersion: 1n })
      .then(defined(2n, { amount: '200' }));
    givenIn('organization:acme', defined(1n))
      .when(define({ amount: '200' }), { expectedVersion: 2n })
      .thenRefused('VERSION_MISMATCH');
    givenIn('organization:acme')
      .when(define({ window: fixed }))
      .then(defined(1n, { window: fixed }));
  });

  it.each<[string, Partial<typeof budget>]>([
    ['of another organization', { project: 'other/assistant' }],
    ['of nothing', { amount: '0.00' }],
    ['below nothing', { amount: '-5' }],
    ['that is no decimal', { amount: '1e3' }],
    ['of a window without length', { window: { ...fixed, lengthMicros: null } }],
    ['of a window without start', { window: { ...fixed, anchor: null } }],
    ['of a month with a length', { window: { ...monthly, lengthMicros: DAY } }],
    ['of five months', { window: { ...monthly, count: 5 } }],
    ['of two fixed windows', { window: { ...fixed, count: 2 } }],
    ['without a price book', { priceBook: '' }],
  ])('refuses a budget %s', (_what, more) => {
    givenIn('organization:acme').when(define(more)).thenRefused('BUDGET_INVALID');
  });

  it.each(['', 'Europe/Atlantis', 'europe/berlin', '+01:00'])(
    'is in a time zone that tzdata has, unlike %j',
    (timeZone) => {
      givenIn('organization:acme')
        .when(define({ window: { ...monthly, timeZone } }))
        .thenRefused('TIME_ZONE_UNKNOWN', 'tzdata');
    },
  );

  it.each([
    ['a quarter', { ...monthly, count: 3 }],
    ['a week', { ...monthly, kind: 'calendar_day', count: 7 }],
    ['a month under another name of its zone', { ...monthly, timeZone: 'Asia/Kolkata' }],
  ] as const)('may be for %s', (_what, window) => {
    givenIn('organization:acme').when(define({ window })).then(defined(1n, { window }));
  });

  it.each(['usd', 'XYZ', 'XAU'])('is in no currency %s', (currency) => {
    givenIn('organization:acme').when(define({ currency })).thenRefused('CURRENCY_INVALID');
  });

  it('is in a currency', () => {
    givenIn('organization:acme')
      .when(define({ currency: 'usd' }))
      .thenRefused('CURRENCY_INVALID');
  });
});

describe('DefinePriceBook', () => {
  const price = (amount: string, effectiveFrom: bigint, more: Partial<Price> = {}): Price => ({
    application: 'moka',
    resource: 'tokens',
    amount,
    perUnits: 1_000n,
    effectiveFrom,
    ...plainPrice,
    ...more,
  });
  const define = (...prices: Price[]) =>
    ({ type: 'DefinePriceBook', data: { ...plainBook, currency: 'USD', prices } }) as const;
  const defined = (version: bigint, ...prices: Price[]) =>
    ({
      type: 'PriceBookDefined',
      data: { ...plainBook, currency: 'USD', prices, version },
    }) as const;
  const past = price('1', START - DAY);
  const soon = price('2', START + DAY);
  const silent = { reason: '' };
  const stepped = (...steps: Partial<PriceStep>[]): Price =>
    price('1', START, {
      steps: steps.map((step) => ({ fromUnits: 1n, amount: '0.5', ...step })),
    });

  it('sorts prices by time and counts versions', () => {
    givenIn('pricebook:list')
      .when(define(soon, past))
      .then(defined(1n, past, soon));
    givenIn('pricebook:list', defined(1n, past))
      .when(define(soon, past))
      .then(defined(2n, past, soon));
    givenIn('pricebook:list', defined(1n, past, soon))
      .when(define(soon, past))
      .thenNothing();
  });

  it('keeps its currency for ever', () => {
    givenIn('pricebook:list', defined(1n, past))
      .when({ type: 'DefinePriceBook', data: { ...plainBook, currency: 'EUR', prices: [past] } })
      .thenRefused('CURRENCY_CHANGED', 'USD');
  });

  it('keeps what has taken effect, and lets go of what has not', () => {
    const book = givenIn('pricebook:list', defined(1n, past, soon));
    book.when(define(soon)).thenRefused('PRICE_HISTORY_CHANGED', 'tokens');
    givenIn('pricebook:list', defined(1n, past, soon))
      .when(define(past), silent)
      .then(defined(2n, past));
  });

  it('puts the past right where somebody says why', () => {
    const right = price('3', START - DAY);
    const between = price('3', START - 1n);
    const book = () => givenIn('pricebook:list', defined(1n, past, soon));
    book().when(define(right, soon), silent).thenRefused('PRICE_REASON_MISSING', 'tokens');
    book()
      .when(define(past, between, soon), silent)
      .thenRefused('PRICE_REASON_MISSING');
    book()
      .when(define(right, soon))
      .then(defined(2n, right, soon));
    book()
      .when(define(past, between, soon))
      .then(defined(2n, past, between, soon));
    const stepped = { ...past, steps: [{ fromUnits: 5n, amount: '0.5' }] };
    book().when(define(stepped, soon), silent).thenRefused('PRICE_REASON_MISSING');
    book()
      .when(define({ ...past, amount: '1.000' }, soon), silent)
      .then(defined(2n, { ...past, amount: '1.000' }, soon));
  });

  it('takes a past price for a resource that had none', () => {
    const other = price('5', START - DAY, { resource: 'sessions' });
    givenIn('pricebook:list', defined(1n, past))
      .when(define(past, other), silent)
      .then(defined(2n, other, past));
  });

  it.each<[string, Price[]]>([
    ['for no units', [price('1', START, { perUnits: 0n })]],
    ['below nothing', [price('-1', START)]],
    ['twice at one time', [price('1', START), price('2', START)]],
    ['whose steps fall', [stepped({ fromUnits: 5n }, { fromUnits: 5n })]],
    ['with a step from nothing', [stepped({ fromUnits: 0n })]],
    ['with a step below nothing', [stepped({ amount: '-1' })]],
    ['of a unit with blanks around', [price('1', START, { unit: ' vCPU-hour' })]],
    ['of a unit without end', [price('1', START, { unit: 'h'.repeat(65) })]],
  ])('refuses prices %s', (_what, prices) => {
    givenIn('pricebook:list')
      .when(define(...prices))
      .thenRefused('PRICE_INVALID');
  });
});

describe('the terms of a price book beside its prices', () => {
  const shared: SharedCost = {
    name: 'platform',
    organization: 'acme',
    application: null,
    amountPerMonth: '3000',
    effectiveFrom: START - DAY,
    split: 'proportional',
    weights: [],
  };
  const idle: IdleRule = {
    organization: 'acme',
    application: 'moka',
    resource: 'vcores',
    supply: 'declared_total',
    effectiveFrom: START - DAY,
    split: 'even',
    weights: [],
  };
  const weighed = [
    { project: 'acme/b', weight: 1n },
    { project: 'acme/a', weight: 2n },
  ];
  const book = { ...plainBook, currency: 'USD', prices: [] };
  type Terms = Omit<CommandData<'DefinePriceBook'>, 'currency'>;
  const define = (more: Partial<Terms>) =>
    ({ type: 'DefinePriceBook', data: { ...book, ...more } }) as const;
  const defined = (version: bigint, more: Partial<Terms>) =>
    ({ type: 'PriceBookDefined', data: { ...book, ...more, version } }) as const;

  it('are kept in order, whatever order they came in', () => {
    const [b, a] = weighed;
    const later = { ...shared, effectiveFrom: START };
    const cost = { ...shared, split: 'weights', weights: weighed } as const;
    givenIn('pricebook:list')
      .when(define({ sharedCosts: [later, cost], idle: [idle] }))
      .then(defined(1n, { sharedCosts: [{ ...cost, weights: [a!, b!] }, later], idle: [idle] }));
    givenIn('pricebook:list', defined(1n, { sharedCosts: [{ ...cost, weights: [a!, b!] }] }))
      .when(define({ sharedCosts: [cost] }))
      .thenNothing();
  });

  it('keep the time zone for ever, and are in one that tzdata has', () => {
    givenIn('pricebook:list', defined(1n, { timeZone: 'Europe/Berlin' }))
      .when(define({ timeZone: 'UTC' }))
      .thenRefused('TIME_ZONE_CHANGED', 'Europe/Berlin');
    givenIn('pricebook:list')
      .when(define({ timeZone: 'Europe/Atlantis' }))
      .thenRefused('TIME_ZONE_UNKNOWN', 'tzdata');
  });

  it('have a past that stays, and is put right with a reason', () => {
    const past = givenIn('pricebook:list', defined(1n, { sharedCosts: [shared], idle: [idle] }));
    past.when(define({ idle: [idle] })).thenRefused('PRICE_HISTORY_CHANGED', 'platform');
    past.when(define({ sharedCosts: [shared] })).thenRefused('PRICE_HISTORY_CHANGED', 'vcores');
    const dearer = { sharedCosts: [{ ...shared, amountPerMonth: '4000' }], idle: [idle] };
    past.when(define(dearer), { reason: ' ' }).thenRefused('PRICE_REASON_MISSING', 'platform');
    past.when(define(dearer)).then(defined(2n, dearer));
  });

  it.each<[string, Partial<Terms>]>([
    ['that wait for more than 90 days', { closeAfterMicros: 91n * DAY }],
    ['that close before the end', { closeAfterMicros: -1n }],
    ['of a cost without a name', { sharedCosts: [{ ...shared, name: '' }] }],
    ['of a cost below nothing', { sharedCosts: [{ ...shared, amountPerMonth: '-1' }] }],
    ['of a cost twice at one time', { sharedCosts: [shared, shared] }],
    ['of a cost of nobody', { sharedCosts: [{ ...shared, organization: '' }] }],
    ['of weights without any', { sharedCosts: [{ ...shared, split: 'weights' }] }],
    ['of weights for what is kept', { idle: [{ ...idle, split: 'kept', weights: weighed }] }],
    ['of a project twice', { idle: [{ ...idle, weights: [weighed[0]!, weighed[0]!] }] }],
    ['of a project elsewhere', { idle: [{ ...idle, weights: [{ project: 'b/a', weight: 1n }] }] }],
    [
      'of a weight of nothing',
      { idle: [{ ...idle, weights: [{ project: 'acme/a', weight: 0n }] }] },
    ],
    ['of idle of nothing', { idle: [{ ...idle, resource: '' }] }],
    ['of idle twice at one time', { idle: [idle, idle] }],
  ])('refuses terms %s', (_what, more) => {
    givenIn('pricebook:list').when(define(more)).thenRefused('PRICE_BOOK_INVALID');
  });

  it('are bounded', () => {
    const of = (count: number) => [...Array(count).keys()];
    const costs = of(201).map((n) => ({ ...shared, name: `s${n}` }));
    givenIn('pricebook:list')
      .when(define({ sharedCosts: costs }))
      .thenRefused('TOO_MANY');
    const weights = of(2_001).map((n) => ({ project: `acme/p${n}`, weight: 1n }));
    givenIn('pricebook:list')
      .when(define({ idle: [{ ...idle, weights }] }))
      .thenRefused('TOO_MANY');
  });
});

describe('PublishTierPolicy', () => {
  const step = (overrunBasisPoints: number, ...cutBasisPoints: number[]) => ({
    overrunBasisPoints,
    cutBasisPoints,
  });
  const floorBasisPoints = [10_000, 8_000, 5_000, 2_000, 0];
  const publish = (...steps: ReturnType<typeof step>[]) =>
    ({ type: 'PublishTierPolicy', data: { steps, floorBasisPoints } }) as const;
  const published = (version: bigint, ...steps: ReturnType<typeof step>[]) =>
    ({ type: 'TierPolicyPublished', data: { steps, floorBasisPoints, version } }) as const;
  const mild = step(0, 0, 0, 1_000, 2_000, 5_000);
  const hard = step(2_000, 0, 500, 1_000, 4_000, 9_000);

  it('counts versions; the same again is nothing', () => {
    givenIn('tierpolicy:standard').when(publish(mild)).then(published(1n, mild));
    givenIn('tierpolicy:standard', published(1n, mild))
      .when(publish(mild, hard))
      .then(published(2n, mild, hard));
    givenIn('tierpolicy:standard', published(1n, mild)).when(publish(mild)).thenNothing();
  });

  it.each([
    ['without a step', []],
    ['of falling steps', [hard, mild]],
    ['that cuts less at more', [hard, step(3_000, 0, 0, 1_000, 4_000, 9_000)]],
    ['with a tier missing', [step(0, 0, 0, 0, 0)]],
    ['that cuts a tier more than a lower one', [step(0, 0, 2_000, 1_000, 2_000, 5_000)]],
    ['that cuts more than all', [step(0, 0, 0, 0, 0, 10_001)]],
    ['that starts below the budget', [step(-1, 0, 0, 0, 0, 0)]],
  ])('refuses a policy %s', (_what, steps) => {
    givenIn('tierpolicy:standard')
      .when(publish(...steps))
      .thenRefused('TIER_POLICY_INVALID');
  });

  it('refuses a policy that leaves a tier less than a lower one', () => {
    givenIn('tierpolicy:standard')
      .when({
        type: 'PublishTierPolicy',
        data: { steps: [mild], floorBasisPoints: [5_000, 8_000, 5_000, 2_000, 0] },
      })
      .thenRefused('TIER_POLICY_INVALID', 'lower');
  });
});
