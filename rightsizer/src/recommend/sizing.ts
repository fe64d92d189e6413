import { burstOf } from './bursts.ts';
import type { Newest } from './bursts.ts';
import type { SizingPolicy } from './classes.ts';
import type { Profile } from './profile.ts';
import type { ReasonCode, SkipCode } from './reasons.ts';
import { leastOf } from './underuse.ts';

/** Where a limit should be, in numbers. */
export interface Sizing {
  readonly value: number;
  /** Below this what holds is raised. */
  readonly lower: number;
  /** Above this what holds may be lowered; Infinity: it may not. */
  readonly upper: number;
  readonly reasons: readonly ReasonCode[];
  /** Why it is not lowered. */
  readonly objection: SkipCode | null;
  readonly skip: SkipCode | null;
}

/** What growth, bursts and underuse say together. Numbers in, numbers out; `recommend` is it for limits. */
export function sizingOf(
  profile: Profile,
  newest: Newest,
  stepsInSlot: number,
  limit: number,
  policy: SizingPolicy,
): Sizing {
  const burst = burstOf(newest, stepsInSlot, limit, policy);
  if (profile.known === 0 && burst.need === 0) return skipped(limit, 'NO_DATA');
  const underuse = leastOf(profile, burst.isPressed, policy);
  if (underuse.objection === 'WARMING_UP' && !burst.isPressed) return skipped(limit, 'WARMING_UP');
  const isWarm = underuse.objection !== 'WARMING_UP';
  const season = isWarm ? profile.ahead : 0;
  const least = underuse.objection === null ? underuse.least : 0;
  const wanted = Math.max(season, burst.need, least);
  const seen = Math.max(profile.highest, burst.recent);
  const sane = seen === 0 ? wanted : Math.min(wanted, seen * policy.sanityFactor);
  const reasons: ReasonCode[] = [];
  if (burst.isPressed) reasons.push('REFUSED');
  if (least === wanted && least > 0) reasons.push('HIGHEST_SEEN');
  else if (season >= burst.need) reasons.push(profile.isGrowing ? 'GROWTH' : 'SEASON');
  else reasons.push('BURST');
  if (sane < wanted) reasons.push('LIMITED_BY_SANITY');
  return {
    value: sane,
    lower: sane / policy.recentMargin,
    upper: underuse.objection === null ? sane / (1 - policy.deadband) : Infinity,
    reasons,
    objection: underuse.objection,
    skip: null,
  };
}

function skipped(limit: number, skip: SkipCode): Sizing {
  return { value: limit, lower: 0, upper: Infinity, reasons: [], objection: skip, skip };
}
