import type { ResourceLimit, TreeStep } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { decide } from '../decide.ts';
import type { ApplicationState, OrganizationState, QuotaState } from '../model.ts';
import { emptyDerived, rebuildDerived } from '../snapshot/derivedFields.ts';
import { crossing, rehearsal } from '../testing/cutSamples.ts';
import { stateAfter } from '../testing/given.ts';
import type { Fact } from '../testing/given.ts';
import { budgetDefined } from '../testing/organizationSamples.ts';
import {
  applyHaircut,
  content,
  cores,
  created,
  credits,
  evidence,
  haircutApplied,
  noChange,
  registered,
  registration,
  sessions,
  tokens,
} from '../testing/samples.ts';
import { DAY, START, stampCommand } from '../testing/stamp.ts';
import type { CommandBody } from '../testing/stamp.ts';

const SMALL = 1_000;
const LARGE = 100_000;

/** Counts what is looked up, or met on a walk. */
class CountedMap<K, V> extends Map<K, V> {
  visits = 0;

  override get(key: K): V | undefined {
    this.visits += 1;
    return super.get(key);
  }

  override has(key: K): boolean {
    this.visits += 1;
    return super.has(key);
  }

  override *entries(): MapIterator<[K, V]> {
    for (const entry of super.entries()) {
      this.visits += 1;
      yield entry;
    }
  }

  override *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  override *keys(): MapIterator<K> {
    for (const [key] of this.entries()) yield key;
  }

  override [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }
}

class CountedSet<T> extends Set<T> {
  readonly #counter: CountedMap<never, never>;

  constructor(counter: CountedMap<never, never>) {
    super();
    this.#counter = counter;
  }

  override *values(): SetIterator<T> {
    for (const value of super.values()) {
      this.#counter.visits += 1;
      yield value;
    }
  }

  override [Symbol.iterator](): SetIterator<T> {
    return this.values();
  }
}

interface Counted {
  readonly state: ApplicationState;
  readonly visits: () => number;
}

/** So many quotas below one, each with limits of its own; every fourth under a level that sets nothing. */
function wideTree(size: number): Counted {
  const limits = [cores(1n, 5n), credits(1n), sessions(3n), tokens(2n)];
  const most = BigInt(LARGE);
  const small = stateAfter(
    'application:moka',
    registered,
    created('moka/a', [cores(900n, most * 9n), credits(most * 9n), sessions(9n), tokens(9n)], {
      project: 'acme/a',
    }),
    created('moka/a/open'),
    created('moka/a/q', limits),
    haircutApplied('moka/a/q', 2_500),
    created('moka/b', [cores(100n, most)]),
    created('moka/b/few', [cores(1n, 1n)]),
  ) as ApplicationState;
  const sample = small.quotas.get('moka/a/q') as QuotaState;
  const rightsizedTo = (amount: bigint): QuotaState['rightsized'] =>
    new Map([['tokens', { limit: tokens(amount), evidence, provenance: sample.declared }]]);
  const [within, outside] = [rightsizedTo(2n), rightsizedTo(1n)];
  const quotas = new CountedMap(small.quotas);
  const counter = quotas as unknown as CountedMap<never, never>;
  const children = new CountedMap<string, Set<string>>();
  for (const [id, ids] of small.children) {
    const counted = new CountedSet<string>(counter);
    for (const each of ids) counted.add(each);
    children.set(id, counted);
  }
  const open = new CountedSet<string>(counter);
  children.set('moka/a/open', open);
  for (let index = 0; index < size; index += 1) {
    const parent = index % 4 === 0 ? 'moka/a/open' : 'moka/a';
    const quotaId = `${parent}/q${index}`;
    const bare = content([
      tokens(1n + BigInt(index % 9)),
      sessions(1n),
      cores(0n, BigInt(index + 1)),
    ]);
    const rightsized = index < 2 ? outside : within;
    quotas.set(quotaId, { ...sample, quotaId, content: bare, rightsized });
    children.get(parent)?.add(quotaId);
  }
  const sums = new CountedMap<string, never>();
  const state = { ...small, ...emptyDerived(), quotas, children, sums } as ApplicationState;
  rebuildDerived(state);
  const all = [quotas, children, sums];
  for (const map of all) map.visits = 0;
  return { state, visits: () => all.reduce((sum, map) => sum + map.visits, 0) };
}

const change = (quotaId: string, ...setLimits: ResourceLimit[]): CommandBody => ({
  type: 'ChangeQuota',
  data: { ...noChange, quotaId, setLimits },
});

const aPage = { cutId: null, after: 'moka/a/open/q0', most: 100 };
const lift = { cause: 'budget_raised', spend: '1', budget: '2', ...aPage } as const;

/** Bounds that hold all but two of what the trees have rightsized. */
const narrower = [{ resource: 'tokens', min: 2n, max: 90n, workload: null, pinned: false }];

