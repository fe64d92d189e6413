import { describe, it } from 'vitest';
import { given, givenIn } from '../testing/given.ts';
import { created, registered, sessions, tokens } from '../testing/samples.ts';

const tree = [
  registered,
  created('moka/prod', [tokens(100n)], { project: 'acme/assistant', tier: 1 }),
  created('moka/prod/ads', [sessions(4n), tokens(40n)], {
    rightsizing: [{ resource: 'tokens', min: 10n, max: 90n, workload: null, pinned: false }],
  }),
] as const;

describe('SetEntitlement', () => {
  const set = (amount: bigint, bound: 'amount' | 'unlimited' | 'blocked' = 'amount') =>
    ({
      type: 'SetEntitlement',
      data: { project: 'acme/assistant', resource: 'tokens', bound, amount, source: null },
    }) as const;
  const was = (amount: bigint, bound: 'amount' | 'unlimited' | 'blocked' = 'amount') =>
    ({ type: 'EntitlementSet', data: set(amount, bound).data }) as const;

  it('is set, and not below what is held', () => {
    given(...tree)
      .when(set(100n))
      .then(was(100n));
    given(...tree)
      .when(set(99n))
      .thenRefused('ENTITLEMENT_EXCEEDED', '100', '99');
    given(...tree)
      .when(set(0n, 'blocked'))
      .thenRefused('ENTITLEMENT_EXCEEDED');
    given(...tree, was(100n))
      .when(set(100n))
      .thenNothing();
  });

  it('is a number from 1, or says what it is', () => {
    given(...tree)
      .when(set(0n))
      .thenRefused('LIMIT_ZERO_AMBIGUOUS');
    given(...tree)
      .when(set(-1n))
      .thenRefused('LIMIT_NEGATIVE');
    given(...tree)
      .when(set(0n, 'unlimited'))
      .then(was(0n, 'unlimited'));
  });

  it('is not taken back by an allocation that comes late', () => {
    const by = (allocation: bigint, amount = 100n, organization = 'acme') => {
      const source = { organization, budgetId: 'monthly', allocation };
      return { type: 'SetEntitlement', data: { ...set(amount).data, source } } as const;
    };
    const followed = { type: 'EntitlementSet', data: by(6n, 200n).data } as const;
    given(...tree, followed)
      .when(by(5n))
      .thenRefused('ALLOCATION_SUPERSEDED', '6');
    given(...tree, followed)
      .when(by(6n, 200n))
      .thenNothing();
    given(...tree, followed)
      .when(by(7n))
      .then({ type: 'EntitlementSet', data: by(7n).data });
    // Neither by the one that a person has replaced since.
    given(...tree, followed, was(300n))
      .when(by(6n, 200n))
      .thenRefused('ALLOCATION_SUPERSEDED');
    given(...tree, followed, was(300n))
      .when(by(7n))
      .then({ type: 'EntitlementSet', data: by(7n).data });
  });

  it('is of an application', () => {
    givenIn('pricebook:list').when(set(1n)).thenRefused('WRONG_STREAM');
  });
});
