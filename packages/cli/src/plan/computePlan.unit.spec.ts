import { describe, expect, it } from 'vitest';
import { after, declarationIn, nothing } from '../testing/appliedFile.ts';
import { computePlan } from './computePlan.ts';
import type { LiveState } from './computePlan.ts';
import type { Json } from './json.ts';
import { actionsOf } from './plan.ts';
import type { Plan } from './plan.ts';

const planOf = (text: string, live: LiveState = nothing): Plan =>
  computePlan(declarationIn(text), live);

const told = (plan: Plan): readonly string[] =>
  actionsOf(plan).map(({ kind, what, id }) => `${kind} ${what} ${id}`);
const stepsOf = (plan: Plan): readonly Json[] =>
  plan.commands.flatMap(({ data }) => (data['steps'] ?? []) as readonly Json[]);

const whole = `
organizations:
  acme:
    displayName: Acme
    managed: true
    teams:
      inner: { parent: outer, owner: g, displayName: Inner }
      outer: { owner: g, displayName: Outer }
    projects:
      chat: { team: inner, owner: g, displayName: Chat }
    budgets:
      of-chat: { project: acme/chat, amount: 10, currency: EUR, window: { kind: calendar_month, timeZone: UTC }, priceBook: list, tierPolicy: standard }
      of-outer: { team: outer, amount: 20, currency: EUR, window: { kind: calendar_month, timeZone: UTC }, priceBook: list, tierPolicy: standard }
applications:
  moka:
    managed: true
    registration:
      displayName: Moka
      levels: [environment]
      resources: [{ name: requests, kind: rate, unit: request }]
      defaultMode: enforce
      defaultOnStale: hold
      robotChanges: propose
      proposalLifetimeMicros: 86400000000
    entitlements: [{ project: acme/chat, resource: requests, amount: 100 }]
    quotas:
      prod:
        owner: g
        project: acme/chat
        tier: 1
        limits: [{ resource: requests, rate: { amount: 100 } }]
        quotas:
          a: { limits: [{ resource: requests, rate: { amount: 40 } }] }
          b: { limits: [{ resource: requests, rate: { amount: 40 } }] }
`;

