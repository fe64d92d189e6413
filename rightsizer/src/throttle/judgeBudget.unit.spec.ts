import * as fc from 'fast-check';
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
import type { Spend } from './spend.ts';
import type { QuotaGroup } from './waves.ts';
import type {
  BudgetInputs,
  BudgetVerdict,
  FreezeCode,
  ProjectStanding,
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
  step: 0,
  quotas: 5,
  tierPolicy: 'standard',
  tierPolicyVersion: 1n,
  windowStart: now,
  windowEnd: now + 1_000n * second,
  budget: '100',
  spend: '101',
  currency: 'USD',
  appliedAt: now - 60n * second,
};
/** What a step of the policy above leaves on one quota of each tier. */
const groupsAt = (
  step: number,
  tiers: readonly number[] = [0, 1, 2, 3, 4],
  version = 1n,
): QuotaGroup[] =>
  tiers.map((tier) => {
    const cutBasisPoints = tierPolicy.steps[step]?.cutBasisPoints[tier] ?? 0;
    const floorBasisPoints = tierPolicy.floorBasisPoints[tier]!;
    const terms = { tierPolicy: 'standard', tierPolicyVersion: version };
    const inPlace = cutBasisPoints === 0 ? null : { cutBasisPoints, floorBasisPoints, ...terms };
    return { tier, cutPriority: 0, count: 1, inPlace };
  });
const standing: ProjectStanding = {
  application: 'llm',
  project: 'acme/search',
  isBelow: true,
  spared: null,
  groups: groupsAt(-1),
  cut: null,
  rehearsed: null,
  liftedAt: null,
  newestUsage: now - second,
};
/** A step of the policy above that is in place. */
const at = (step: number, changes: Partial<StandingCut> = {}): Partial<ProjectStanding> => ({
  cut: { ...cut, step, ...changes },
  groups: groupsAt(step),
});
const spent = (total: string): Spend => ({
  lines: [],
  total,
  unpriced: [],
  days: [],
  projects: new Map(),
  differs: null,
});
const judge = (
  changes: Partial<BudgetInputs>,
  application: Partial<ProjectStanding> = {},
): BudgetVerdict =>
  judgeBudget(
    {
      budget,
      window: { start: now, end: now + 1_000n * second },
      book,
      tierPolicy,
      spend: spent('115'),
      standings: [{ ...standing, ...application }],
      tableCaughtUpAt: now,
      now,
      ...changes,
    },
    policy,
  );
const apply = (
  step: number,
  priorityMin: readonly number[] = [],
  isRefresh = false,
): ThrottleAction => ({
  kind: 'apply',
  application: 'llm',
  project: 'acme/search',
  step,
  priorityMin,
  isRefresh,
});

