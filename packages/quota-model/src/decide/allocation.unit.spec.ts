import { describe, expect, it } from 'vitest';
import { given, givenIn, stateAfter } from '../testing/given.ts';
import type { Fact } from '../testing/given.ts';
import {
  budget,
  budgetDefined,
  organizationRegistered,
  projectDefined,
  teamDefined,
} from '../testing/organizationSamples.ts';
import { created, registered, tokens } from '../testing/samples.ts';
import { rightsizer } from '../testing/stamp.ts';
import type { CommandData } from '../testing/stamp.ts';

/** Five events: the next one is the sixth. */
const past = [
  organizationRegistered,
  teamDefined('data'),
  projectDefined('acme/assistant', 'data'),
  projectDefined('acme/other'),
  budgetDefined({ amount: '100' }),
] as const;

const unitCost = {
  priceBook: 'list',
  priceBookVersion: 1n,
  currency: 'USD',
  amount: '0.02',
  perUnits: 1_000n,
  unitsPerWindow: 2_678_400n,
};
const place = { project: 'acme/assistant', application: 'moka', resource: 'tokens' };

type Data = CommandData<'AllocateEntitlement'>;
const allocate = (amount: bigint, more: Partial<Data> = {}) =>
  ({
    type: 'AllocateEntitlement',
    data: { budgetId: 'monthly', ...place, bound: 'amount', amount, unitCost, ...more },
  }) as const;
const release = { bound: 'blocked', unitCost: null } as const;
/** One token a second costs 53.568 a month. */
const allocated = (version: bigint, amount = 1n, cost = '53.568'): Fact => ({
  type: 'EntitlementAllocated',
  data: { budgetId: 'monthly', ...place, bound: 'amount', amount, unitCost, cost, version },
});
const complete = (allocation: bigint, code: string | null = null) =>
  ({
    type: 'CompleteAllocation',
    data: {
      ...place,
      allocation,
      answer: code === null ? 'accepted' : 'refused',
      code,
      detail: null,
    },
  }) as const;
const completed = (allocation: bigint, code: string | null = null): Fact => ({
  type: 'AllocationCompleted',
  data: complete(allocation, code).data,
});
const acme = (...facts: readonly Fact[]) => givenIn('organization:acme', ...past, ...facts);
const keptOf = (...facts: readonly Fact[]) => {
  const state = stateAfter('organization:acme', ...past, ...facts);
  return state?.kind === 'organization' ? state.allocated : null;
};
const picos = (cost: number): bigint => BigInt(Math.round(cost * 1_000)) * 1_000_000_000n;

