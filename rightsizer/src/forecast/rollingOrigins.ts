import type { Forecaster } from './forecaster.ts';

/** What a forecast from an earlier moment missed by, a step ahead after the other; NaN: unknown. */
export type Misses = Float64Array;

/**
 * Where forecasts are made anew from what was known then, the newest first. None of them sees beyond its own moment.
 * @param least values before the first
 */
export function originsOf(
  length: number,
  least: number,
  { horizon, spacing, most }: { horizon: number; spacing: number; most: number },
): number[] {
  const origins: number[] = [];
  // Even the newest has a whole horizon after it, or its far end would never be judged.
  for (let origin = length - horizon; origin >= least && origins.length < most; origin -= spacing) {
    origins.push(origin);
  }
  return origins;
}

/** @returns for each origin what was, less what was forecast */
export function missesAt(
  forecaster: Forecaster,
  values: Float64Array,
  origins: readonly number[],
  horizon: number,
): Misses[] {
  return origins.map((origin) => {
    const forecast = forecaster.forecast(values.subarray(0, origin), horizon);
    return forecast.map((guess, step) => (values[origin + step] ?? NaN) - guess);
  });
}

/** The mean of the absolute misses; NaN: none is known. */
export function meanMiss(misses: readonly Misses[]): number {
  let [sum, count] = [0, 0];
  for (const miss of misses) {
    for (const each of miss) {
      if (Number.isNaN(each)) continue;
      sum += Math.abs(each);
      count += 1;
    }
  }
  return sum / count;
}
