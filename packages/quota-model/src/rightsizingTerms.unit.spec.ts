import { describe, expect, it } from 'vitest';
import type { ApplicationState } from './model.ts';
import { isPinned, pinnedBy, workloadOf } from './rightsizingTerms.ts';
import { given, stateAfter } from './testing/given.ts';
import type { Fact } from './testing/given.ts';
import {
  bounds,
  content,
  created,
  evidence,
  noChange,
  registered,
  registeredAs,
  registration,
  tokens,
} from './testing/samples.ts';
import { contentHash } from './versions/contentHash.ts';
import { ben, rightsizer } from './testing/stamp.ts';

const QUOTA = 'moka/prod/ads';
const range = { min: 10n, max: 90n };
const stateOf = (...facts: readonly Fact[]): ApplicationState =>
  stateAfter('application:moka', ...facts) as ApplicationState;
const treeOf = (
  above: readonly ReturnType<typeof bounds>[],
  own: readonly ReturnType<typeof bounds>[],
) => [
  created('moka/prod', [tokens(100n)], { rightsizing: above }),
  created(QUOTA, [tokens(40n)], { rightsizing: own }),
];
const resize = (amount = 50n) =>
  ({
    type: 'ResizeQuota',
    data: { quotaId: QUOTA, limit: tokens(amount), evidence },
  }) as const;
const robot = { actor: rightsizer, roles: ['robot'] };
const applying = (rightsizing: readonly ReturnType<typeof bounds>[] = []) =>
  registeredAs({ ...registration, robotChanges: 'apply', rightsizing });

describe('the class of a limit', () => {
  it('is what the nearest node says: the quota, those above it, the application; or nothing', () => {
    const batch = bounds('tokens', { workload: 'batch' });
    const serving = bounds('tokens', { workload: 'serving' });
    const guaranteed = bounds('tokens', { workload: 'guaranteed' });
    const registeredWith = applying([bounds('tokens', { ...range, workload: 'guaranteed' })]);
    const found = (...facts: readonly Fact[]) => workloadOf(stateOf(...facts), QUOTA, 'tokens');
    expect(found(registered, ...treeOf([], []))).toBeNull();
    expect(found(registeredWith, ...treeOf([], []))).toBe('guaranteed');
    expect(found(registeredWith, ...treeOf([serving], []))).toBe('serving');
    expect(found(registeredWith, ...treeOf([serving], [batch]))).toBe('batch');
    expect(found(registeredWith, ...treeOf([serving], [bounds('tokens', range)]))).toBe('serving');
    expect(found(registered, ...treeOf([bounds('sessions', guaranteed)], []))).toBe('guaranteed');
    const others = [bounds('sessions', { workload: 'batch' })];
    expect(found(registered, ...treeOf(others, others))).toBeNull();
  });

  it('is said without opening the limit', () => {
    given(registered, ...treeOf([], [bounds('tokens', { workload: 'batch' })]))
      .when(resize())
      .thenRefused('OUTSIDE_RIGHTSIZING_BOUNDS');
  });

  it('leaves the bounds of the application in force', () => {
    const own = bounds('tokens', { workload: 'batch' });
    const past = [applying([bounds('tokens', range)]), ...treeOf([], [own])];
    given(...past)
      .when(resize(90n), robot)
      .then({
        type: 'QuotaResized',
        data: { limit: tokens(90n), evidence, proposalId: null },
        quotaId: QUOTA,
      });
    given(...past)
      .when(resize(91n), robot)
      .thenRefused('OUTSIDE_RIGHTSIZING_BOUNDS', 'moka');
  });
});