const commands: readonly (readonly [string, CommandBody])[] = [
  ['a raise of a guarantee', change('moka/a/q', cores(2n, 5n))],
  ['a raise of an amount that is summed', change('moka/a/q', credits(2n))],
  ['a parent lowered to what is below', change('moka/a', tokens(9n), sessions(8n))],
  [
    'a limit unset between two levels',
    { type: 'ChangeQuota', data: { ...noChange, quotaId: 'moka/a', unsetLimits: ['tokens'] } },
  ],
  ['a limit set on a level that set nothing', change('moka/a/open', tokens(9n))],
  [
    'a creation',
    { type: 'CreateQuota', data: { quotaId: 'moka/a/new', content: content([cores(1n, 1n)]) } },
  ],
  ['a deletion', { type: 'DeleteQuota', data: { quotaId: 'moka/a/q', children: 'refuse' } }],
  ['a move', { type: 'MoveQuota', data: { quotaId: 'moka/b/few', toQuotaId: 'moka/a/few' } }],
  [
    'a page of a cut',
    applyHaircut([0, 0, 2_600, 5_000, 9_000], undefined, { project: 'acme/a', ...aPage }),
  ],
  [
    'a page of its lift',
    { type: 'LiftHaircut', data: { project: 'acme/assistant', budgetId: 'monthly', ...lift } },
  ],
  [
    'a transfer',
    {
      type: 'TransferQuota',
      data: { quotaId: 'moka/b/few', owner: null, project: 'acme/a' },
    },
  ],
  [
    'a payer named once more above all that it pays for',
    { type: 'TransferQuota', data: { quotaId: 'moka/a/open', owner: null, project: 'acme/a' } },
  ],
  [
    'an override',
    {
      type: 'OverrideQuota',
      data: { quotaId: 'moka/a/q', limits: [credits(1n)], until: START + 1n },
    },
  ],
  [
    'other bounds of the application for the rightsizer',
    { type: 'RegisterApplication', data: { ...registration, rightsizing: narrower } },
  ],
  [
    'an entitlement',
    {
      type: 'SetEntitlement',
      data: { project: 'acme/a', resource: 'tokens', bound: 'amount', amount: 9n, source: null },
    },
  ],
];

describe('what a decision looks at', () => {
  const small = wideTree(SMALL);
  const large = wideTree(LARGE);

  function visitsOf({ state, visits }: Counted, body: CommandBody): number {
    const before = visits();
    const command = stampCommand('application:moka', body, { roles: ['admin'] });
    const decision = decide(state, command, { now: START, streamVersion: 9n });
    expect(['accepted', 'refused']).toContain(decision.kind);
    return visits() - before;
  }

  it.each(commands)('does not grow with the tree: %s', (_what, body) => {
    expect(visitsOf(large, body)).toBe(visitsOf(small, body));
  });

  it('is what ends where other bounds leave something outside', () => {
    const [, body] = commands.find(([what]) => what.startsWith('other bounds'))!;
    const command = stampCommand('application:moka', body, { roles: ['admin'] });
    const decision = decide(large.state, command, { now: START, streamVersion: 9n });
    expect(decision).toMatchObject({ kind: 'accepted', events: { length: 3 } });
  });

  it('is bounded where those who stand in the way are named', () => {
    const lowered = change('moka/a', tokens(8n));
    expect(visitsOf(small, lowered)).toBeGreaterThan(0);
    expect(visitsOf(large, lowered)).toBeLessThan(2_000);
  });

  it('is a page of a cut that goes on where it ends, also in a large tree', () => {
    for (const type of ['a page of a cut', 'a page of its lift']) {
      const [, body] = commands.find(([what]) => what === type)!;
      const command = stampCommand('application:moka', body, { roles: ['admin'] });
      const decision = decide(large.state, command, { now: START, streamVersion: 9n });
      const next = large.state.paid.get('acme/a')?.after(aPage.after, aPage.most).at(-1);
      expect(decision).toMatchObject({ kind: 'accepted', events: { length: aPage.most } });
      expect(decision).toMatchObject({ result: next });
    }
  });

  const withUnit = (name: string, unit: string): CommandBody => ({
    type: 'RegisterApplication',
    data: {
      ...registration,
      resources: registration.resources.map((each) =>
        each.name === name ? { ...each, unit } : each,
      ),
    },
  });

  it.each(['tokens', 'credits'])('is a few quotas where the unit of %s changes', (name) => {
    expect(visitsOf(large, withUnit(name, 'word'))).toBe(visitsOf(small, withUnit(name, 'word')));
  });
});

