/** What one command may carry and cause: the writer decides nothing else while it works one off. */
import { describe, expect, it } from 'vitest';
import { decide } from '../decide.ts';
import { evolve } from '../evolve.ts';
import {
  EVENTS_PER_DECISION_MAX,
  PRICES_MAX,
  RESOURCES_MAX,
  SUMS_PER_DECISION_MAX,
  VIOLATIONS_MAX,
} from '../modelBounds.ts';
import type { Decision, StreamState } from '../model.ts';
import { given, givenIn, stateAfter } from '../testing/given.ts';
import { plainBook, plainPrice } from '../testing/priceSamples.ts';
import {
  applyHaircut,
  content,
  created,
  evidence,
  noChange,
  registered,
  registeredAs,
  registration,
  sessions,
  tokens,
  wholeCut,
} from '../testing/samples.ts';
import { START, stampCommand, stampEvent } from '../testing/stamp.ts';
import type { CommandBody } from '../testing/stamp.ts';

const LONG = 'x'.repeat(150_000);
const cuts = [1_000, 1_000, 1_000, 1_000, 1_000];
const tree = [registered, created('moka/prod', [tokens(100n)], { project: 'acme/assistant' })];
const resize = (change: object): CommandBody => ({
  type: 'ResizeQuota',
  data: { quotaId: 'moka/prod', limit: tokens(90n), evidence: { ...evidence, ...change } },
});

/** So many quotas under one payer. */
function wide(count: number): StreamState {
  const state = stateAfter('application:moka', ...tree);
  let grown: StreamState = state!;
  for (let index = 1; index < count; index += 1) {
    const { type, data } = created(`moka/prod/q${index}`, [sessions(1n)]);
    const draft = { type, data, quotaId: `moka/prod/q${index}`, quotaVersion: 1n } as never;
    const streamVersion = BigInt(index + 2);
    grown = evolve(grown, stampEvent(draft, { stream: 'application:moka', streamVersion }));
  }
  return grown;
}

function decideOn(state: StreamState, command: CommandBody): Decision {
  const stamped = stampCommand('application:moka', command);
  return decide(state, stamped, { now: START, streamVersion: 99_999n });
}

describe('a text in a command', () => {
  it.each([
    ['budget', { budgetId: LONG }],
    ['budget that no budget can have', { budgetId: 'Monthly!' }],
    ['tier policy', { tierPolicy: LONG }],
    ['project', { project: `acme/${LONG}` }],
    ['currency', { currency: LONG }],
    ['spend', { spend: LONG }],
  ])('is bounded in a cut: %s', (_, change) => {
    given(...tree)
      .when(applyHaircut(cuts, undefined, change))
      .thenRefused('currency' in change ? 'CURRENCY_INVALID' : 'HAIRCUT_INVALID');
  });

  it.each([
    ['policy', { policy: LONG }],
    ['source', { source: LONG }],
    ['hash', { inputsHash: LONG }],
    ['key', { figures: { [LONG]: '1' } }],
    ['figure', { figures: { p99: LONG } }],
    [
      'sum of figures',
      { figures: Object.fromEntries([...Array(40).keys()].map((n) => [n, 'x'.repeat(500)])) },
    ],
  ])('is bounded in evidence: %s', (_, change) => {
    given(...tree)
      .when(resize(change))
      .thenRefused('TOO_LARGE');
    given(...tree)
      .when(applyHaircut(cuts, undefined, { evidence: { ...evidence, ...change } }))
      .thenRefused('TOO_LARGE');
  });

  it('takes the longest line of spend that a throttle writes', () => {
    const line = `${'a'.repeat(63)}/${'r'.repeat(128)}: ${'9'.repeat(39)} at ${'9'.repeat(39)} per ${'9'.repeat(19)} = ${'9'.repeat(39)}`;
    const figures = Object.fromEntries([...Array(32).keys()].map((n) => [`line.${n}`, line]));
    const command = applyHaircut(cuts, undefined, { evidence: { ...evidence, figures } });
    const { decision } = given(...tree).when(command);
    expect(decision).toMatchObject({ kind: 'accepted', events: [{ type: 'HaircutApplied' }] });
  });

  it('is bounded in the reason of any command', () => {
    const stamped = stampCommand('application:moka', applyHaircut(cuts));
    const envelope = { ...stamped.value.envelope, reason: 'x'.repeat(1_025) };
    const command = { ...stamped, value: { ...stamped.value, envelope } } as typeof stamped;
    const state = stateAfter('application:moka', ...tree);
    const decision = decide(state, command, { now: START, streamVersion: 2n });
    expect(decision).toMatchObject({ violations: [{ code: 'TOO_LARGE', path: '/reason' }] });
  });

  it('is bounded in prices and in a budget', () => {
    const price = {
      application: 'moka',
      resource: 'tokens',
      amount: '1',
      perUnits: 1n,
      effectiveFrom: START,
      ...plainPrice,
    };
    const book = (prices: readonly (typeof price)[]): CommandBody => ({
      type: 'DefinePriceBook',
      data: { ...plainBook, currency: 'USD', prices },
    });
    givenIn('pricebook:list')
      .when(book([{ ...price, resource: LONG }]))
      .thenRefused('PRICE_INVALID');
    const many = [...Array(PRICES_MAX + 1).keys()].map((n) => ({ ...price, resource: `r${n}` }));
    givenIn('pricebook:list').when(book(many)).thenRefused('TOO_MANY');
    givenIn('organization:acme')
      .when({
        type: 'DefineBudget',
        data: {
          budgetId: 'monthly',
          project: 'acme/assistant',
          team: null,
          amount: '100',
          currency: 'USD',
          window: {
            kind: 'calendar_month',
            timeZone: `Europe/${LONG}`,
            lengthMicros: null,
            anchor: null,
            count: 1,
          },
          priceBook: 'list',
          tierPolicy: 'standard',
          mode: null,
          thresholds: null,
          split: null,
        },
      })
      .thenRefused('TIME_ZONE_UNKNOWN');
  });
});