describe('AllocateEntitlement', () => {
  it('is an intent with its cost, rounded up, and a number of its own', () => {
    acme().when(allocate(1n)).then(allocated(6n)).thenResult('6');
    const third = { ...unitCost, amount: '1', perUnits: 3n, unitsPerWindow: 1n };
    acme()
      .when(allocate(1n, { unitCost: third }))
      .then({
        type: 'EntitlementAllocated',
        data: { ...allocate(1n, { unitCost: third }).data, cost: '0.333333333334', version: 6n },
      });
  });

  it('is released by the budget that pays, not by another', () => {
    const top = budgetDefined({ budgetId: 'top', project: '', team: 'data', amount: '150' });
    const paid = [top, allocated(7n), completed(7n)];
    acme(...paid)
      .when(allocate(0n, { ...release, budgetId: 'top' }))
      .thenRefused('ALLOCATION_INVALID', 'monthly')
      .thenRefusedAt('/budgetId');
    acme(...paid)
      .when(allocate(0n, release))
      .thenResult('9');
  });

  it('costs no more than the budget, its own former cost aside', () => {
    acme().when(allocate(2n)).thenRefused('ALLOCATION_EXCEEDS_BUDGET', '100', '107.136');
    acme(allocated(6n), completed(6n))
      .when(allocate(2n, { resource: 'sessions' }))
      .thenRefused('ALLOCATION_EXCEEDS_BUDGET', '53.568', '107.136');
    acme(allocated(6n), completed(6n))
      .when(allocate(1n, { unitCost: { ...unitCost, amount: '0.03' } }))
      .then({
        type: 'EntitlementAllocated',
        data: {
          ...allocate(1n, { unitCost: { ...unitCost, amount: '0.03' } }).data,
          cost: '80.352',
          version: 8n,
        },
      });
  });

  it('leaves to the budgets below what is promised to them', () => {
    const top = budgetDefined({ budgetId: 'top', project: '', team: 'data', amount: '150' });
    acme(top)
      .when(allocate(1n, { budgetId: 'top' }))
      .thenRefused('ALLOCATION_EXCEEDS_BUDGET');
    acme(top, {
      type: 'EntitlementAllocated',
      data: {
        ...allocate(1n, { budgetId: 'top', unitCost: { ...unitCost, amount: '0.01' } }).data,
        cost: '26.784',
        version: 7n,
      },
    })
      .when({
        type: 'DefineBudget',
        data: { ...budget, amount: '130' },
      })
      .thenRefused('BUDGET_SUM_EXCEEDED', 'top', '26.784');
  });

  it('is paid by the budget of the project or of a team above it, at its prices', () => {
    acme()
      .when(allocate(1n, { project: 'acme/other' }))
      .thenRefused('ALLOCATION_INVALID', 'acme/other');
    acme()
      .when(allocate(1n, { project: 'acme/none' }))
      .thenRefused('PROJECT_UNKNOWN');
    acme()
      .when(allocate(1n, { budgetId: 'none' }))
      .thenRefused('BUDGET_UNKNOWN');
    acme()
      .when(allocate(1n, { unitCost: { ...unitCost, currency: 'EUR' } }))
      .thenRefused('CURRENCY_MIXED', 'USD', 'EUR');
    acme()
      .when(allocate(1n, { unitCost: { ...unitCost, priceBook: 'other' } }))
      .thenRefused('ALLOCATION_INVALID', 'list');
    acme()
      .when(allocate(1n, { unitCost: null }))
      .thenRefused('ALLOCATION_INVALID');
    acme()
      .when(allocate(1n, { bound: 'unlimited' }))
      .thenRefused('ALLOCATION_INVALID');
    acme().when(allocate(0n)).thenRefused('ALLOCATION_INVALID');
    givenIn('organization:acme').when(allocate(1n)).thenRefused('ORGANIZATION_UNKNOWN');
  });

  it('waits for the answer before it', () => {
    acme(allocated(6n)).when(allocate(1n)).thenRefused('ALLOCATION_PENDING', '6');
    acme(allocated(6n), completed(6n)).when(allocate(1n)).thenNothing();
    acme(allocated(6n), completed(6n, 'QUOTA_UNKNOWN')).when(allocate(1n)).then(allocated(8n));
  });
});

describe('CompleteAllocation', () => {
  it('is sent by a robot, once', () => {
    const robot = { actor: rightsizer, roles: ['robot'] };
    acme(allocated(6n)).when(complete(6n), robot).then(completed(6n));
    acme(allocated(6n)).when(complete(6n, 'NOT_FOUND'), robot).then(completed(6n, 'NOT_FOUND'));
    acme(allocated(6n), completed(6n)).when(complete(6n), robot).thenNothing();
    acme(allocated(6n)).when(complete(5n), robot).thenRefused('ALLOCATION_UNKNOWN');
    acme().when(complete(6n), robot).thenRefused('ALLOCATION_UNKNOWN');
  });

  it('compares the expected version with the stream', () => {
    acme(allocated(6n)).when(complete(6n), { expectedVersion: 6n }).then(completed(6n));
    acme(allocated(6n))
      .when(complete(6n), { expectedVersion: 5n })
      .thenRefused('VERSION_MISMATCH', '6');
  });

  it('leaves with the budget what is paid for, and keeps the dearer while nobody has answered', () => {
    const less = allocated(8n, 1n, '40');
    expect(keptOf(allocated(6n))?.get('monthly')).toBe(picos(53.568));
    expect(keptOf(allocated(6n), completed(6n, 'NO'))?.size).toBe(0);
    expect(keptOf(allocated(6n), completed(6n), less)?.get('monthly')).toBe(picos(53.568));
    expect(keptOf(allocated(6n), completed(6n), less, completed(8n))?.get('monthly')).toBe(
      picos(40),
    );
    expect(keptOf(allocated(6n), completed(6n), less, completed(8n, 'NO'))?.get('monthly')).toBe(
      picos(53.568),
    );
  });

  it('ends what was released', () => {
    const intent: Fact = {
      type: 'EntitlementAllocated',
      data: { ...allocate(0n, release).data, cost: '0', version: 8n },
    };
    acme(allocated(6n), completed(6n)).when(allocate(0n, release)).then(intent);
    expect(keptOf(allocated(6n), completed(6n), intent)?.get('monthly')).toBe(picos(53.568));
    expect(keptOf(allocated(6n), completed(6n), intent, completed(8n))?.size).toBe(0);
  });
});

