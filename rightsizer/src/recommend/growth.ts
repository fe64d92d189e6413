import type { SizingPolicy } from './classes.ts';
import { highestWithin, knownSorted, quantileOf } from './quantiles.ts';

/**
 * The season: the same stretch of each of the last days, as long as a limit has to last, and of their peaks the
 * policy's quantile. The median stands for what is usual: one odd day alters nothing.
 *
 * @param slots whole ones, the newest last; the next one is in progress
 * @param otherwise where no such stretch is known
 */
export function seasonOf(slots: Float64Array, policy: SizingPolicy, otherwise: number): number {
  const { daySlots, seasonDays, aheadSlots, seasonQuantile } = policy;
  const peaks = new Float64Array(seasonDays);
  let days = 0;
  for (let day = 1; day <= seasonDays; day++) {
    const from = slots.length - day * daySlots;
    if (from < 0) break;
    if (!isKnown(slots, from, from + aheadSlots)) continue;
    peaks[days++] = highestWithin(slots, from, from + aheadSlots);
  }
  return days === 0 ? otherwise : quantileOf(peaks.subarray(0, days).sort(), seasonQuantile);
}

/** Days below which no trend is one. */
const TREND_DAYS_MIN = 5;
/** This part of all pairs of days must have risen more than fell: half of them by chance once in hundreds. */
const TREND_AGREEMENT = 0.5;

/**
 * The trend: Theil and Sen's slope over the days' medians, where Kendall's sum says that there is one (H. Theil 1950,
 * P. K. Sen 1968). What is expected looks back over `seasonDays`, from the middle of which demand has grown since. It
 * never lowers: that is underuse's, on its own evidence.
 *
 * @returns by how much more is expected, 1 to `growthMax`
 */
export function growthOf(slots: Float64Array, policy: SizingPolicy): number {
  const { daySlots, lookbackDays, seasonDays, growthMax } = policy;
  const medians: number[] = [];
  for (let day = lookbackDays; day >= 1; day--) {
    const from = slots.length - day * daySlots;
    if (from < 0) continue;
    const known = knownSorted(slots, from, from + daySlots);
    if (known.length * 2 >= daySlots) medians.push(quantileOf(known, 0.5));
  }
  if (medians.length < TREND_DAYS_MIN) return 1;
  const slopes = new Float64Array((medians.length * (medians.length - 1)) / 2);
  let rises = 0;
  let count = 0;
  for (const [later, high] of medians.entries()) {
    for (let earlier = 0; earlier < later; earlier++) {
      const rise = high - (medians[earlier] ?? 0);
      slopes[count++] = rise / (later - earlier);
      rises += Math.sign(rise);
    }
  }
  const middle = quantileOf(Float64Array.from(medians).sort(), 0.5);
  if (rises < TREND_AGREEMENT * count || middle <= 0) return 1;
  const aDay = quantileOf(slopes.sort(), 0.5) / middle;
  return Math.max(1, Math.min(growthMax, 1 + (aDay * seasonDays) / 2));
}

function isKnown(slots: Float64Array, from: number, to: number): boolean {
  for (let index = from; index < Math.min(to, slots.length); index++) {
    if (!Number.isNaN(slots[index])) return true;
  }
  return false;
}
