import { describe, it } from 'vitest';
import { given } from '../testing/given.ts';
import type { Fact } from '../testing/given.ts';
import {
  content,
  cores,
  created,
  credits,
  evidence,
  noChange,
  registered,
  sessions,
  tokens,
  unbounded,
} from '../testing/samples.ts';
import type { CommandData } from '../testing/stamp.ts';

const change = (quotaId: string, more: Partial<CommandData<'ChangeQuota'>>) => ({
  type: 'ChangeQuota' as const,
  data: { ...noChange, quotaId, ...more },
});
const changed = (quotaId: string, ...rest: Parameters<typeof content>): Fact => ({
  type: 'QuotaChanged',
  data: { content: content(...rest) },
  quotaId,
});

describe('ChangeQuota', () => {
  it('changes what is named and leaves the rest', () => {
    given(registered, created('moka/prod', [sessions(2n), tokens(5n)], { labels: { a: 'b' } }))
      .when(change('moka/prod', { tier: 0, setLimits: [tokens(7n)] }))
      .then(changed('moka/prod', [sessions(2n), tokens(7n)], { tier: 0, labels: { a: 'b' } }));
  });

  it('unsets limits', () => {
    given(registered, created('moka/prod', [sessions(2n), tokens(5n)]))
      .when(change('moka/prod', { unsetLimits: ['tokens'] }))
      .then(changed('moka/prod', [sessions(2n)]));
  });

  it('has nothing to do when it is so already, or unset already', () => {
    const past = [registered, created('moka/prod', [tokens(5n)])] as const;
    given(...past)
      .when(change('moka/prod', { owner: 'team-ads' }))
      .thenNothing();
    given(...past)
      .when(change('moka/prod', { setLimits: [tokens(5n)] }))
      .thenNothing();
    given(...past)
      .when(change('moka/prod', { unsetLimits: ['sessions'] }))
      .thenNothing();
  });

  it('refuses the unknown, and a resource both set and unset', () => {
    given(registered).when(change('moka/prod', {})).thenRefused('QUOTA_UNKNOWN', 'moka/prod');
    const past = [registered, created('moka/prod', [tokens(5n)])] as const;
    given(...past)
      .when(change('moka/prod', { unsetLimits: ['gold'] }))
      .thenRefused('RESOURCE_UNKNOWN');
    given(...past)
      .when(change('moka/prod', { setLimits: [tokens(1n)], unsetLimits: ['tokens'] }))
      .thenRefused('LIMIT_DUPLICATE');
  });

  it('expects the version of the quota', () => {
    const past = [registered, created('moka/prod'), changed('moka/prod', [tokens(1n)])] as const;
    given(...past)
      .when(change('moka/prod', { tier: 1 }), { expectedVersion: 1n })
      .thenRefused('VERSION_MISMATCH', '2');
    given(...past)
      .when(change('moka/prod', { tier: 1 }), { expectedVersion: 2n })
      .then(changed('moka/prod', [tokens(1n)], { tier: 1 }));
  });

  it('does not ask again whether an unlimited limit that stands was allowed', () => {
    const unlimited = unbounded(sessions(1n), 'unlimited');
    given(registered, created('moka/prod', [unlimited]))
      .when(change('moka/prod', { tier: 1 }), { roles: ['operator'] })
      .then(changed('moka/prod', [unlimited], { tier: 1 }));
  });

  it('keeps the project, which a change cannot name', () => {
    given(registered, created('moka/prod', [], { project: 'acme/a' }))
      .when(change('moka/prod', { tier: 1 }))
      .then(changed('moka/prod', [], { project: 'acme/a', tier: 1 }));
  });
});