describe('a pin', () => {
  const pin = bounds('tokens', { pinned: true });
  const open = bounds('tokens', range);

  it('of the quota, of one above it or of the application keeps evidence from moving it', () => {
    for (const [past, by] of [
      [[registered, ...treeOf([], [{ ...open, pinned: true }])], QUOTA],
      [[registered, ...treeOf([pin], [open])], 'moka/prod'],
      [[applying([pin]), ...treeOf([], [open])], 'moka'],
    ] as const) {
      expect(pinnedBy(stateOf(...past), QUOTA, 'tokens')).toBe(by);
      given(...past)
        .when(resize(), robot)
        .thenRefused('PINNED', by);
      given(...past)
        .when(resize())
        .thenRefused('PINNED', by);
    }
    expect(isPinned(stateOf(registered, ...treeOf([], [open])), QUOTA, 'tokens')).toBe(false);
    expect(isPinned(stateOf(registered, ...treeOf([pin], [open])), QUOTA, 'sessions')).toBe(false);
  });

  it('also keeps a proposal of a resize from being approved', () => {
    const proposed: Fact = {
      type: 'ChangeProposed',
      data: {
        proposalId: 'moka-p4',
        limits: [tokens(50n)],
        unsetLimits: [],
        evidence,
        origin: 'robot',
        expiresAt: 2n ** 62n,
      },
      quotaId: QUOTA,
    };
    const pinned: Fact = {
      type: 'QuotaChanged',
      data: { content: content([tokens(100n)], { rightsizing: [pin] }) },
      quotaId: 'moka/prod',
    };
    given(registered, ...treeOf([], [open]), proposed, pinned)
      .when(
        { type: 'ApproveProposal', data: { proposalId: 'moka-p4' } },
        { actor: ben, roles: ['operator'] },
      )
      .thenRefused('PINNED', 'moka/prod');
  });

  it('leaves what evidence has set, and is taken away by its owner alone', () => {
    const resized: Fact = {
      type: 'QuotaResized',
      data: { limit: tokens(50n), evidence, proposalId: null },
      quotaId: QUOTA,
    };
    const owner = { roles: ['member'], groups: ['team-ads'] };
    const change = (pinned: boolean) =>
      ({
        type: 'ChangeQuota',
        data: { ...noChange, quotaId: QUOTA, rightsizing: [{ ...open, pinned }] },
      }) as const;
    const changed = (pinned: boolean): Fact => ({
      type: 'QuotaChanged',
      data: { content: content([tokens(40n)], { rightsizing: [{ ...open, pinned }] }) },
      quotaId: QUOTA,
    });
    const past = [registered, ...treeOf([], [open]), resized];
    given(...past)
      .when(change(true), owner)
      .then(changed(true));
    const pinned = stateOf(...past, changed(true));
    expect(pinned.quotas.get(QUOTA)?.rightsized.get('tokens')?.limit).toEqual(tokens(50n));
    // The bounds were granted when they were set: a pin only rests on them.
    given(...past, changed(true))
      .when(change(false), owner)
      .then(changed(false));
  });
});

describe('an entry among the bounds', () => {
  it('gives a range, or says a class or a pin', () => {
    for (const wrong of [{}, { min: 0n, max: 5n, pinned: true }, { min: 1n, max: 0n }]) {
      const data = { quotaId: QUOTA, content: content([tokens(1n)], { rightsizing: [] }) };
      const rightsizing = [bounds('tokens', wrong)];
      given(registered, created('moka/prod'))
        .when({ type: 'CreateQuota', data: { ...data, content: { ...data.content, rightsizing } } })
        .thenRefused('LIMIT_INCONSISTENT')
        .thenRefusedAt('/content/rightsizing/0');
    }
  });

  it('that names neither has the hash that it had before there were classes and pins', () => {
    const hashOf = (terms: Parameters<typeof bounds>[1]) =>
      contentHash(content([tokens(1n)], { rightsizing: [bounds('tokens', terms)] }));
    const hashes = [
      range,
      { ...range, pinned: true },
      { ...range, workload: 'batch' as const },
    ].map(hashOf);
    expect(new Set(hashes).size).toBe(3);
  });
});