describe('what moves and deletions look at of the proposals that wait', () => {
  const MOVES = 200;
  const idOf = (group: string, index: number): string => `moka/${group}/q${index}`;
  const quotas = ['few', 'others'].flatMap((group) => [
    created(`moka/${group}`),
    ...Array.from({ length: MOVES }, (_, index) => created(idOf(group, index))),
  ]);
  const noStep = {
    create: null,
    change: null,
    move: null,
    delete: null,
    restore: null,
    resize: null,
  };
  const stepsOf = (group: string, name: string): TreeStep[] =>
    Array.from({ length: MOVES }, (_, index) => ({
      ...noStep,
      expectedVersion: null,
      change: { ...noChange, quotaId: idOf(group, index), labels: { name } },
    }));

  /** So many proposals, each of which changes every quota of a group. */
  function withProposals(count: number, group: string): Counted {
    const proposed = Array.from({ length: count }, (_, index): Fact => {
      const [proposalId, place] = [`moka-p${index}`, `moka/${group}`];
      const [origin, expiresAt] = ['threshold' as const, START + DAY];
      const steps = stepsOf(group, proposalId);
      return { type: 'TreeChangeProposed', data: { proposalId, place, steps, origin, expiresAt } };
    });
    const plain = stateAfter('application:moka', registered, ...quotas, ...proposed);
    const state = plain as ApplicationState;
    const proposals = new CountedMap(state.proposals);
    const proposalsByAlias = new CountedMap(state.proposalsByAlias);
    proposals.visits = 0;
    const visits = (): number => proposals.visits + proposalsByAlias.visits;
    return { state: { ...state, proposals, proposalsByAlias }, visits };
  }

  const treeOf = (step: (index: number) => Partial<TreeStep>): CommandBody => ({
    type: 'ChangeTree',
    data: {
      steps: Array.from({ length: MOVES }, (_, index) => ({
        ...noStep,
        expectedVersion: null,
        ...step(index),
      })),
    },
  });
  const moves = treeOf((index) => ({
    move: { quotaId: idOf('few', index), toQuotaId: `moka/m${index}` },
  }));
  const deletions = treeOf((index) => ({
    delete: { quotaId: idOf('few', index), children: 'refuse' },
  }));

  function visitsOf({ state, visits }: Counted, body: CommandBody): number {
    const before = visits();
    const command = stampCommand('application:moka', body, { roles: ['admin'] });
    const decision = decide(state, command, { now: START, streamVersion: 900n });
    expect(decision.kind).toBe('accepted');
    return visits() - before;
  }

  it('is none of them for a move, also of quotas that all of them mean', () => {
    for (const group of ['others', 'few']) {
      expect(visitsOf(withProposals(20, group), moves)).toBe(0);
    }
  });

  it('is those that mean what goes for a deletion, and none other', () => {
    expect(visitsOf(withProposals(20, 'others'), deletions)).toBe(0);
    const [one, many] = [1, 3].map((count) => visitsOf(withProposals(count, 'few'), deletions));
    expect(many).toBeLessThanOrEqual(3 * (one ?? 0));
  });
});

describe('what a budget tells, and its override', () => {
  const thresholds = [{ basis: 'actual', basisPoints: 8_000 }] as const;

  /** So many budgets that rehearse, and as many rehearsals of others. */
  function budgetsOf(count: number) {
    const others = Array.from({ length: count }, (_, index) => `b${index}`).flatMap(
      (budgetId): Fact[] => [
        budgetDefined({ budgetId, mode: 'dry_run' }),
        { type: 'CutRehearsed', data: { ...rehearsal, budgetId } },
      ],
    );
    const own = budgetDefined({ mode: 'dry_run', thresholds });
    const state = stateAfter('organization:acme', ...others, own) as OrganizationState;
    const budgets = new CountedMap(state.budgets);
    const rehearsedCuts = new CountedMap(state.rehearsedCuts);
    [budgets.visits, rehearsedCuts.visits] = [0, 0];
    const visits = (): number => budgets.visits + rehearsedCuts.visits;
    return { state: { ...state, budgets, rehearsedCuts }, visits };
  }
  const few = budgetsOf(10);
  const many = budgetsOf(2_000);
  const visitsIn = ({ state, visits }: typeof few, body: CommandBody): number => {
    const before = visits();
    const command = stampCommand('organization:acme', body, { roles: ['admin'] });
    expect(decide(state, command, { now: START, streamVersion: 9n }).kind).toBe('accepted');
    return visits() - before;
  };

  it.each<CommandBody>([
    { type: 'RecordThreshold', data: crossing },
    { type: 'RehearseCut', data: rehearsal },
    { type: 'OverrideBudget', data: { budgetId: 'monthly', until: START + DAY } },
    { type: 'LiftBudgetOverride', data: { budgetId: 'monthly' } },
  ])('looks at as few of many budgets: $type', (body) => {
    expect(visitsIn(many, body)).toBe(visitsIn(few, body));
  });
});
