import type { SizingPolicy } from './classes.ts';
import { highestWithin, quantileInPlace } from './profile.ts';
import type { Profile } from './profile.ts';

/**
 * What will be wanted in the next `aheadSlots`: the same stretch of each day before, and of their peaks the
 * policy's quantile and margin.
 *
 * @param slots whole ones, the newest last; the next slot is the one in progress
 */
export function profileOf(slots: Float64Array, policy: SizingPolicy): Profile {
  const peaks = new Float64Array(policy.lookbackDays);
  let days = 0;
  for (let day = 1; day <= policy.lookbackDays; day++) {
    const from = slots.length - day * policy.daySlots;
    const peak = highestWithin(slots, from, Math.min(slots.length, from + policy.aheadSlots));
    if (!Number.isNaN(peak) && from + policy.aheadSlots > 0) peaks[days++] = peak;
  }
  const usual = quantileInPlace(peaks.subarray(0, days), policy.seasonQuantile);
  const highest = highestWithin(slots, 0, slots.length);
  return {
    known: slots.reduce((sum, value) => (Number.isNaN(value) ? sum : sum + 1), 0),
    highest: Number.isNaN(highest) ? 0 : highest,
    ahead: Number.isNaN(usual) ? 0 : usual * policy.seasonMargin,
    isGrowing: false,
  };
}