describe('ChangeQuota: the tree', () => {
  it('does not shrink below what the children need', () => {
    const past = [
      registered,
      created('moka/prod', [cores(100n, 100n), credits(10n), sessions(5n), tokens(10n)]),
      created('moka/prod/ads', [cores(60n, 80n), credits(4n), sessions(3n), tokens(8n)]),
      created('moka/prod/etl', [cores(30n, 40n), credits(5n)]),
    ] as const;
    const set = (limit: ReturnType<typeof tokens>) => change('moka/prod', { setLimits: [limit] });
    given(...past)
      .when(set(cores(89n, 100n)))
      .thenRefused('CHILDREN_NEED_MORE', '90', '89');
    given(...past)
      .when(set(cores(79n, 79n)))
      .thenRefused('CHILDREN_NEED_MORE', 'moka/prod/ads');
    given(...past)
      .when(set(credits(8n)))
      .thenRefused('CHILDREN_NEED_MORE', '9', '8');
    given(...past)
      .when(set(sessions(2n)))
      .thenRefused('CHILDREN_NEED_MORE', 'moka/prod/ads');
    given(...past)
      .when(set(tokens(7n)))
      .thenRefused('CHILDREN_NEED_MORE');
    given(...past)
      .when(set(unbounded(tokens(1n), 'blocked')))
      .thenRefused('CHILDREN_NEED_MORE', 'blocked');
    given(...past)
      .when(set(credits(10n, 'P1M')))
      .thenRefused('WINDOW_MISMATCH');
    given(...past)
      .when(set(cores(90n, 90n)))
      .then(changed('moka/prod', [cores(90n, 90n), credits(10n), sessions(5n), tokens(10n)]));
  });

  it('checks a raise against the siblings', () => {
    given(
      registered,
      created('moka/prod', [cores(100n, 100n)]),
      created('moka/prod/ads', [cores(60n, 80n)]),
      created('moka/prod/etl', [cores(30n, 40n)]),
    )
      .when(change('moka/prod/etl', { setLimits: [cores(41n, 41n)] }))
      .thenRefused('PARENT_SUM_EXCEEDED', '101');
  });

  it('counts what is rightsized, not what it replaced', () => {
    const rightsizing = [{ resource: 'tokens', min: 1n, max: 50n, workload: null, pinned: false }];
    const past = [
      registered,
      created('moka/prod', [tokens(50n)]),
      created('moka/prod/ads', [tokens(10n)], { rightsizing }),
      {
        type: 'QuotaResized',
        data: { limit: tokens(40n), evidence, proposalId: null },
        quotaId: 'moka/prod/ads',
      },
    ] as const satisfies readonly Fact[];
    given(...past)
      .when(change('moka/prod', { setLimits: [tokens(39n)] }))
      .thenRefused('CHILDREN_NEED_MORE', '40');
    // An edit by the owner drops the rightsized layer: then 39 is enough for the base of 11.
    given(...past, changed('moka/prod/ads', [tokens(11n)], { rightsizing }))
      .when(change('moka/prod', { setLimits: [tokens(39n)] }))
      .then(changed('moka/prod', [tokens(39n)]));
  });

  it('checks the base limit that returns when bounds drop the rightsized one', () => {
    const bounds = (max: bigint) => [
      { resource: 'tokens', min: 1n, max, workload: null, pinned: false },
    ];
    given(
      registered,
      created('moka/prod', [tokens(50n)]),
      created('moka/prod/ads', [tokens(50n)], { rightsizing: bounds(40n) }),
      {
        type: 'QuotaResized',
        data: { limit: tokens(30n), evidence, proposalId: null },
        quotaId: 'moka/prod/ads',
      },
      changed('moka/prod', [tokens(30n)]),
    )
      .when(change('moka/prod/ads', { rightsizing: bounds(20n) }))
      .thenRefused('PARENT_LIMIT_EXCEEDED', '50', '30');
  });
});

describe('ChangeQuota: entitlements', () => {
  const entitled: Fact = {
    type: 'EntitlementSet',
    data: { project: 'acme/a', resource: 'tokens', bound: 'amount', amount: 100n, source: null },
  };
  const payer = { project: 'acme/a' };

  it('sums the top-most quotas of a project, per second', () => {
    const past = [
      registered,
      entitled,
      created('moka/prod', [tokens(3_600n, { perMicros: 60_000_000n })], payer),
      created('moka/prod/ads', [tokens(60n)]),
      created('moka/dev', [], payer),
    ] as const;
    given(...past)
      .when(change('moka/dev', { setLimits: [tokens(41n)] }))
      .thenRefused('ENTITLEMENT_EXCEEDED', '101', '100', 'acme/a');
    given(...past)
      .when(change('moka/dev', { setLimits: [tokens(40n)] }))
      .then(changed('moka/dev', [tokens(40n)], payer));
  });

  it('counts the children when the top-most quota unsets its own', () => {
    given(
      registered,
      entitled,
      created('moka/prod', [tokens(60n)], payer),
      created('moka/prod/ads', [tokens(60n)]),
      created('moka/prod/etl', [tokens(60n)]),
    )
      .when(change('moka/prod', { unsetLimits: ['tokens'] }))
      .thenRefused('ENTITLEMENT_EXCEEDED', '120');
  });

  it('refuses unlimited under an entitlement', () => {
    given(registered, entitled, created('moka/prod', [], payer))
      .when(change('moka/prod', { setLimits: [unbounded(tokens(1n), 'unlimited')] }), {
        roles: ['admin'],
      })
      .thenRefused('ENTITLEMENT_EXCEEDED', 'unlimited');
  });
});
