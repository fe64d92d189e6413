import { describe, expect, it } from 'vitest';
import { effectiveLimits } from '../effective.ts';
import type { ApplicationState } from '../model.ts';
import { allBlocked } from '../suspension.ts';
import { given, stateAfter } from '../testing/given.ts';
import {
  content,
  cores,
  created,
  credits,
  haircutApplied,
  noChange,
  overridden,
  registered,
  registeredAs,
  registration,
  sessions,
  tokens,
  unbounded,
} from '../testing/samples.ts';
import { ana, ben, DAY, HOUR, START } from '../testing/stamp.ts';

const QUOTA = 'moka/prod/ads';
const tree = [
  registered,
  created('moka/prod', [tokens(100n)], { owner: 'platform' }),
  created(QUOTA, [tokens(40n)], { owner: 'team-ads' }),
] as const;
const everything = [
  unbounded(cores(0n, 1n), 'blocked'),
  { ...unbounded(credits(1n), 'blocked'), window: null },
  unbounded(sessions(1n), 'blocked'),
  { ...unbounded(tokens(1n), 'blocked'), perMicros: null },
];
const until = START + HOUR;
const suspend = (end: bigint | null = until) =>
  ({ type: 'SuspendQuota', data: { quotaId: QUOTA, until: end } }) as const;
const resume = { type: 'ResumeQuota', data: { quotaId: QUOTA } } as const;
const suspended = overridden(QUOTA, everything, until, { suspension: true });
const ended = (end: 'lifted' | 'expired') =>
  ({ type: 'QuotaOverrideEnded', data: { end }, quotaId: QUOTA }) as const;
const owner = { actor: ben, roles: ['member'], groups: ['team-ads'] };

describe('SuspendQuota', () => {
  it('blocks every resource that the application declares', () => {
    given(...tree)
      .when(suspend())
      .then(suspended);
    given(...tree, suspended)
      .when(suspend())
      .thenNothing();
  });

  it('blocks what the application declares later, too, and stays whose it was', () => {
    const disk = {
      name: 'disk',
      kind: 'capacity',
      unit: 'byte',
      total: null,
      totalSource: null,
    } as const;
    const more = registeredAs(
      { ...registration, resources: [...registration.resources, disk] },
      2n,
    );
    const state = stateAfter('application:moka', ...tree, suspended, more) as ApplicationState;
    const blocked = effectiveLimits(state, QUOTA).map(({ resource, limit }) => [
      resource,
      limit.bound,
    ]);
    expect(blocked).toContainEqual(['disk', 'blocked']);
    expect(blocked).toHaveLength(registration.resources.length + 1);
    expect(effectiveLimits(state, 'moka/prod').map(({ resource }) => resource)).toEqual(['tokens']);
    given(...tree, suspended, more)
      .when(resume, { ...owner, actor: ana })
      .then(ended('lifted'));
    given(...tree, suspended, more)
      .at(until)
      .when(suspend(until + HOUR))
      .then(overridden(QUOTA, allBlocked(state.registration), until + HOUR, { suspension: true }));
  });

  it('ends at a time: without one as late as an override may', () => {
    const most = START + 366n * DAY;
    given(...tree)
      .when(suspend(null))
      .then(overridden(QUOTA, everything, most, { suspension: true }));
    given(...tree)
      .when(suspend(most + 1n))
      .thenRefused('OVERRIDE_END_INVALID');
    given(...tree)
      .when(suspend(START))
      .thenRefused('OVERRIDE_END_INVALID');
  });

  it("takes the place of a person's live override, and says so", () => {
    given(...tree, overridden(QUOTA, [tokens(90n)], START + 2n * HOUR))
      .when(suspend())
      .then(overridden(QUOTA, everything, until, { suspension: true, replacesOverride: true }));
  });

  it('is no way around a tighter override of somebody above', () => {
    const held = [...tree, overridden(QUOTA, [tokens(5n)], START + 2n * HOUR)] as const;
    given(...held)
      .when(suspend(), owner)
      .thenRefused('RAISE_NOT_ALLOWED', 'platform, the owner of moka/prod');
    given(...held)
      .when(suspend(), { ...owner, groups: ['platform'] })
      .then(overridden(QUOTA, everything, until, { suspension: true, replacesOverride: true }));
  });
});

describe('ResumeQuota', () => {
  it('lifts a suspension, which restores what lies under it, edits made meanwhile included', () => {
    const edited = { content: content([tokens(30n)], { owner: 'team-ads' }) };
    given(
      ...tree,
      suspended,
      { type: 'QuotaChanged', data: edited, quotaId: QUOTA },
      haircutApplied(QUOTA, 5_000),
    )
      .when(resume)
      .then(ended('lifted'));
  });

  it('lifts nothing else', () => {
    given(...tree)
      .when(resume)
      .thenRefused('NOT_SUSPENDED', 'is not suspended: it is under no override');
    given(...tree, overridden(QUOTA, [tokens(1n)], until))
      .when(resume)
      .thenRefused('NOT_SUSPENDED', 'no suspension');
    given(...tree, suspended)
      .at(until)
      .when(resume)
      .thenRefused('NOT_SUSPENDED');
  });

  it('is for who suspended, and for those above', () => {
    given(...tree, suspended)
      .when(resume, owner)
      .thenRefused('RAISE_NOT_ALLOWED');
    given(...tree, suspended)
      .when(resume, { ...owner, actor: ana })
      .then(ended('lifted'));
    given(...tree, suspended)
      .when(resume, { ...owner, groups: ['platform'] })
      .then(ended('lifted'));
  });

  it('leaves the quota blocked for those who edit it meanwhile', () => {
    given(...tree, suspended)
      .when({
        type: 'ChangeQuota',
        data: { ...noChange, quotaId: QUOTA, setLimits: [tokens(39n)] },
      })
      .then({
        type: 'QuotaChanged',
        data: { content: content([tokens(39n)], { owner: 'team-ads' }) },
        quotaId: QUOTA,
      });
  });
});
