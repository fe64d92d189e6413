import type { RightsizeBounds } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import type { ApplicationState } from '../model.ts';
import { boundsInForce } from '../rightsizingBounds.ts';
import { given, stateAfter } from '../testing/given.ts';
import type { Fact } from '../testing/given.ts';
import {
  content,
  created,
  evidence,
  noChange,
  noTerms,
  registeredAs,
  registration,
  tokens,
} from '../testing/samples.ts';
import { contentHash } from '../versions/contentHash.ts';
import { ben, rightsizer, SECOND } from '../testing/stamp.ts';

const QUOTA = 'moka/prod/ads';
const bounds = (min: bigint, max: bigint, resource = 'tokens'): RightsizeBounds => ({
  resource,
  min,
  max,
  workload: null,
  pinned: false,
});
const terms = (...rightsizing: readonly RightsizeBounds[]) => ({
  ...registration,
  robotChanges: 'apply' as const,
  rightsizing,
});
const tree: readonly Fact[] = [
  registeredAs(terms(bounds(10n, 90n))),
  created('moka/prod', [tokens(100n)], { owner: 'platform' }),
  created(QUOTA, [tokens(40n)]),
];
const resize = (limit = tokens(50n), quotaId = QUOTA) =>
  ({ type: 'ResizeQuota', data: { quotaId, limit, evidence } }) as const;
const resized = (limit = tokens(50n), quotaId = QUOTA) =>
  ({
    type: 'QuotaResized',
    data: { limit, evidence, proposalId: null },
    quotaId,
  }) as const satisfies Fact;
const register = (...rightsizing: readonly RightsizeBounds[]) =>
  ({ type: 'RegisterApplication', data: terms(...rightsizing) }) as const;
/** The content said anew, by which the rightsized layer ends. */
const endedIn = (quotaId: string, ...limits: Parameters<typeof content>): Fact => {
  const same = content(...limits);
  return { type: 'QuotaChanged', data: { content: same, contentHash: contentHash(same) }, quotaId };
};
const robot = { actor: rightsizer, roles: ['robot'] };
const owner = { actor: ben, roles: ['member'], groups: ['team-ads'] };

describe("the application's bounds for the rightsizer", () => {
  it('hold for a quota that has none of its own', () => {
    given(...tree)
      .when(resize(), robot)
      .then(resized());
    given(...tree)
      .when(resize(tokens(91n)), robot)
      .thenRefused('OUTSIDE_RIGHTSIZING_BOUNDS', '10 to 90', 'application moka');
  });

  it("do not hold beside the quota's own", () => {
    const own = created('moka/prod/etl', [tokens(40n)], { rightsizing: [bounds(40n, 40n)] });
    given(...tree, own)
      .when(resize(tokens(50n), 'moka/prod/etl'), robot)
      .thenRefused('OUTSIDE_RIGHTSIZING_BOUNDS', '40 to 40', 'owner');
  });

  it('count a rate per second, whatever the time of the limit, rounded inwards', () => {
    const hourly = tokens(100n, { perMicros: 3_600n * SECOND });
    const quick = tokens(1n, { perMicros: SECOND / 8n });
    const state = stateAfter(
      'application:moka',
      ...tree,
      created('moka/hourly', [hourly]),
      created('moka/quick', [quick]),
      created('moka/instant', [tokens(1n, { perMicros: 1n })]),
    ) as ApplicationState;
    const inForce = (quotaId: string) => {
      const quota = state.quotas.get(quotaId);
      return quota && boundsInForce(state.registration, quota.content, 'tokens');
    };
    expect(inForce('moka/hourly')).toMatchObject({ min: 36_000n, max: 324_000n });
    expect(inForce('moka/quick')).toMatchObject({ min: 2n, max: 11n });
    expect(inForce('moka/instant')).toBeNull();
  });

  it('are no raise for an owner, but where tighter bounds of the owner would fall back to them', () => {
    const own = created('moka/prod/etl', [tokens(40n)], { rightsizing: [bounds(20n, 60n)] });
    const change = (rightsizing: readonly RightsizeBounds[]) =>
      ({
        type: 'ChangeQuota',
        data: { ...noChange, quotaId: 'moka/prod/etl', rightsizing },
      }) as const;
    given(...tree, own)
      .when(change([]), owner)
      .thenRefused('RAISE_NOT_ALLOWED', 'rightsizing up to 90');
    given(...tree, own)
      .when(change([]), { ...owner, groups: ['platform'] })
      .then(endedIn('moka/prod/etl', [tokens(40n)]));
    given(...tree, created('moka/prod/etl', [tokens(40n)]))
      .when(change([bounds(20n, 60n)]), owner)
      .then(endedIn('moka/prod/etl', [tokens(40n)], { rightsizing: [bounds(20n, 60n)] }));
  });

  it('are compared in the same time when a change sets another', () => {
    const per = { perMicros: 3_600n * SECOND };
    const hourly = created('moka/prod/etl', [tokens(90n, per)], {
      rightsizing: [bounds(20n, 90n)],
    });
    const setLimits = [tokens(1n, { perMicros: 60n * SECOND })];
    given(...tree, hourly)
      .when(
        { type: 'ChangeQuota', data: { ...noChange, quotaId: 'moka/prod/etl', setLimits } },
        owner,
      )
      .thenRefused('RAISE_NOT_ALLOWED', 'rightsizing up to 90');
  });

  it("keep what is rightsized when the quota's own bounds go and they hold it", () => {
    const own = created('moka/prod/etl', [tokens(40n)], { rightsizing: [bounds(20n, 60n)] });
    const past = [...tree, own, resized(tokens(50n), 'moka/prod/etl')];
    const without = endedIn('moka/prod/etl', [tokens(40n)]);
    const layers = (...facts: readonly Fact[]) => {
      const state = stateAfter('application:moka', ...facts) as ApplicationState;
      return [...(state.quotas.get('moka/prod/etl')?.rightsized.keys() ?? [])];
    };
    expect(layers(...past, without)).toEqual(['tokens']);
    const narrow = registeredAs(terms(bounds(10n, 45n)), 2n);
    expect(layers(...past, narrow, without)).toEqual([]);
  });
});

