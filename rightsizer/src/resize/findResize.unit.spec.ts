import { cores, credits, sessions, tokens, unbounded } from '@prorata/quota-model/testing';
import type { ResourceLimit } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { productionPolicy } from '../policy.ts';
import { findResize, objectionTo } from './findResize.ts';
import type { Resizable, Resize } from './findResize.ts';
import { resizeSkipMeanings } from './skipReasons.ts';
import type { SkipReason } from './skipReasons.ts';
import { profilesOf } from './rightsizer.ts';
import type { Series } from './seriesOf.ts';
import { calm, HOUR, pressed, profileOf } from './testing/resizeGround.ts';
import type { Wanted } from './testing/resizeGround.ts';

const policy = productionPolicy.rightsizer;
const DAY = 24n * HOUR;
const now = 20_000n * DAY + 12n * HOUR + 60_000_000n;
const knownTo = 20_000n * DAY + 12n * HOUR;

const series = (changes: Partial<Series> = {}): Resizable => ({
  ...{ quotaId: 'llm/chat', quotaVersion: 3n, resource: 'tokens' },
  limit: tokens(1_000n),
  bounds: { resource: 'tokens', min: 100n, max: 5_000n },
  ...{ workload: 'serving' as const, isPinned: false, demandOf: 'host' as const },
  ...{ isUnderHaircut: false, isOverridden: false, isProposed: false, isInRollout: false },
  ...{ boundBy: null, disturbed: [], changedAt: 0n, loweredAt: null },
  ...{ declinedAt: null, rolledBackAt: null, freshAt: now },
  ...(changes as object),
});

const foundOf = (wanted: Wanted, changes: Partial<Series> = {}): Resize | SkipReason => {
  const each = series(changes);
  const asked = profilesOf(policy, [each], knownTo);
  const profile = profileOf(asked.series[0]!, asked, wanted);
  return findResize(each, profile, policy, now);
};
const resized = (wanted: Wanted, changes: Partial<Series> = {}): Resize => {
  const found = foundOf(wanted, changes);
  if (typeof found === 'string') throw new Error(`skipped: ${found}`);
  return found;
};
const short = pressed(900, 1_400);
const bounds = (min: bigint, max: bigint) => ({ resource: 'tokens', min, max });

describe('a limit is left alone, whatever its demand,', () => {
  const objections: readonly [string, SkipReason, Partial<Series>][] = [
    ['when nobody set bounds', 'NO_BOUNDS', { bounds: null }],
    ['when it is inherited', 'NO_LIMIT', { limit: null }],
    ['when it is unlimited', 'LIMIT_NOT_A_NUMBER', { limit: unbounded(tokens(0n), 'unlimited') }],
    ['when it is blocked', 'LIMIT_NOT_A_NUMBER', { limit: unbounded(tokens(0n), 'blocked') }],
    ['when it is used up over a window', 'KIND_NOT_RIGHTSIZED', { limit: credits(5n) }],
    ['when it is pinned', 'PINNED', { isPinned: true }],
    ['under a cut', 'UNDER_HAIRCUT', { isUnderHaircut: true }],
    ['under an override', 'OVERRIDDEN', { isOverridden: true }],
    ['while a proposal waits', 'PROPOSAL_OPEN', { isProposed: true }],
    ['while a change is on its way in stages', 'ROLLOUT_OPEN', { isInRollout: true }],
    ['after a person declined', 'DECLINED_RECENTLY', { declinedAt: now - 11n * HOUR }],
    ['after hosts rolled it back', 'ROLLED_BACK_RECENTLY', { rolledBackAt: now - 23n * HOUR }],
    ['when usage is stale', 'USAGE_STALE', { freshAt: now - HOUR }],
    ['when usage is unknown', 'USAGE_STALE', { freshAt: null }],
    ['when one above lets less through', 'BOUND_BY_ANCESTOR', { boundBy: 'llm' }],
  ];
  it.each(objections)('%s', (_when, reason, changes) => {
    expect(objectionTo(series(changes), policy, now)).toBe(reason);
    expect(resizeSkipMeanings[reason]).not.toBe('');
  });

  it('and not when none of it is so, or no more', () => {
    expect(objectionTo(series(), policy, now)).toBeNull();
    const past = { declinedAt: now - 12n * HOUR, rolledBackAt: now - 24n * HOUR };
    expect(objectionTo(series(past), policy, now)).toBeNull();
  });
});

