import type { QuotaContent, ResourceLimit } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { given } from '../testing/given.ts';
import {
  content,
  cores,
  created,
  credits,
  noChange,
  registered,
  requestTerms,
  sessions,
  tokens,
  unbounded,
} from '../testing/samples.ts';
import { SECOND } from '../testing/stamp.ts';

const create = (
  quotaId: string,
  limits: readonly ResourceLimit[] = [],
  more: Partial<QuotaContent> = {},
) => ({ type: 'CreateQuota' as const, data: { quotaId, content: content(limits, more) } });

describe('CreateQuota', () => {
  it('creates under the application and under a quota', () => {
    given(registered).when(create('moka/prod')).then(created('moka/prod'));
    given(registered, created('moka/prod'))
      .when(create('moka/prod/ads', [tokens(5n)]))
      .then(created('moka/prod/ads', [tokens(5n)]));
  });

  it('sorts limits by resource', () => {
    given(registered)
      .when(create('moka/prod', [tokens(5n), sessions(2n)]))
      .then(created('moka/prod', [sessions(2n), tokens(5n)]));
  });

  it('needs the application, the parent and a free place', () => {
    given().when(create('moka/prod')).thenRefused('APPLICATION_UNKNOWN', 'moka');
    given(registered).when(create('moka/prod/ads')).thenRefused('PARENT_UNKNOWN', 'moka/prod');
    given(registered, created('moka/prod')).when(create('moka/prod')).thenRefused('QUOTA_EXISTS');
  });

  it('refuses ids that are none', () => {
    given(registered).when(create('moka')).thenRefused('QUOTA_ID_INVALID');
    given(registered).when(create('moka/Prod')).thenRefused('QUOTA_ID_INVALID');
    given(registered).when(create('moka/root')).thenRefused('QUOTA_ID_RESERVED');
    given(registered).when(create('moka/b/c/d/e/f/g/h/i')).thenRefused('QUOTA_TOO_DEEP');
    given(registered).when(create('tidb/prod')).thenRefused('WRONG_STREAM', 'moka');
  });

  it('expects no version, or 0', () => {
    given(registered).when(create('moka/prod'), { expectedVersion: 0n }).then(created('moka/prod'));
    given(registered)
      .when(create('moka/prod'), { expectedVersion: 1n })
      .thenRefused('VERSION_MISMATCH');
  });
});

describe('CreateQuota: a limit by itself', () => {
  const faults: readonly (readonly [string, ResourceLimit, Parameters<typeof expectCode>[1]])[] = [
    ['an unknown resource', { ...tokens(1n), resource: 'gold' }, 'RESOURCE_UNKNOWN'],
    ['another kind', { ...sessions(1n), resource: 'tokens' }, 'KIND_MISMATCH'],
    ['zero', tokens(0n), 'LIMIT_ZERO_AMBIGUOUS'],
    ['a burst of zero', tokens(1n, { burst: 0n }), 'LIMIT_ZERO_AMBIGUOUS'],
    ['a negative amount', sessions(-1n), 'LIMIT_NEGATIVE'],
    ['a negative guarantee', cores(-1n, 5n), 'LIMIT_NEGATIVE'],
    ['a guarantee above the maximum', cores(6n, 5n), 'LIMIT_INCONSISTENT'],
    ['a rate without a time', tokens(1n, { perMicros: null }), 'LIMIT_INCONSISTENT'],
    ['a rate over no time', tokens(1n, { perMicros: 0n }), 'LIMIT_INCONSISTENT'],
    ['a field of another kind', { ...sessions(1n), burst: 1n }, 'LIMIT_INCONSISTENT'],
    ['blocked with an amount', { ...sessions(1n), bound: 'blocked' }, 'LIMIT_INCONSISTENT'],
    ['a guarantee of nothing', { ...cores(1n, 0n), bound: 'blocked' }, 'LIMIT_INCONSISTENT'],
    ['a consumable without a window', { ...credits(1n), window: null }, 'LIMIT_INCONSISTENT'],
    ['a window that is none', credits(1n, 'a day'), 'LIMIT_INCONSISTENT'],
    ['more than 64 bits', sessions(2n ** 63n), 'TOO_LARGE'],
  ];
  function expectCode(
    limit: ResourceLimit,
    code: Parameters<ReturnType<ReturnType<typeof given>['when']>['thenRefused']>[0],
  ): void {
    given(registered)
      .when(create('moka/prod', [limit]))
      .thenRefused(code);
  }

  it.each(faults)('refuses %s', (_what, limit, code) => {
    expectCode(limit, code);
  });

  it('takes blocked and, from an admin alone, unlimited', () => {
    const blocked = unbounded(sessions(1n), 'blocked');
    const unlimited = unbounded(sessions(1n), 'unlimited');
    given(registered)
      .when(create('moka/a', [blocked]))
      .then(created('moka/a', [blocked]));
    given(registered)
      .when(create('moka/a', [unlimited]), { roles: ['operator'] })
      .thenRefused('UNLIMITED_NOT_ALLOWED');
    given(registered)
      .when(create('moka/a', [unlimited]), { roles: ['admin'] })
      .then(created('moka/a', [unlimited]));
  });

  it('takes the greatest amount', () => {
    const most = sessions(2n ** 63n - 1n);
    given(registered)
      .when(create('moka/a', [most]))
      .then(created('moka/a', [most]));
  });

  it('refuses a resource named twice', () => {
    given(registered)
      .when(create('moka/prod', [tokens(1n), tokens(2n)]))
      .thenRefused('LIMIT_DUPLICATE');
  });
});