describe("a change of the application's bounds", () => {
  it('ends what evidence has set outside of them, and nothing else', () => {
    const past = [
      ...tree,
      created('moka/prod/etl', [tokens(30n)]),
      created('moka/prod/own', [tokens(30n)], { rightsizing: [bounds(1n, 80n)] }),
      ...[QUOTA, 'moka/prod/etl', 'moka/prod/own'].map((id) => resized(tokens(50n), id)),
      resized(tokens(20n), 'moka/prod/etl'),
    ];
    given(...past)
      .when(register(bounds(10n, 45n)))
      .then(registeredAs(terms(bounds(10n, 45n)), 2n), endedIn(QUOTA, [tokens(40n)]));
    given(...past)
      .when(register())
      .then(
        registeredAs(terms(), 2n),
        endedIn(QUOTA, [tokens(40n)]),
        endedIn('moka/prod/etl', [tokens(30n)]),
      );
    given(...past)
      .when(register(bounds(1n, 99n)))
      .then(registeredAs(terms(bounds(1n, 99n)), 2n));
  });

  it('leaves what the owner declared as theirs', () => {
    const state = stateAfter(
      'application:moka',
      ...tree,
      resized(),
      registeredAs(terms(), 2n),
      endedIn(QUOTA, [tokens(40n)]),
    ) as ApplicationState;
    const quota = state.quotas.get(QUOTA);
    const created_ = stateAfter('application:moka', ...tree) as ApplicationState;
    expect(quota?.rightsized.size).toBe(0);
    expect(quota?.declared).toEqual(created_.quotas.get(QUOTA)?.declared);
  });

  it('is refused where the owner would get back what no longer fits', () => {
    const past = [
      ...tree,
      resized(tokens(20n)),
      {
        type: 'QuotaChanged',
        data: { content: content([tokens(30n)], { owner: 'platform' }) },
        quotaId: 'moka/prod',
      },
    ] as const;
    given(...past)
      .when(register(bounds(30n, 90n)))
      .thenRefused('PARENT_LIMIT_EXCEEDED', 'moka/prod');
  });

  it('passes the safety checks of a decrease', () => {
    const changePolicy = { ...noTerms.changePolicy, decreaseStepMaxBasisPoints: 1_000 };
    const careful = registeredAs({ ...terms(bounds(10n, 90n)), changePolicy }, 2n);
    const narrow = { ...register(bounds(10n, 45n)).data, changePolicy };
    given(...tree, careful, resized())
      .when({ type: 'RegisterApplication', data: narrow })
      .thenRefused('DECREASE_TOO_STEEP', QUOTA);
  });
});
