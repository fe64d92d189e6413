import type { Misses } from './rollingOrigins.ts';

/** How far below and above the forecast, a step ahead after the other. */
export interface Interval {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** Steps ahead whose misses are looked at together: a part of the horizon on either side. */
const NEAR_SHARE = 0.25;

/**
 * By how much, over the number of independent misses, an interval is wider than the misses themselves: the farther out,
 * the less they know of it. Measured on traces, and on series whose distribution is known.
 */
function fewWiden(level: number): number {
  return level > 0.9 ? 4 : 1.5;
}

/**
 * The interval between the quantiles of what forecasts from earlier moments missed by, as far ahead. Misses
 * of one origin go together, so that they say less than as many that do not: few that are independent make
 * it wider, as Student's t is wider than the normal distribution.
 * Source: Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World (2005), split conformal prediction;
 * Kish, Survey Sampling (1965), the effect of clusters.
 * @param level 0 to 1
 */
export function missInterval(misses: readonly Misses[], horizon: number, level: number): Interval {
  const low = new Float64Array(horizon);
  const high = new Float64Array(horizon);
  const near = Math.ceil(horizon * NEAR_SHARE);
  const share = (1 - level) / 2;
  for (let step = 0; step < horizon; step += 1) {
    const clusters = misses.map((miss) =>
      miss
        .subarray(Math.max(0, step - near), step + near + 1)
        .filter((each) => !Number.isNaN(each)),
    );
    const sorted = Float64Array.from(clusters.flatMap((cluster) => [...cluster])).sort();
    if (sorted.length === 0) continue;
    const widening = 1 + fewWiden(level) / independent(clusters);
    const place = Math.max(0, Math.floor(share * (sorted.length + 1)) - 1);
    low[step] = Math.min(0, widening * (sorted[place] ?? 0));
    high[step] = Math.max(0, widening * (sorted[sorted.length - 1 - place] ?? 0));
  }
  return { low, high };
}

/** As many misses of which none depends on another say as much; at least the number of clusters. */
function independent(clusters: readonly Float64Array[]): number {
  const means: number[] = [];
  let [count, within] = [0, 0];
  for (const cluster of clusters) {
    if (cluster.length === 0) continue;
    let sum = 0;
    for (const each of cluster) sum += each;
    const mean = sum / cluster.length;
    for (const each of cluster) within += (each - mean) * (each - mean);
    means.push(mean);
    count += cluster.length;
  }
  const size = count / means.length;
  const degrees = count - means.length;
  if (means.length < 2 || degrees < 1) return means.length;
  const centre = means.reduce((sum, mean) => sum + mean, 0) / means.length;
  const between =
    means.reduce((sum, mean) => sum + (mean - centre) * (mean - centre), 0) / (means.length - 1);
  const noise = within / degrees;
  const common = Math.max(0, between - noise / size);
  if (common + noise === 0) return count;
  const alike = common / (common + noise);
  return count / (1 + (size - 1) * alike);
}
