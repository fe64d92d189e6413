import type { ForecastMethod, Forecaster } from './forecaster.ts';
import { holtWinters } from './holtWinters.ts';
import { missInterval } from './missIntervals.ts';
import { meanMiss, missesAt, originsOf } from './rollingOrigins.ts';
import type { Misses } from './rollingOrigins.ts';
import { newestKnown, seasonalNaive } from './seasonalNaive.ts';
import { seasonalTrend } from './seasonalTrend.ts';

export interface SeriesAsked {
  /** At equal distances, in order of time; NaN: unknown. The newest 4,096 count. */
  readonly values: Float64Array;
  /** Steps ahead, at least 1; beyond 4,096 they are not forecast. */
  readonly horizon: number;
  /** Values per season, the shortest first: 24 and 168 for the day and the week of hours. Empty: none. */
  readonly seasons: readonly number[];
  /** No value can be below it, as demand cannot be below 0. */
  readonly least?: number;
}

/**
 * Why it is this method. `BEST_OF_ORIGINS`: it missed least where forecasts were made anew from earlier moments;
 * `NO_BETTER`: none missed less than the seasonal naive one by enough. The others say why nothing could be
 * chosen: the seasonal naive forecast holds, and its interval says less (`TOO_SHORT`) or nothing.
 */
export type ForecastReason = 'BEST_OF_ORIGINS' | 'NO_BETTER' | 'TOO_SHORT' | 'CONSTANT' | 'NO_DATA';

export interface SeriesForecast {
  readonly method: ForecastMethod;
  readonly seasons: readonly number[];
  readonly reason: ForecastReason;
  /** One a step ahead, as are the bounds of the intervals that are to hold 80 and 95 % of what comes. */
  readonly point: Float64Array;
  readonly low80: Float64Array;
  readonly high80: Float64Array;
  readonly low95: Float64Array;
  readonly high95: Float64Array;
  /** What it missed by at earlier moments on average, and what the seasonal naive one did; NaN: unknown. */
  readonly meanMiss: number;
  readonly naiveMiss: number;
}

/** Earlier moments from which forecasts are made anew. */
const ORIGINS_MAX = 8;
/** With fewer, which one missed less is chance. */
const ORIGINS_MIN = 3;
/** How far they are apart, of the shortest season: no divisor of it, so that every time of day is met. */
const ORIGINS_SPACING = 7 / 24;
/** Who is to take the seasonal naive one's place must miss by so much less: those who do by less often do worse later. */
const BETTER = 0.9;
/** Two weeks of five minutes, or half a year of hours: the work of one forecast is bounded by it. */
const VALUES_MAX = 4_096;

/**
 * What comes, how sure that is, and by which method: the one whose forecasts from earlier moments missed least, unless the
 * seasonal naive one was about as good. Pure and without chance: the same values give the same forecast.
 */
export function forecastSeries(asked: SeriesAsked): SeriesForecast {
  const horizon = Math.max(1, Math.min(asked.horizon, VALUES_MAX));
  const values = asked.values.subarray(-VALUES_MAX);
  const [season = 1] = asked.seasons;
  const naive = seasonalNaive(season);
  const found = (
    chosen: Judged,
    reason: ForecastReason,
    naiveMiss = chosen.meanMiss,
  ): SeriesForecast => told(chosen, reason, naiveMiss, { ...asked, values, horizon });
  const unjudged: Judged = { forecaster: naive, misses: [], meanMiss: NaN };
  if (values.every(Number.isNaN)) return found(unjudged, 'NO_DATA');
  const newest = newestKnown(values);
  if (values.every((value) => value === newest || Number.isNaN(value))) {
    return found(unjudged, 'CONSTANT');
  }
  const judged = candidatesOf(asked.seasons).map((each) => judge(each, values, horizon, season));
  const [first = unjudged, ...others] = judged;
  let best = first;
  for (const other of others) {
    const both = Math.min(first.misses.length, other.misses.length);
    if (both < ORIGINS_MIN) continue;
    const isBetter = missOf(other, both) < missOf(first, both) * BETTER;
    const least = Math.min(best.misses.length, both);
    if (isBetter && missOf(other, least) < missOf(best, least)) best = other;
  }
  if (best !== first) return found(best, 'BEST_OF_ORIGINS', first.meanMiss);
  return found(first, first.misses.length < ORIGINS_MIN ? 'TOO_SHORT' : 'NO_BETTER');
}

interface Judged {
  readonly forecaster: Forecaster;
  /** Of the newest origin first. */
  readonly misses: readonly Misses[];
  readonly meanMiss: number;
}

/** The seasonal naive one of the shortest season first: it is what the others are held against. */
function candidatesOf(seasons: readonly number[]): Forecaster[] {
  const [season] = seasons;
  if (season === undefined) return [seasonalNaive(1), holtWinters(1)];
  return [
    ...seasons.map(seasonalNaive),
    holtWinters(1),
    holtWinters(season),
    seasonalTrend([season]),
    ...(seasons.length > 1 ? [seasonalTrend(seasons)] : []),
  ];
}

function judge(
  forecaster: Forecaster,
  values: Float64Array,
  horizon: number,
  season: number,
): Judged {
  const spacing = Math.max(1, Math.floor(horizon / 2), Math.floor(season * ORIGINS_SPACING));
  const wanted = { horizon, spacing, most: ORIGINS_MAX };
  const origins = originsOf(values.length, forecaster.valuesMin, wanted);
  const misses = missesAt(forecaster, values, origins, horizon);
  return { forecaster, misses, meanMiss: meanMiss(misses) };
}

/** Over the same newest origins, so that nobody is held against a harder time than another. */
function missOf({ misses }: Judged, origins: number): number {
  return meanMiss(misses.slice(0, origins));
}

function told(
  { forecaster, misses, meanMiss: missed }: Judged,
  reason: ForecastReason,
  naiveMiss: number,
  { values, horizon, least = -Infinity }: SeriesAsked,
): SeriesForecast {
  const point = forecaster.forecast(values, horizon);
  const within = (value: number): number => Math.max(least, value);
  const [half, most] = [missInterval(misses, horizon, 0.8), missInterval(misses, horizon, 0.95)];
  const moved = (by: Float64Array): Float64Array =>
    point.map((value, step) => within(value + (by[step] ?? 0)));
  return {
    method: forecaster.method,
    seasons: forecaster.seasons,
    reason,
    point: point.map(within),
    low80: moved(half.low),
    high80: moved(half.high),
    low95: moved(most.low),
    high95: moved(most.high),
    meanMiss: missed,
    naiveMiss,
  };
}
