import type { SizingPolicy } from './classes.ts';
import type { DemandHistory, Move, Recommendation } from './recommendation.ts';
import { partOf } from './wholeUnits.ts';

/**
 * Whether to move now, and how far. Pure, and the second half of a decision; where the limit should be is
 * `recommend`'s. A limit below the band is raised at once, at most to `raiseFactor` times itself or to what two steps agree on; one above it is
 * lowered once it has rested for the dwell, at most to `lowerFactor` of itself. Owners' bounds and what holds the
 * whole fleet back are the caller's.
 *
 * @param now microseconds
 */
export function moveOf(
  { limit, changedAt, slots }: Pick<DemandHistory, 'limit' | 'changedAt' | 'slots'>,
  { value, lower, upper, agreed, reasons, skip, objection }: Omit<Recommendation, 'inputsHash'>,
  policy: SizingPolicy,
  now: bigint,
): Move {
  if (skip !== null) return { kind: 'hold', reason: skip };
  if (limit < lower) {
    // A limit of nothing doubles to nothing: one unit is the least step up.
    const doubled = partOf(limit, policy.raiseFactor);
    const step = doubled > limit ? doubled : limit + 1n;
    const most = agreed > step ? agreed : step;
    return most < value
      ? { kind: 'raise', value: most, reasons: [...reasons, 'LIMITED_BY_STEP'] }
      : { kind: 'raise', value, reasons };
  }
  if (limit <= upper) return { kind: 'hold', reason: objection ?? 'WITHIN_DEADBAND' };
  if (now - changedAt < BigInt(policy.dwellSlots) * slots.stepMicros) {
    return { kind: 'hold', reason: 'DWELLING' };
  }
  // Rounded up, a part of a few units is all of them: one unit is the least step down, and the least limit.
  const part = partOf(limit, policy.lowerFactor);
  const step = part < limit ? part : limit - 1n;
  const least = step > 1n ? step : 1n;
  if (least >= limit) return { kind: 'hold', reason: 'WITHIN_DEADBAND' };
  return least > value
    ? { kind: 'lower', value: least, reasons: ['UNUSED', ...reasons, 'LIMITED_BY_STEP'] }
    : { kind: 'lower', value, reasons: ['UNUSED', ...reasons] };
}