describe('a refusal', () => {
  it('repeats little of a long text', () => {
    const quotaId = `moka/${LONG}`;
    const { decision } = given(...tree)
      .when({ type: 'DeleteQuota', data: { quotaId, children: 'refuse' } })
      .thenRefused('QUOTA_UNKNOWN');
    expect(JSON.stringify(decision).length).toBeLessThan(2_000);
  });

  it('lists the first of very many faults', () => {
    const values = Array<string>(64).fill('y'.repeat(300));
    const match = [...Array(32).keys()].map((n) => ({
      attribute: `a${n}`,
      operator: 'in' as const,
      values,
    }));
    const data = { ...noChange, quotaId: 'moka/prod', match };
    const { decision } = given(...tree)
      .when({ type: 'ChangeQuota', data })
      .thenRefused('TOO_LARGE');
    expect(decision).toMatchObject({ violations: { length: VIOLATIONS_MAX } });
    const unsetLimits = Array<string>(20_000).fill('cpu');
    given(...tree)
      .when({ type: 'ChangeQuota', data: { ...data, match: null, unsetLimits } })
      .thenRefused('TOO_MANY');
  });
});

describe('one decision', () => {
  it('yields no more events than the writer works off in a moment', () => {
    const state = wide(EVENTS_PER_DECISION_MAX + 1);
    const refused = decideOn(state, applyHaircut(cuts));
    expect(refused).toMatchObject({ violations: [{ code: 'TOO_MANY_EVENTS' }] });
  });

  it('does not repeat long evidence over very many events', () => {
    const figures = Object.fromEntries([...Array(32).keys()].map((n) => [n, 'x'.repeat(500)]));
    const long = applyHaircut(cuts, undefined, { evidence: { ...evidence, figures } });
    expect(decideOn(wide(1_000), long)).toMatchObject({
      violations: [{ code: 'TOO_MANY_EVENTS', path: '/evidence' }],
    });
    expect(decideOn(wide(100), long)).toMatchObject({ kind: 'accepted' });
  });

  it('cuts just so many, and what it cut can be lifted', () => {
    const state = wide(EVENTS_PER_DECISION_MAX);
    const decision = decideOn(state, applyHaircut(cuts));
    if (decision.kind !== 'accepted') throw new TypeError(JSON.stringify(decision));
    expect(decision.events).toHaveLength(EVENTS_PER_DECISION_MAX);
    let cut = state;
    for (const [index, draft] of decision.events.entries()) {
      const streamVersion = 100_000n + BigInt(index);
      cut = evolve(cut, stampEvent(draft, { stream: 'application:moka', streamVersion }));
    }
    const lifted = decideOn(cut, {
      type: 'LiftHaircut',
      data: {
        project: 'acme/assistant',
        budgetId: 'monthly',
        cause: 'budget_raised',
        spend: '112',
        budget: '200',
        ...wholeCut,
      },
    });
    expect(lifted).toMatchObject({ kind: 'accepted', events: { length: EVENTS_PER_DECISION_MAX } });
  });

  it('does not let one cut grow, step by step, above what one lift may change', () => {
    const state = wide(EVENTS_PER_DECISION_MAX);
    const decision = decideOn(state, applyHaircut(cuts));
    if (decision.kind !== 'accepted') throw new TypeError(JSON.stringify(decision));
    let cut = state;
    for (const [index, draft] of decision.events.entries()) {
      const streamVersion = 100_000n + BigInt(index);
      cut = evolve(cut, stampEvent(draft, { stream: 'application:moka', streamVersion }));
    }
    const { type, data } = created('moka/prod/late', [sessions(1n)]);
    const late = { type, data, quotaId: 'moka/prod/late', quotaVersion: 1n } as never;
    cut = evolve(cut, stampEvent(late, { stream: 'application:moka', streamVersion: 200_000n }));
    expect(decideOn(cut, applyHaircut(cuts))).toMatchObject({
      violations: [{ code: 'TOO_MANY_EVENTS', path: '/project' }],
    });
  });

  it('alters no more sums than the writer adds up in a moment, however wide its quotas are', () => {
    const resource = { kind: 'rate', unit: 'token', total: null, totalSource: null } as const;
    const resources = Array.from({ length: RESOURCES_MAX }, (_, n) => `r${n}`);
    const limits = resources.map((name) => ({ ...tokens(1n), resource: name }));
    const path = 'moka/a/b/c/d/e/f';
    const above = [2, 3, 4, 5, 6, 7].map((end) => path.split('/').slice(0, end).join('/'));
    // Each of the widest quotas at the greatest depth alters seven sums a limit.
    const most = Math.floor(SUMS_PER_DECISION_MAX / (RESOURCES_MAX * above.length + RESOURCES_MAX));
    const treeOf = (count: number) => [
      registeredAs({
        ...registration,
        resources: resources.map((name) => ({ ...resource, name })),
      }),
      ...above.map((id) => created(id)),
      ...Array.from({ length: count }, (_, n) => created(`${path}/q${n}`, limits)),
    ];
    const cascade = {
      type: 'DeleteQuota',
      data: { quotaId: 'moka/a', children: 'cascade' },
    } as const;
    const { decision } = given(...treeOf(most)).when(cascade);
    expect(decision).toMatchObject({ kind: 'accepted' });
    given(...treeOf(most + 1))
      .when(cascade)
      .thenRefused('TOO_MANY_EVENTS', `${SUMS_PER_DECISION_MAX} are altered at once`);
    // The step that passes the bound is the last that is taken.
    const steps = Array.from({ length: most + 2 }, (_, n) => ({
      expectedVersion: null,
      change: null,
      restore: null,
      resize: null,
      move: null,
      delete: null,
      create: { quotaId: `${path}/q${n}`, content: content(limits) },
    }));
    given(...treeOf(0))
      .when({ type: 'ChangeTree', data: { steps } })
      .thenRefused('TOO_MANY_EVENTS');
  });

  it('counts the sums above quotas that new bounds for the rightsizer end, too', () => {
    const resource = { kind: 'rate', unit: 'token', total: null, totalSource: null } as const;
    const names = Array.from({ length: RESOURCES_MAX }, (_, n) => `r${n}`).toSorted();
    const terms = (min: bigint) => ({
      ...registration,
      resources: names.map((name) => ({ ...resource, name })),
      rightsizing: names.map((name) => ({
        resource: name,
        min,
        max: 100n,
        workload: null,
        pinned: false,
      })),
    });
    const limits = names.map((name) => ({ ...tokens(90n), resource: name }));
    const limit = { ...tokens(40n), resource: 'r0' };
    // One sum a limit for a quota right below its application.
    const most = Math.floor(SUMS_PER_DECISION_MAX / RESOURCES_MAX);
    const rightsized = (count: number) =>
      Array.from({ length: count }, (_, n) => `moka/q${n}`).flatMap((quotaId) => [
        created(quotaId, limits),
        {
          type: 'QuotaResized',
          data: { limit, evidence, proposalId: null },
          quotaId,
        } as const,
      ]);
    const narrow = { type: 'RegisterApplication', data: terms(50n) } as const;
    const { decision } = given(registeredAs(terms(1n)), ...rightsized(most)).when(narrow);
    expect(decision.kind === 'accepted' && decision.events.length).toBe(most + 1);
    given(registeredAs(terms(1n)), ...rightsized(most + 1))
      .when(narrow)
      .thenRefused('TOO_MANY_EVENTS', `${SUMS_PER_DECISION_MAX} sums`);
  });
});
