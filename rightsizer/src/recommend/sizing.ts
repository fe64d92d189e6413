import { burstOf } from './bursts.ts';
import type { Burst, Newest } from './bursts.ts';
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
  /** So far a raise may go in one step, however long. */
  readonly agreed: number;
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
  if (profile.known === 0 && burst.recent === 0 && burst.need === 0) {
    return skipped(limit, 'NO_DATA');
  }
  if (!burst.isKnown) return skipped(limit, 'USAGE_STALE');
  const { least, objection } = leastOf(profile, burst, policy);
  const isWarm = objection !== 'WARMING_UP';
  if (!isWarm && burst.need === 0) return skipped(limit, 'WARMING_UP');
  const floor = policy.highestMargin * Math.max(profile.highest, burst.recent);
  const expected = isWarm ? Math.max(profile.expected, floor) : 0;
  const wanted = Math.max(expected, burst.need, isWarm ? least : 0);
  const seen = Math.max(profile.highest, burst.recent, burst.need);
  const sane = Math.min(wanted, seen * policy.sanityFactor);
  const reasons = reasonsOf(profile, burst, { expected, floor, least });
  if (sane < wanted) reasons.push('LIMITED_BY_SANITY');
  return {
    value: sane,
    lower: burst.need > 0 ? sane : expected / (1 + policy.raiseDeadband),
    upper: objection === null ? sane / (1 - policy.lowerDeadband) : Infinity,
    agreed: burst.agreed,
    reasons,
    objection,
    skip: null,
  };
}

function reasonsOf(
  profile: Profile,
  burst: Burst,
  { expected, floor, least }: Readonly<Record<'expected' | 'floor' | 'least', number>>,
): ReasonCode[] {
  const reasons: ReasonCode[] = [];
  if (burst.isPressed) reasons.push('REFUSED');
  else if (burst.need > 0) reasons.push('SHORT');
  if (burst.need >= expected && burst.need > 0) return reasons;
  if (floor > 0 && floor >= profile.expected) reasons.push('HIGHEST_SEEN');
  else if (least > expected) reasons.push('RECENT');
  else reasons.push(profile.isSeason ? 'SEASON' : 'LEVEL');
  if (profile.isGrowing) reasons.push('GROWTH');
  return reasons;
}

function skipped(limit: number, skip: SkipCode): Sizing {
  const held = { value: limit, lower: 0, upper: Infinity, agreed: 0, reasons: [] };
  return { ...held, objection: skip, skip };
}