describe('CreateQuota: terms', () => {
  const labels = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`l${index}`, 'x']));
  const conditions = (count: number) =>
    Array.from({ length: count }, () => ({
      attribute: 'model',
      operator: 'equals' as const,
      values: ['m'],
    }));

  it.each([-1, 5, 1.5])('refuses tier %d', (tier) => {
    given(registered)
      .when(create('moka/prod', [], { tier }))
      .thenRefused('TIER_INVALID');
  });

  it('has bounds on labels, conditions, attributes and texts', () => {
    const refused = (more: Partial<QuotaContent>, code: 'TOO_MANY' | 'TOO_LARGE') =>
      given(registered)
        .when(create('moka/prod', [], more))
        .thenRefused(code);
    given(registered)
      .when(create('moka/a', [], { labels: labels(64) }))
      .then(created('moka/a', [], { labels: labels(64) }));
    refused({ labels: labels(65) }, 'TOO_MANY');
    refused({ labels: { ['k'.repeat(64)]: 'x' } }, 'TOO_LARGE');
    refused({ match: conditions(33) }, 'TOO_MANY');
    refused({ owner: 'o'.repeat(257) }, 'TOO_LARGE');
    refused({ attributes: JSON.stringify({ a: 'ä'.repeat(8_192) }) }, 'TOO_LARGE');
  });

  it.each(['[]', '1', 'null', '{', ''])('refuses attributes %j', (attributes) => {
    given(registered)
      .when(create('moka/prod', [], { attributes }))
      .thenRefused('ATTRIBUTES_INVALID');
  });

  it('needs a tag to degrade, and values to match', () => {
    given(registered)
      .when(create('moka/prod', [], { action: 'degrade' }))
      .thenRefused('QUOTA_INVALID', 'tag');
    const match = [{ attribute: 'model', operator: 'equals' as const, values: ['a', 'b'] }];
    given(registered)
      .when(create('moka/prod', [], { match }))
      .thenRefused('QUOTA_INVALID');
  });

  it('takes a sliding window for rates without a burst, and limits that hosts can try', () => {
    const requests = requestTerms({
      counting: 'sliding_window',
      trial: [tokens(5n), sessions(2n), credits(7n, 'P1D', 'Europe/Berlin')],
    });
    given(registered)
      .when(create('moka/prod', [tokens(10n)], { requests }))
      .then(created('moka/prod', [tokens(10n)], { requests }));
    given(registered)
      .when(create('moka/prod', [tokens(10n, { burst: 20n })], { requests }))
      .thenRefused('LIMIT_INCONSISTENT', 'sliding window');
    for (const [code, trial] of [
      ['QUOTA_INVALID', []],
      ['LIMIT_INCONSISTENT', [cores(0n, 5n)]],
      ['LIMIT_INCONSISTENT', [tokens(5n, { burst: 9n })]],
      ['LIMIT_INCONSISTENT', [unbounded(tokens(5n), 'blocked')]],
      ['LIMIT_DUPLICATE', [tokens(5n), tokens(6n)]],
      ['RESOURCE_UNKNOWN', [{ ...tokens(5n), resource: 'disks' }]],
      ['LIMIT_ZERO_AMBIGUOUS', [tokens(0n)]],
    ] as const) {
      given(registered)
        .when(create('moka/prod', [], { requests: { ...requests, trial } }))
        .thenRefused(code);
    }
    given(registered)
      .when(create('moka/prod', [], { requests: { ...requests, eachOf: 'caller' } }))
      .thenRefused('LIMIT_INCONSISTENT', 'sessions cannot be tried');
  });

  it('needs an attribute, a priority and a percentage to tell requests apart', () => {
    const requests = requestTerms({ eachOf: 'caller' });
    for (const wrong of [{ eachOf: '' }, { rampPercent: 101 }, { rampPercent: -1 }]) {
      given(registered)
        .when(create('moka/prod', [], { requests: { ...requests, ...wrong } }))
        .thenRefused('QUOTA_INVALID');
    }
    const shared = requestTerms({ scope: 'fleet' });
    for (const safeShareBasisPoints of [0, 10_001]) {
      given(registered)
        .when(create('moka/prod', [], { requests: { ...shared, safeShareBasisPoints } }))
        .thenRefused('QUOTA_INVALID');
    }
    given(registered)
      .when(create('moka/prod', [], { requests: { ...requests, scope: 'fleet' } }))
      .thenRefused('FLEET_OF_EACH');
    for (const wrong of [{ eachOf: 'a'.repeat(257) }, { priority: 1_000_001 }]) {
      given(registered)
        .when(create('moka/prod', [], { requests: { ...requests, ...wrong } }))
        .thenRefused('TOO_LARGE');
    }
    given(registered)
      .when(create('moka/prod', [], { requests }))
      .then(created('moka/prod', [], { requests }));
  });

  it('checks bounds for the rightsizer', () => {
    const rightsizing = [{ resource: 'tokens', min: 5n, max: 4n, workload: null, pinned: false }];
    given(registered)
      .when(create('moka/prod', [], { rightsizing }))
      .thenRefused('LIMIT_INCONSISTENT');
  });
});

