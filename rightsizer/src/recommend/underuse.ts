import type { Burst } from './bursts.ts';
import type { SizingPolicy } from './classes.ts';
import type { Profile } from './profile.ts';
import type { SkipCode } from './reasons.ts';

/** What lowering leaves, and why there is none at all. */
export interface Least {
  /** Below this nothing is lowered. */
  readonly least: number;
  readonly objection: SkipCode | null;
}

/**
 * Lowering is slow: two looks a while apart must agree, the newest demand keeps its place, and nothing is lowered while
 * something is refused. What cannot be squeezed needs a week's evidence and keeps the highest that was seen. What is not
 * known is not zero: after a cut of days, or a gap, it waits until the newest slots tell enough again.
 */
export function leastOf(profile: Profile, burst: Burst, policy: SizingPolicy): Least {
  const seen = policy.highestMargin * Math.max(profile.highest, burst.recent);
  const least = Math.max(profile.expectedBefore, burst.recent, seen);
  return { least, objection: objectionTo(profile, burst, policy) };
}

function objectionTo(profile: Profile, burst: Burst, policy: SizingPolicy): SkipCode | null {
  if (profile.known < policy.warmUpSlots) return 'WARMING_UP';
  if (burst.isPressed) return 'REFUSED_IN_EVIDENCE';
  const isLate = profile.knownLately >= Math.min(policy.warmUpSlots, policy.levelSlots);
  const isEnough = policy.isSqueezable || profile.known >= policy.evidenceSlots;
  return isEnough && isLate ? null : 'TOO_LITTLE_EVIDENCE';
}
