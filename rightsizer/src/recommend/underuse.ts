import type { SizingPolicy } from './classes.ts';
import type { Profile } from './profile.ts';
import type { SkipCode } from './reasons.ts';

/** Under what nothing may be lowered, or why nothing may be lowered at all. */
export type LeastLimit =
  { readonly least: number; readonly objection: null } | { readonly objection: SkipCode };

/**
 * Lowering is slow: what cannot be squeezed needs a week's evidence and keeps the highest that was ever seen and its
 * margin; nothing is lowered while something is refused.
 */
export function leastOf(profile: Profile, isPressed: boolean, policy: SizingPolicy): LeastLimit {
  if (profile.known < policy.warmUpSlots) return { objection: 'WARMING_UP' };
  if (isPressed) return { objection: 'REFUSED_IN_EVIDENCE' };
  if (policy.isSqueezable) return { least: 0, objection: null };
  if (profile.known < policy.evidenceSlots) return { objection: 'TOO_LITTLE_EVIDENCE' };
  return { least: profile.highest * policy.highestMargin, objection: null };
}
