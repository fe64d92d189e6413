import { describe, expect, it } from 'vitest';
import { effectiveLimits } from './effective.ts';
import type { ApplicationState } from './model.ts';
import { EVENTS_PER_DECISION_MAX } from './modelBounds.ts';
import { allBlocked } from './suspension.ts';
import { given, stateAfter } from './testing/given.ts';
import type { Fact } from './testing/given.ts';
import {
  content,
  created,
  evidence,
  overridden,
  registeredAs,
  registration,
  tokens,
  unbounded,
} from './testing/samples.ts';
import { DAY, START } from './testing/stamp.ts';
import { contentHash } from './versions/contentHash.ts';

const QUOTA = 'moka/a';
const bounds = [{ resource: 'tokens', min: 1n, max: 1_000n, workload: null, pinned: false }];
const terms = { ...registration, robotChanges: 'apply' as const, rightsizing: bounds };
const disk = {
  name: 'disk',
  kind: 'capacity',
  unit: 'byte',
  total: null,
  totalSource: null,
} as const;
const withDisk = { ...terms, resources: registration.resources.toSpliced(2, 0, disk) };

/** As it was written before a registration said what it means. */
function older(data: typeof terms, version = 1n): Fact {
  return { type: 'ApplicationRegistered', data: { ...data, version, meaningVersion: 0 } };
}

function inForce(...facts: readonly Fact[]) {
  const state = stateAfter('application:moka', ...facts) as ApplicationState;
  return effectiveLimits(state, QUOTA).map(({ resource, limit }) => [
    resource,
    limit.bound === 'amount' ? limit.amount : limit.bound,
  ]);
}

const same = content([tokens(100n)]);
const ownBoundsTakenAway: readonly Fact[] = [
  created(QUOTA, [tokens(100n)], { rightsizing: bounds }),
  {
    type: 'QuotaResized',
    data: { limit: tokens(40n), evidence, proposalId: null },
    quotaId: QUOTA,
  },
  {
    type: 'QuotaChanged',
    data: { content: same, contentHash: contentHash(same) },
    quotaId: QUOTA,
  },
];
const blocked = { ...unbounded(tokens(1n), 'blocked'), perMicros: null };
const suspended: readonly Fact[] = [
  created(QUOTA, [tokens(100n)]),
  overridden(QUOTA, [blocked], START + DAY, { suspension: true }),
];

describe('a registration of an older log', () => {
  it('has no bounds for quotas without their own: what was rightsized ends with those', () => {
    expect(inForce(older(terms), ...ownBoundsTakenAway)).toEqual([['tokens', 100n]]);
    expect(inForce(registeredAs(terms), ...ownBoundsTakenAway)).toEqual([['tokens', 40n]]);
  });

  it('leaves live suspensions as they are', () => {
    const past = [older(terms), ...suspended] as const;
    expect(inForce(...past, older(withDisk, 2n))).toEqual([['tokens', 'blocked']]);
    expect(inForce(...past, registeredAs(withDisk, 2n))).toContainEqual(['disk', 'blocked']);
  });

  it('is brought to what they mean now, however many are suspended that block all of it already', () => {
    const blockedAlready = (count: number): readonly Fact[] =>
      Array.from({ length: count }, (_, index) => `moka/q${index}`).flatMap((quotaId) => [
        created(quotaId),
        overridden(quotaId, allBlocked(state.registration), START + DAY, { suspension: true }),
      ]);
    const state = stateAfter('application:moka', older(terms)) as ApplicationState;
    const many = [older(terms), ...suspended, ...blockedAlready(EVENTS_PER_DECISION_MAX)];
    given(...many)
      .when({ type: 'RegisterApplication', data: terms })
      .then(registeredAs(terms, 2n));
    expect(inForce(...many, registeredAs(terms, 2n))).toContainEqual(['cores', 'blocked']);
    given(...many)
      .when({ type: 'RegisterApplication', data: withDisk })
      .thenRefused('TOO_MANY', '5001');
  });

  it('is brought to what registrations mean now by the same command again', () => {
    const again = { type: 'RegisterApplication', data: withDisk } as const;
    const past = [older(terms), ...suspended, older(withDisk, 2n)] as const;
    given(...past)
      .when(again)
      .then(registeredAs(withDisk, 3n));
    expect(inForce(...past, registeredAs(withDisk, 3n))).toContainEqual(['disk', 'blocked']);
    given(...past, registeredAs(withDisk, 3n))
      .when(again)
      .thenNothing();
    const resize = {
      type: 'ResizeQuota',
      data: { quotaId: QUOTA, limit: tokens(90n), evidence },
    } as const;
    const quota = created(QUOTA, [tokens(100n)]);
    given(older(terms), quota).when(resize).thenRefused('OUTSIDE_RIGHTSIZING_BOUNDS');
    given(older(terms), quota, registeredAs(terms, 2n))
      .when(resize)
      .then({
        type: 'QuotaResized',
        data: { limit: tokens(90n), evidence, proposalId: null },
        quotaId: QUOTA,
      });
  });
});