describe('a robot that allocates', () => {
  const robot = { actor: rightsizer, roles: ['robot'] };
  const split = (basisPoints: number, more: Partial<typeof budget> = {}): Fact =>
    budgetDefined(
      {
        amount: '100',
        split: [{ application: 'moka', resource: 'tokens', basisPoints }],
        ...more,
      },
      2n,
    );

  it('hands out what the split of the budget says', () => {
    expect(acme(split(5_400)).when(allocate(1n), robot).decision.kind).toBe('accepted');
    const known = [split(5_400), allocated(7n), completed(7n)];
    const given = acme(...known).when(allocate(0n, release), robot);
    expect(given.decision.kind).toBe('accepted');
  });

  it.each([
    ['more than the split says', split(5_300), {}],
    ['what the split does not name', split(10_000), { resource: 'cores' }],
    ['to another project', split(10_000), { project: 'acme/other' }],
    ['of a budget that only rehearses', split(10_000, { mode: 'dry_run' }), {}],
  ] as const)('hands out nothing: %s', (_what, defined, more) => {
    const refused = acme(defined).when(allocate(1n, more), robot);
    expect(refused.decision.kind).toBe('refused');
    if ('project' in more) refused.thenRefused('ALLOCATION_INVALID');
    else refused.thenRefused('NOT_ALLOWED');
  });
});

describe('what a budget pays for', () => {
  const paid = [allocated(6n), completed(6n)] as const;
  const terms = (more: Partial<CommandData<'DefineBudget'>>) =>
    ({ type: 'DefineBudget', data: { ...budget, ...more } }) as const;

  it('keeps the budget from being lowered, ended or turned into another', () => {
    acme(...paid)
      .when(terms({ amount: '53.567' }))
      .thenRefused(
        'BUDGET_BELOW_SUM',
        '53.568 to acme/assistant for tokens of moka',
        '/v1/budgets/<organization>/monthly/entitlements?amount=53.567',
      );
    acme(...paid)
      .when(terms({ currency: 'EUR' }))
      .thenRefused('BUDGET_IN_USE');
    acme(...paid)
      .when(terms({ priceBook: 'other' }))
      .thenRefused('BUDGET_IN_USE');
    acme(...paid)
      .when(terms({ project: '', team: 'data' }))
      .thenRefused('BUDGET_IN_USE');
    acme(...paid)
      .when({ type: 'RetireBudget', data: { budgetId: 'monthly' } })
      .thenRefused('BUDGET_IN_USE', '53.568', 'tokens');
    acme(...paid)
      .when(terms({ amount: '53.568' }))
      .then(budgetDefined({ amount: '53.568' }, 2n));
  });

  it('keeps the project where it is, if the budget is of a team', () => {
    const top = budgetDefined({ budgetId: 'top', project: '', team: 'data', amount: '200' });
    const fromTop: Fact = {
      type: 'EntitlementAllocated',
      data: { ...allocate(1n, { budgetId: 'top' }).data, cost: '53.568', version: 7n },
    };
    acme(top, fromTop)
      .when({
        type: 'DefineProject',
        data: { project: 'acme/assistant', team: null, owner: 'leads', displayName: 'x' },
      })
      .thenRefused('BUDGET_IN_USE', 'top', 'tokens');
  });
});

describe('SetEntitlement of an allocation', () => {
  const set = (amount: bigint, more: object = {}) =>
    ({
      type: 'SetEntitlement',
      data: {
        project: 'acme/assistant',
        resource: 'tokens',
        bound: 'amount',
        amount,
        source: { organization: 'acme', budgetId: 'monthly', allocation: 6n },
        ...more,
      },
    }) as const;
  const robot = { actor: rightsizer, roles: ['robot'] };
  const held = [
    registered,
    created('moka/a', [tokens(5n)], { project: 'acme/assistant' }),
  ] as const;

  it('tells where it comes from, and is refused below what quotas hold', () => {
    given(...held)
      .when(set(5n), robot)
      .then({ type: 'EntitlementSet', data: set(5n).data });
    given(...held)
      .when(set(4n), robot)
      .thenRefused('ENTITLEMENT_EXCEEDED', '5', '4');
  });

  it('is of the organization that pays for the project, and never of a robot alone', () => {
    const source = { organization: 'other', budgetId: 'monthly', allocation: 6n };
    given(...held)
      .when(set(5n, { source }), robot)
      .thenRefused('ALLOCATION_INVALID');
    given(...held)
      .when(set(5n, { source: null }), robot)
      .thenRefused('NOT_ALLOWED');
  });
});