describe('the change that demand calls for', () => {
  it('is a raise at once under refusals, with the figures that it rests on', () => {
    const found = resized(short);
    expect(found).toMatchObject({ direction: 'raise', windowEnd: knownTo });
    expect(found.value).toBeGreaterThan(1_400n);
    expect(found.value).toBeLessThanOrEqual(2_000n);
    expect(found.reasons).toContain('REFUSED');
    expect(found.figures).toMatchObject({
      ...{ current: '1000', class: 'serving', newestHighest: '1400', highest: '900' },
      boundsMax: '5000',
    });
    expect(Number(found.figures['refused'])).toBeGreaterThan(0);
  });

  it('is the same for ever of the same inputs, whenever it is looked at', () => {
    const asked = profilesOf(policy, [series()], knownTo);
    const found = [0n, 200_000_000n].map((later) =>
      findResize(series(), profileOf(asked.series[0]!, asked, short), policy, now + later),
    );
    expect(found[0]).toEqual(found[1]);
  });

  it('stops at the highest that the owner allows, and says so', () => {
    const found = resized(short, { bounds: bounds(100n, 1_200n) });
    expect(found.value).toBe(1_200n);
    expect(found.reasons).toContain('LIMITED_BY_BOUNDS');
    expect(foundOf(short, { bounds: bounds(100n, 1_000n) })).toBe('AT_BOUND');
  });

  it('does not leap into bounds that are further than a step away', () => {
    expect(foundOf(short, { bounds: bounds(3_000n, 5_000n) })).toBe('OUTSIDE_BOUNDS');
  });

  it('is a lowering where there is room, to the least that the owner allows', () => {
    const found = resized(calm(200));
    expect(found.direction).toBe('lower');
    expect(found.value).toBeGreaterThanOrEqual(200n);
    expect(resized(calm(200), { bounds: bounds(800n, 5_000n) })).toMatchObject({ value: 800n });
    expect(foundOf(calm(200), { bounds: bounds(950n, 5_000n) })).toBe('AT_BOUND');
    expect(foundOf(calm(200), { changedAt: now - HOUR })).toBe('DWELLING');
  });

  it('never goes under a guarantee, nor far at once, where the resource cannot be squeezed', () => {
    const capacity = (guaranteed: bigint): Partial<Series> => ({
      ...{ limit: cores(guaranteed, 1_000n), resource: 'cores' },
      bounds: { resource: 'cores', min: 1n, max: 5_000n },
    });
    expect(resized(calm(200), capacity(100n)).value).toBe(800n);
    expect(resized(calm(200), capacity(870n)).value).toBe(870n);
    const concurrency = { limit: sessions(1_000n), resource: 'sessions' };
    expect(foundOf({ usual: 990, newest: 100, pressed: 0 }, concurrency)).not.toMatchObject({
      direction: 'lower',
    });
  });

  it('leaves more room the dearer a shortage is', () => {
    const values = (['batch', 'guaranteed'] as const).map(
      (workload) => resized(calm(300), { workload, limit: tokens(5_000n) }).value,
    );
    expect(values[0]).toBeLessThanOrEqual(values[1]!);
  });

  it('takes nothing from times in which the demand was held down', () => {
    const fortnight = { from: knownTo - 15n * DAY, to: knownTo - 8n * HOUR };
    expect(foundOf(calm(200), { disturbed: [fortnight] })).toBe('WARMING_UP');
    const newest = { from: knownTo - 3n * HOUR, to: knownTo };
    const found = foundOf(pressed(900, 4_000), { disturbed: [newest] });
    expect(typeof found === 'string' || found.value < 4_000n).toBe(true);
    const figures = typeof found === 'string' ? {} : found.figures;
    expect(figures['newestHighest'] ?? '0').toBe('0');
    const longAgo = { from: 0n, to: knownTo - 40n * DAY };
    expect(foundOf(short, { disturbed: [longAgo] })).toEqual(foundOf(short));
  });

  it('gives no reason for the next raise once the limit is raised', () => {
    const first = resized(short);
    const limit: ResourceLimit = tokens(first.value);
    expect(foundOf(short, { limit, changedAt: now })).not.toMatchObject({ direction: 'raise' });
  });
});