describe('judgeBudget cuts', () => {
  it('by the first step, however far spend is over', () => {
    expect(judge({ spend: spent('100.000000000001') }).actions).toEqual([apply(0)]);
    expect(judge({ spend: spent('900') }).actions).toEqual([apply(0)]);
  });

  it('deeper once it has rested, before a quota that has come to be since', () => {
    const [added] = groupsAt(-1, [3]);
    const groups = [...groupsAt(0), added!];
    expect(judge({}, { ...at(0), groups }).actions).toEqual([apply(1)]);
    const fresh = { ...at(0, { appliedAt: now }), groups };
    expect(judge({}, fresh).actions).toEqual([apply(0, [], true)]);
  });

  it('not again where other terms say what lies there already', () => {
    const former = { ...at(1), groups: groupsAt(1, [0, 1, 2, 3, 4], 0n) };
    expect(judge({}, former)).toMatchObject({ actions: [], frozen: [] });
  });

  it('one step deeper at a time, to the step that the overrun has reached', () => {
    expect(judge({}, at(0))).toMatchObject({
      overrunBasisPoints: 1_500,
      targetStep: 1,
      actions: [apply(1)],
      frozen: [],
    });
    expect(judge({ spend: spent('900') }, at(0)).actions).toEqual([apply(1)]);
  });

  it('past steps that change nothing for the tiers at hand', () => {
    // Tier 0 is cut by the third step alone.
    const only = (...tiers: number[]) => ({ groups: groupsAt(-1, tiers) });
    expect(judge({ spend: spent('900') }, only(0)).actions).toEqual([apply(2)]);
    expect(judge({ spend: spent('900') }, only(0, 1)).actions).toEqual([apply(1)]);
    expect(judge({}, only(0))).toMatchObject({ targetStep: 1, actions: [], frozen: [] });
    expect(judge({}, only())).toMatchObject({ actions: [], frozen: [] });
  });

  it('again, without a rest, where a quota has come to be since', () => {
    const fresh = at(1, { appliedAt: now });
    const [added] = groupsAt(-1, [3]);
    expect(judge({}, { ...fresh, groups: [...groupsAt(1), added!] }).actions).toEqual([
      apply(1, [], true),
    ]);
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
    const moved = { ...at(0), project: 'acme/ads', isBelow: false };
    expect(judge({}, moved).actions).toEqual([
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
    expect(judge({}, at(2, { appliedAt: now })).actions).toEqual([apply(1)]);
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
  const cases: readonly [string, FreezeCode, Partial<BudgetInputs>, Partial<ProjectStanding>][] = [
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
    ['a part, where the table lacks usage', 'TABLE_BEHIND', { tableCaughtUpAt: null }, at(2)],
    ['a part, on stale usage', 'USAGE_STALE', {}, { ...at(2), newestUsage: null }],
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
      standings: [
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
  const inPlace = at(1) as Partial<ProjectStanding> & { cut: StandingCut };

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

  it('cuts less at once where it lay deeper, and takes a cut of a tier that none lay on for a deeper one', () => {
    const groups = [...groupsAt(-1, [0]), ...groupsAt(1, [4])];
    const fresh = { cut: { ...inPlace.cut, appliedAt: now }, groups };
    const gentle = {
      ...tierPolicy,
      version: 2n,
      steps: [{ overrunBasisPoints: 0, cutBasisPoints: [500, 500, 500, 500, 500] }],
    };
    const [none, all] = [1_000_001, -1_000_000];
    const lighter = apply(0, [none, all, all, all, all]);
    expect(judge({ tierPolicy: gentle }, fresh).actions).toEqual([lighter]);
    const light = { tier: 4, cutPriority: 0, count: 1 };
    const inForce = { cutBasisPoints: 500, floorBasisPoints: 0 };
    const now4 = { ...inForce, tierPolicy: 'standard', tierPolicyVersion: 2n };
    const after = { ...fresh, groups: [...groupsAt(-1, [0]), { ...light, inPlace: now4 }] };
    expect(judge({ tierPolicy: gentle }, after).frozen).toMatchObject([
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
  const cases: readonly [string, FreezeCode, Partial<BudgetInputs>, Partial<ProjectStanding>][] = [
    ['when the table has never caught up', 'TABLE_BEHIND', { tableCaughtUpAt: null }, {}],
    ['when the table lags', 'TABLE_BEHIND', { tableCaughtUpAt: now - 61n * second }, {}],
    ['when usage is stale', 'USAGE_STALE', {}, { newestUsage: now - 61n * second }],
    ['when the application sends no usage', 'USAGE_STALE', {}, { newestUsage: null }],
    [
      'when a used resource has no price',
      'PRICE_MISSING',
      { spend: { ...spent('900'), unpriced: ['llm/gpu'] } },
      {},
    ],
    [
      'when the ledger does not add up',
      'LEDGER_DIFFERS',
      { spend: { ...spent('900'), differs: 'the lines have 5 used, and the table 6' } },
      {},
    ],
    ['when the currency is another', 'CURRENCY_OTHER', { book: { ...book, currency: 'EUR' } }, {}],
    ['when there is no price book', 'PRICE_BOOK_UNKNOWN', { book: null, spend: null }, {}],
    ['when there is no tier policy', 'TIER_POLICY_UNKNOWN', { tierPolicy: null }, {}],
    ['when the window cannot be told', 'WINDOW_UNKNOWN', { window: null, spend: null }, {}],
    ['deeper, right after a cut', 'ESCALATION_RESTS', {}, at(0, { appliedAt: now - 29n * second })],
    ['right after a lift', 'COOLING_DOWN', {}, { liftedAt: now - 19n * second }],
  ];
  it.each(cases)('%s', (_when, code, changes, application) => {
    const verdict = judge(changes, application);
    expect(verdict.actions).toEqual([]);
    expect(verdict.frozen).toEqual([expect.objectContaining({ code })]);
  });

  const silent: readonly [string, Partial<BudgetInputs>, Partial<ProjectStanding>][] = [
    ['at the budget exactly', { spend: spent('100') }, {}],
    ['again what is cut already', {}, at(1)],
    ['where the project pays for nothing', {}, { groups: [] }],
    ['a project that is not its own', {}, { isBelow: false }],
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
      standings: [
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

describe('judgeBudget, wave by wave', () => {
  const none = 1_000_001;
  const all = -1_000_000;
  const oneTier = (...quotas: readonly [priority: number, step: number][]): QuotaGroup[] =>
    quotas.map(([cutPriority, step]) => ({ ...groupsAt(step, [3])[0]!, cutPriority }));
  const judged = (groups: readonly QuotaGroup[], total = '115') =>
    judge({ spend: spent(total) }, { groups, cut: { ...cut, quotas: groups.length } }).actions;

  it('cuts what its owner would miss least first, and the next step once all of this one is in place', () => {
    expect(judged(oneTier([9, -1], [5, -1], [1, -1]))).toEqual([apply(0, [all, all, all, 9, all])]);
    expect(judged(oneTier([9, 0], [5, -1], [1, -1]))).toEqual([apply(0, [all, all, all, 5, all])]);
    expect(judged(oneTier([9, 0], [5, 0], [1, -1]))).toEqual([apply(0)]);
    expect(judged(oneTier([9, 0], [5, 0], [1, 0]))).toEqual([apply(1, [all, all, all, 9, all])]);
  });

  it('goes on with the step that has begun, and cuts nobody less on the way', () => {
    const begun = oneTier([9, 1], [5, 0], [1, 0]);
    expect(judged(begun)).toEqual([apply(1, [all, all, all, 5, all])]);
    const before = { ...standing, groups: begun, cut: { ...cut, step: 1, appliedAt: now } };
    expect(judge({}, before).frozen).toMatchObject([{ code: 'ESCALATION_RESTS' }]);
  });

  it('has no more waves than its policy says, however many priorities there are', () => {
    const many = Array.from({ length: 12 }, (_, priority): [number, number] => [priority, -1]);
    // A third of twelve: 11, 10, 9 and 8.
    expect(judged(oneTier(...many))).toEqual([apply(0, [all, all, all, 8, all])]);
  });

  it('cuts no other quota deeper for the sake of one that has come from another tier', () => {
    // The step before the last is in place; a quota of tier 4 became one of tier 1, and carries what it did there.
    const [moved] = groupsAt(0, [4]);
    const groups = [...groupsAt(0, [2, 3, 4]), { ...moved!, tier: 1 }];
    const verdict = judge(
      { spend: spent('900') },
      { groups, cut: { ...cut, quotas: 4, appliedAt: now } },
    );
    expect(verdict.actions).toEqual([apply(0)]);
  });

  it('cuts less only where a wave has been, and leaves the others uncut', () => {
    const begun = oneTier([9, 1], [5, -1]);
    const less = judge({ spend: spent('101') }, { groups: begun, cut: { ...cut, appliedAt: now } });
    expect(less.actions).toEqual([apply(0, [all, all, all, 9, all])]);
    const tiers = [...oneTier([9, 1]), ...groupsAt(-1, [4])];
    const lessOfOne = judge({ spend: spent('101') }, { groups: tiers, cut });
    expect(lessOfOne.actions).toEqual([apply(0, [all, all, all, all, none])]);
  });
});

describe('judgeBudget, where a person or the log says no', () => {
  const until = (end: bigint) => ({ until: end, provenance });
  const overridden = { ...budget, override: until(now + second) };
  const dry = { ...budget, mode: 'dry_run' } as const;

  it('cuts nothing under an override, says so, and lifts what stands', () => {
    expect(judge({ budget: overridden })).toMatchObject({
      actions: [],
      frozen: [{ code: 'OVERRIDDEN' }],
    });
    expect(judge({ budget: overridden, tableCaughtUpAt: null }, at(1)).actions).toEqual([
      expect.objectContaining({ kind: 'lift', cause: 'person' }),
    ]);
  });

  it('cuts again from the first step once the override is over', () => {
    expect(judge({ budget: { ...budget, override: until(now) } }).actions).toEqual([apply(0)]);
  });

  it('tells what it would cut in dry_run, a step after the other, and lifts what stands', () => {
    const rehearse = (step: number, quotas: number) => [
      { kind: 'rehearse', application: 'llm', project: 'acme/search', step, quotas },
    ];
    expect(judge({ budget: dry }).actions).toEqual(rehearse(0, 3));
    const told = { step: 0, windowStart: now, at: now - 60n * second };
    expect(judge({ budget: dry }, { rehearsed: told }).actions).toEqual(rehearse(1, 4));
    const fresh = { rehearsed: { ...told, at: now } };
    expect(judge({ budget: dry }, fresh)).toMatchObject({
      actions: [],
      frozen: [{ code: 'ESCALATION_RESTS' }],
    });
    expect(judge({ budget: dry }, { rehearsed: { ...told, step: 1 } }).actions).toEqual([]);
    const old = { rehearsed: { ...told, step: 1, windowStart: 0n } };
    expect(judge({ budget: dry }, old).actions).toEqual(rehearse(0, 3));
    expect(judge({ budget: dry }, at(1)).actions).toMatchObject([
      { kind: 'lift', cause: 'person' },
    ]);
    expect(judge({ budget: dry, tableCaughtUpAt: null })).toMatchObject({
      actions: [],
      frozen: [{ code: 'TABLE_BEHIND' }],
    });
  });

  it('spares a project whose own budgets hold, and lifts what lay on it before', () => {
    const spared = { budgetId: 'own', isWithin: true };
    expect(judge({}, { spared })).toMatchObject({ actions: [], frozen: [] });
    expect(judge({}, { ...at(1), spared }).actions).toMatchObject([
      { kind: 'lift', cause: 'spend_corrected' },
    ]);
    const unknown = { budgetId: 'own', isWithin: false };
    expect(judge({}, { spared: unknown })).toMatchObject({
      actions: [],
      frozen: [{ code: 'PROJECT_UNKNOWN' }],
    });
  });
});

/** The quotas of one application, and the judge again and again, as the log has it after each of its cuts. */
describe('judgeBudget over any course of spend', () => {
  const quotas = fc.array(
    fc.record({
      tier: fc.integer({ min: 0, max: 4 }),
      cutPriority: fc.integer({ min: -2, max: 2 }),
    }),
    { minLength: 1, maxLength: 8 },
  );
  const course = fc.array(fc.integer({ min: 50, max: 200 }), { minLength: 1, maxLength: 25 });

  it('takes one wave of one step at a time, never skips one, and ends at its target or at nothing', () => {
    fc.assert(
      fc.property(quotas, course, (given, spends) => {
        let groups: QuotaGroup[] = given.map((each) => ({ ...each, count: 1, inPlace: null }));
        let step = 0;
        const look = (total: number) => {
          const lies = groups.some(({ inPlace }) => inPlace !== null);
          const standing = lies ? { ...cut, step } : null;
          return judge({ spend: spent(String(total)) }, { groups, cut: standing });
        };
        const act = (total: number): ThrottleAction | undefined => {
          const { actions, targetStep } = look(total);
          expect(actions.length).toBeLessThanOrEqual(1);
          const [action] = actions;
          if (action?.kind === 'lift') groups = groups.map((each) => ({ ...each, inPlace: null }));
          if (action?.kind !== 'apply') return action;
          expect(action.step).toBeLessThanOrEqual(targetStep!);
          const before = groups;
          groups = groups.map((group) => applied(group, action));
          if (groups.some((group, index) => isCutAnew(group, before[index]!))) step = action.step;
          for (const [index, after] of groups.entries()) {
            const [was, is] = [stepOf(before[index]!), stepOf(after)];
            // A tier may be in several steps at once, where they cut it alike.
            if (is > was) expect(is - was).toBeLessThanOrEqual(1 + sameSteps(after.tier));
          }
          return action;
        };
        for (const total of spends) act(total);
        // Standing still, it settles: nothing is said again, and everything is as deep as the target.
        const last = spends.at(-1)!;
        for (let times = 0; times < 40 && act(last) !== undefined; times += 1);
        const { actions, targetStep } = look(last);
        expect(actions).toEqual([]);
        for (const group of groups) {
          const wanted = tierPolicy.steps[targetStep!]?.cutBasisPoints[group.tier] ?? 0;
          expect(group.inPlace?.cutBasisPoints ?? 0).toBe(wanted);
        }
      }),
    );
  });

  it('takes no step before the ones between, and settles, also while owners move quotas to other tiers', () => {
    const moves = fc.array(
      fc.record({
        total: fc.integer({ min: 50, max: 200 }),
        moved: fc.option(fc.record({ quota: fc.nat(7), tier: fc.integer({ min: 0, max: 4 }) })),
      }),
      { minLength: 1, maxLength: 25 },
    );
    fc.assert(
      fc.property(quotas, moves, (given, edited) => {
        let groups: QuotaGroup[] = given.map((each) => ({ ...each, count: 1, inPlace: null }));
        let step = -1;
        const act = (total: number): ThrottleAction | undefined => {
          const lies = groups.some(({ inPlace }) => inPlace !== null);
          if (!lies) step = -1;
          const standing = lies ? { ...cut, step } : null;
          const { actions } = judge({ spend: spent(String(total)) }, { groups, cut: standing });
          const [action] = actions;
          if (action?.kind === 'lift') groups = groups.map((each) => ({ ...each, inPlace: null }));
          if (action?.kind !== 'apply') return action;
          const before = groups;
          for (let between = step + 1; between < action.step; between += 1) {
            for (const { tier, inPlace } of before) {
              const least = tierPolicy.steps[between]!.cutBasisPoints[tier]!;
              expect(inPlace?.cutBasisPoints ?? 0).toBeGreaterThanOrEqual(least);
            }
          }
          groups = groups.map((group) => applied(group, action));
          if (groups.some((group, index) => isCutAnew(group, before[index]!))) step = action.step;
          return action;
        };
        for (const { total, moved } of edited) {
          const tierOf = (group: QuotaGroup, index: number): number =>
            moved?.quota === index ? moved.tier : group.tier;
          groups = groups.map((group, index) => ({ ...group, tier: tierOf(group, index) }));
          act(total);
        }
        const last = edited.at(-1)!.total;
        for (let times = 0; times < 60 && act(last) !== undefined; times += 1);
        expect(act(last)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  function isCutAnew({ inPlace }: QuotaGroup, before: QuotaGroup): boolean {
    return inPlace !== null && inPlace.cutBasisPoints !== before.inPlace?.cutBasisPoints;
  }

  function applied(
    group: QuotaGroup,
    action: Extract<ThrottleAction, { kind: 'apply' }>,
  ): QuotaGroup {
    if (group.cutPriority < (action.priorityMin[group.tier] ?? -Infinity)) return group;
    const [made] = groupsAt(action.step, [group.tier]);
    return { ...group, inPlace: made!.inPlace };
  }
  function stepOf({ tier, inPlace }: QuotaGroup): number {
    return tierPolicy.steps.findIndex(
      (step) => step.cutBasisPoints[tier] === inPlace?.cutBasisPoints,
    );
  }
  function sameSteps(tier: number): number {
    return tierPolicy.steps.filter((step) => step.cutBasisPoints[tier] === 0).length;
  }
});