describe('a plan', () => {
  it('creates everything, from what others stand on to what stands on it', () => {
    expect(told(planOf(whole))).toEqual([
      'create organization acme',
      'create team outer',
      'create team inner',
      'create project acme/chat',
      'create budget of-outer',
      'create budget of-chat',
      'create application moka',
      'create entitlement moka acme/chat requests',
      'create quota moka/prod',
      'create quota moka/prod/a',
      'create quota moka/prod/b',
    ]);
  });

  it('is empty once it has been applied', () => {
    expect(planOf(whole, after(whole)).commands).toEqual([]);
  });

  it('leaves of a budget that is there what a file does not say of it', () => {
    const said = whole.replace(
      'of-chat: {',
      'of-chat: { mode: enforce, thresholds: [{ basis: forecast, basisPoints: 9000 }, { basis: actual, basisPoints: 9000 }], split: [{ application: moka, resource: requests, basisPoints: 5000 }],',
    );
    expect(planOf(whole, after(said)).commands).toEqual([]);
    const [first, second] = [/(\{ basis: forecast[^}]*\}), (\{ basis: actual[^}]*\})/, '$2, $1'];
    expect(planOf(said.replace(first, second), after(said)).commands).toEqual([]);
    const raised = planOf(whole.replace('amount: 10,', 'amount: 11,'), after(said));
    expect(raised.commands.map(({ data }) => data)).toMatchObject([
      { amount: '11', mode: 'enforce', thresholds: [{ basis: 'actual' }, { basis: 'forecast' }] },
    ]);
    const tried = planOf(said.replace('mode: enforce', 'mode: dry_run'), after(said));
    expect(actionsOf(tried)[0]?.differences).toEqual([
      { field: 'mode', before: 'enforce', after: 'dry_run' },
    ]);
  });

  it('puts all quotas of an application into one command, each expected not to be there', () => {
    const plan = planOf(whole);
    expect(plan.commands.filter(({ type }) => type === 'ChangeTree')).toHaveLength(1);
    expect(stepsOf(plan).map(({ expectedVersion }) => expectedVersion)).toEqual([0, 0, 0]);
  });

  it('changes what differs and no more, and expects the version that was read', () => {
    const changed = whole.replace(
      'amount: 40 } }] }\n          b',
      'amount: 50 } }] }\n          b',
    );
    const plan = planOf(changed, after(whole, 7n));
    expect(told(plan)).toEqual(['change quota moka/prod/a']);
    expect(stepsOf(plan)).toEqual([
      {
        expectedVersion: '7',
        change: {
          quotaId: 'moka/prod/a',
          setLimits: [{ resource: 'requests', rate: { amount: 50, per: '1s' } }],
          unsetLimits: [],
        },
      },
    ]);
    expect(actionsOf(plan)[0]?.differences).toEqual([
      {
        field: 'limits.requests',
        before: { resource: 'requests', rate: { amount: 40, per: '1s' } },
        after: { resource: 'requests', rate: { amount: 50, per: '1s' } },
      },
    ]);
  });

  it('unsets a limit and clears a field that is not declared any more', () => {
    const had = whole.replace('a: {', 'a: { mode: shadow, labels: { team: ads },');
    const plan = planOf(whole.replace(/a: \{.*/, 'a: {}'), after(had));
    expect(stepsOf(plan)).toEqual([
      {
        expectedVersion: '3',
        change: {
          quotaId: 'moka/prod/a',
          labels: {},
          clear: ['mode'],
          setLimits: [],
          unsetLimits: ['requests'],
        },
      },
    ]);
  });

  it('lowers before it raises, so that siblings may exchange shares', () => {
    const changed = whole
      .replace(
        'a: { limits: [{ resource: requests, rate: { amount: 40',
        'a: { limits: [{ resource: requests, rate: { amount: 60',
      )
      .replace(
        'b: { limits: [{ resource: requests, rate: { amount: 40',
        'b: { limits: [{ resource: requests, rate: { amount: 20',
      );
    expect(told(planOf(changed, after(whole)))).toEqual([
      'change quota moka/prod/b',
      'change quota moka/prod/a',
    ]);
  });

  it('takes back an entitlement after the quotas, and grants one before them', () => {
    const less = whole.replaceAll('amount: 100', 'amount: 90');
    expect(told(planOf(less, after(whole)))).toEqual([
      'change quota moka/prod',
      'change entitlement moka acme/chat requests',
    ]);
    expect(told(planOf(whole, after(less)))).toEqual([
      'change entitlement moka acme/chat requests',
      'change quota moka/prod',
    ]);
  });

  it('leaves alone what is not declared, unless the file says that it manages it', () => {
    const less = whole.replace(/ {10}b: .*\n/, '');
    expect(told(planOf(less, after(whole)))).toEqual(['delete quota moka/prod/b']);
    expect(
      told(
        planOf(
          less.replace('    managed: true\n    registration', '    registration'),
          after(whole),
        ),
      ),
    ).toEqual([]);
    const others = less.replace(
      '    managed: true\n    registration',
      '    managed: [dev]\n    registration',
    );
    expect(told(planOf(others, after(whole)))).toEqual([]);
  });

  it('deletes from the leaves up, and keeps what something declared stands below', () => {
    const [head = ''] = whole.split('    quotas:\n');
    expect(told(planOf(head, after(whole)))).toEqual([
      'delete quota moka/prod/a',
      'delete quota moka/prod/b',
      'delete quota moka/prod',
    ]);
    const child = `${head}    quotas: { prod/a: { owner: g, tier: 1, limits: [{ resource: requests, rate: { amount: 40 } }] } }\n`;
    expect(told(planOf(child, after(whole)))).toEqual(['delete quota moka/prod/b']);
  });

  it('retires what a managed organization does not declare: budgets, projects, then teams from the innermost', () => {
    const bare = 'organizations: { acme: { displayName: Acme, managed: true } }';
    expect(told(planOf(bare, after(whole)))).toEqual([
      'delete budget of-chat',
      'delete budget of-outer',
      'delete project acme/chat',
      'delete team inner',
      'delete team outer',
    ]);
  });

  it('lowers inner budgets before outer ones, and raises them after', () => {
    const more = whole.replace('amount: 10,', 'amount: 15,').replace('amount: 20,', 'amount: 30,');
    expect(told(planOf(more, after(whole)))).toEqual([
      'change budget of-outer',
      'change budget of-chat',
    ]);
    expect(told(planOf(whole, after(more)))).toEqual([
      'change budget of-chat',
      'change budget of-outer',
    ]);
  });

  it('hands a quota to another payer by a command of its own, and expects no version below it then', () => {
    const moved = whole.replace(
      'project: acme/chat\n        tier: 1',
      'project: acme/other\n        tier: 2',
    );
    const plan = planOf(moved, after(whole));
    expect(plan.commands.map(({ type }) => type)).toEqual(['TransferQuota', 'ChangeTree']);
    expect(plan.commands[0]).toMatchObject({
      data: { project: 'acme/other' },
      expectedVersion: 3n,
    });
    expect(stepsOf(plan).map(({ expectedVersion }) => expectedVersion)).toEqual([null, null, null]);
  });

  it('cannot take back a payer that a quota names, and says so', () => {
    const plan = planOf(
      whole.replace('        project: acme/chat\n        tier', '        tier'),
      after(whole),
    );
    expect(plan.obstacles).toMatchObject([{ id: 'moka/prod' }]);
    expect(plan.commands).toEqual([]);
  });

  it('splits what one command has no room for, and says nothing of it twice', () => {
    const quotas = Array.from(
      { length: 1_200 },
      (_each, index) => `q${index}: { owner: g, tier: 1 }`,
    );
    const plan = planOf(`applications: { moka: { quotas: { ${quotas.join(', ')} } } }`);
    const counts = plan.commands.map(({ actions, data }) => [
      actions.length,
      (data['steps'] as unknown[]).length,
    ]);
    expect(counts).toEqual([
      [500, 500],
      [500, 500],
      [200, 200],
    ]);
    expect(new Set(told(plan)).size).toBe(1_200);
  });

  it('leaves to a budget what a budget pays for', () => {
    const there = after(whole);
    const moka = there.applications.get('moka')!;
    const source = { organization: 'acme', budgetId: 'of-chat', allocation: 1 };
    const entitlements = new Map(
      [...moka.entitlements].map(([key, value]) => [key, { ...value, source }]),
    );
    const allocated = { ...there, applications: new Map([['moka', { ...moka, entitlements }]]) };
    expect(planOf(whole, allocated)).toEqual({ commands: [], obstacles: [] });
    const plan = planOf(
      whole.replace('resource: requests, amount: 100', 'resource: requests, amount: 120'),
      allocated,
    );
    expect(plan.commands).toEqual([]);
    expect(plan.obstacles[0]?.message).toContain('A budget pays');
  });
});