describe('CreateQuota: the payer', () => {
  const past = [registered, created('moka/prod', [], { project: 'acme/assistant' })] as const;

  it('is one for a whole subtree', () => {
    given(...past, created('moka/prod/ads'))
      .when(create('moka/prod/ads/etl', [], { project: 'acme/other' }))
      .thenRefused('PAYER_CONFLICT', 'acme/assistant');
    given(...past)
      .when(create('moka/prod/ads', [], { project: 'acme/assistant' }))
      .then(created('moka/prod/ads', [], { project: 'acme/assistant' }));
  });

  it('is an organization and a project', () => {
    given(registered)
      .when(create('moka/prod', [], { project: 'assistant' }))
      .thenRefused('PROJECT_INVALID');
  });
});

describe('CreateQuota: the tree', () => {
  it('keeps capacity guarantees within the parent, and each maximum', () => {
    const past = [
      registered,
      created('moka/prod', [cores(100n, 200n)]),
      created('moka/prod/ads', [cores(60n, 150n)]),
    ] as const;
    given(...past)
      .when(create('moka/prod/etl', [cores(40n, 200n)]))
      .then(created('moka/prod/etl', [cores(40n, 200n)]));
    given(...past)
      .when(create('moka/prod/etl', [cores(41n, 50n)]))
      .thenRefused('PARENT_SUM_EXCEEDED', '101', '100', 'moka/prod');
    given(...past)
      .when(create('moka/prod/etl', [cores(0n, 201n)]))
      .thenRefused('PARENT_LIMIT_EXCEEDED', '200', 'moka/prod');
  });

  it('keeps first-level guarantees within the total', () => {
    const past = [registered, created('moka/prod', [cores(600n, 1_000n)])] as const;
    given(...past)
      .when(create('moka/dev', [cores(401n, 401n)]))
      .thenRefused('TOTAL_EXCEEDED', '1001', '1000');
    given(...past)
      .when(create('moka/dev', [cores(400n, 400n)]))
      .then(created('moka/dev', [cores(400n, 400n)]));
  });

  it('keeps each first-level maximum within the total, however many there are', () => {
    const past = [
      registered,
      created('moka/prod', [cores(0n, 1_000n)]),
      created('moka/x'),
    ] as const;
    given(...past)
      .when(create('moka/dev', [cores(0n, 1_000n)]))
      .then(created('moka/dev', [cores(0n, 1_000n)]));
    for (const quotaId of ['moka/dev', 'moka/x/y']) {
      given(...past)
        .when(create(quotaId, [cores(0n, 1_001n)]))
        .thenRefused('TOTAL_EXCEEDED', '1001', 'the total of moka, 1000');
      given(...past)
        .when(create(quotaId, [unbounded(cores(0n, 1n), 'unlimited')]), { roles: ['admin'] })
        .thenRefused('TOTAL_EXCEEDED', 'unlimited', '1000');
    }
    given(...past)
      .when(create('moka/prod/a', [cores(0n, 1_001n)]))
      .thenRefused('PARENT_LIMIT_EXCEEDED');
  });

  it('leaves a maximum above a total that shrank where it is, or lower', () => {
    const shrunk = [
      registered,
      created('moka/prod', [cores(0n, 5_000n)]),
      created('moka/prod/a', [cores(0n, 5_000n)]),
    ] as const;
    const set = (amount: bigint) =>
      given(...shrunk).when({
        type: 'ChangeQuota',
        data: { ...noChange, quotaId: 'moka/prod', setLimits: [cores(1n, amount)] },
      }).decision.kind;
    expect([set(5_000n), set(5_001n)]).toEqual(['accepted', 'refused']);
    const move = (quotaId: string, toQuotaId: string) =>
      given(...shrunk).when({ type: 'MoveQuota', data: { quotaId, toQuotaId } }).decision.kind;
    expect(move('moka/prod', 'moka/new')).toBe('accepted');
  });

  it('sums consumables strictly', () => {
    const past = [
      registered,
      created('moka/prod', [credits(100n)]),
      created('moka/prod/ads', [credits(60n)]),
    ] as const;
    given(...past)
      .when(create('moka/prod/etl', [credits(41n)]))
      .thenRefused('PARENT_SUM_EXCEEDED', '101', '100');
    given(...past)
      .when(create('moka/prod/etl', [credits(40n)]))
      .then(created('moka/prod/etl', [credits(40n)]));
  });

  it('wants one window for consumables along a path', () => {
    given(registered, created('moka/prod', [credits(100n)]))
      .when(create('moka/prod/ads', [credits(10n, 'P1M')]))
      .thenRefused('WINDOW_MISMATCH', 'P1D', 'moka/prod');
  });

  it('compares rates and concurrency with the nearest ancestor that sets them, exactly', () => {
    const past = [
      registered,
      created('moka/prod', [sessions(5n), tokens(10n)]),
      created('moka/prod/ads'),
    ] as const;
    const perMinute = (amount: bigint) => tokens(amount, { perMicros: 60n * SECOND });
    given(...past)
      .when(create('moka/prod/ads/etl', [perMinute(601n)]))
      .thenRefused('PARENT_LIMIT_EXCEEDED', 'moka/prod');
    given(...past)
      .when(create('moka/prod/ads/etl', [perMinute(600n), sessions(5n)]))
      .then(created('moka/prod/ads/etl', [sessions(5n), perMinute(600n)]));
    given(...past)
      .when(create('moka/prod/ads/etl', [sessions(6n)]))
      .thenRefused('PARENT_LIMIT_EXCEEDED');
  });

  it('lets rates oversubscribe: every level is charged', () => {
    given(registered, created('moka/prod', [tokens(10n)]), created('moka/prod/ads', [tokens(10n)]))
      .when(create('moka/prod/etl', [tokens(10n)]))
      .then(created('moka/prod/etl', [tokens(10n)]));
  });

  it('is not evaded by a level that sets nothing', () => {
    const past = [
      registered,
      created('moka/prod', [cores(100n, 100n)]),
      created('moka/prod/ads'),
      created('moka/prod/ads/a', [cores(60n, 60n)]),
    ] as const;
    given(...past)
      .when(create('moka/prod/etl', [cores(41n, 41n)]))
      .thenRefused('PARENT_SUM_EXCEEDED', '101');
  });

  it('refuses unlimited below a number, admin or not', () => {
    given(registered, created('moka/prod', [sessions(5n)]))
      .when(create('moka/prod/ads', [unbounded(sessions(1n), 'unlimited')]), { roles: ['admin'] })
      .thenRefused('PARENT_LIMIT_EXCEEDED', 'unlimited');
  });
});