describe('price books and tier policies', () => {
  const price = (from: string, amount: string): string =>
    `{ application: moka, resource: requests, amount: ${amount}, perUnits: 1000, effectiveFrom: ${from} }`;
  const money = (...prices: readonly string[]): string => `
priceBooks:
  list:
    currency: EUR
    prices: [${prices.join(', ')}]
tierPolicies:
  standard:
    steps: [{ overrunBasisPoints: 0, cutBasisPoints: [0, 0, 1000, 2500, 4000] }]
    floorBasisPoints: [10000, 5000, 2500, 1000, 1000]
`;
  const first = price('2026-01-01T00:00:00Z', "'1.25'");
  const second = price('2026-07-01T00:00:00Z', "'1.50'");

  it('come before the budgets that name them, and expect that there are none', () => {
    const plan = planOf(`${whole}${money(first)}`);
    expect(plan.commands.slice(0, 3)).toMatchObject([
      { type: 'DefinePriceBook', stream: 'pricebook:list', expectedVersion: 0n },
      { type: 'PublishTierPolicy', stream: 'tierpolicy:standard', expectedVersion: 0n },
      { type: 'RegisterOrganization' },
    ]);
  });

  it('are the same in another order, with times and money written otherwise', () => {
    const other = price("'2026-01-01T01:00:00+01:00'", "'1.250'");
    expect(told(planOf(money(second, other), after(money(first, second))))).toEqual([]);
  });

  it('are the same whatever order their shared costs, parts and money are written in', () => {
    const shared = (...costs: readonly string[]): string =>
      `${money(first)}    sharedCosts: [${costs.join(', ')}]\n    timeZone: Europe/Berlin\n`.replace(
        /(tierPolicies[^]*?)( {4}sharedCosts[^]*)/,
        '$2$1',
      );
    const cost = (name: string, amount: string, weights: string): string =>
      `{ name: ${name}, organization: acme, amountPerMonth: ${amount}, effectiveFrom: 2026-01-01T00:00:00Z, split: weights, weights: [${weights}] }`;
    const [a, b] = ['{ project: acme/a, weight: 2 }', '{ project: acme/b, weight: 1 }'] as const;
    const one = cost('platform', '3000', `${a}, ${b}`);
    const other = cost('platform', "'3000.00'", `${b}, ${a}`);
    const people = cost('people', '1', a);
    expect(told(planOf(shared(other, people), after(shared(people, one))))).toEqual([]);
    const dearer = shared(cost('platform', '4000', `${a}, ${b}`), people);
    expect(actionsOf(planOf(dearer, after(shared(people, one))))).toMatchObject([
      {
        differences: [
          {
            field: 'sharedCosts.acme platform 2026-01-01T00:00:00.000Z',
            before: { amountPerMonth: '3000' },
            after: { amountPerMonth: '4000' },
          },
        ],
      },
    ]);
  });

  it('tell each price that comes or goes by itself, and expect the version that was read', () => {
    const plan = planOf(money(first, second), after(money(first), 7n));
    expect(plan.commands).toMatchObject([{ expectedVersion: 7n }]);
    expect(actionsOf(plan)).toMatchObject([
      {
        ...{ kind: 'change', what: 'price book', id: 'list' },
        differences: [
          {
            field: 'prices.moka requests 2026-07-01T00:00:00.000Z',
            after: { amount: '1.5', perUnits: 1000 },
          },
        ],
      },
    ]);
  });
});
