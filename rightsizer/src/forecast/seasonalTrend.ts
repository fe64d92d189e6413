import type { Forecaster } from './forecaster.ts';
import { medianOf } from './median.ts';

/** How often trend and seasons are taken out of each other; more changes nothing that is seen. */
const ROUNDS = 2;
/** Newest cycles whose median is a place's part of the season. */
const CYCLES_MAX = 7;
/** Of seasons there must be so many, or a place's median is one value. */
const CYCLES_MIN = 2;

/**
 * A series as level, one or two seasons and a rest: each season is the median of its places over the newest
 * cycles, taken of what the level and the other season leave, in turns. The level goes on as it last was. Medians, since demand
 * has bursts, which are no part of a season.
 * Source: Bandara, Hyndman and Bergmeir, MSTL (2021), with running medians where it has local regressions.
 * @param seasons values per season, the shortest first
 */
export function seasonalTrend(seasons: readonly number[]): Forecaster {
  const longest = Math.max(...seasons);
  return {
    method: 'seasonal_trend',
    seasons,
    valuesMin: CYCLES_MIN * longest,
    forecast(values, horizon) {
      const parts = decompose(values, seasons);
      return Float64Array.from({ length: horizon }, (_, step) => {
        let value = parts.level;
        for (const { season, places } of parts.seasonal) {
          value += places[(values.length + step) % season] ?? 0;
        }
        return value;
      });
    },
  };
}

interface Seasonal {
  readonly season: number;
  /** What each place is above the level; they have the median 0. */
  readonly places: Float64Array;
}

interface Parts {
  readonly level: number;
  readonly seasonal: readonly Seasonal[];
}

function decompose(values: Float64Array, seasons: readonly number[]): Parts {
  const shortest = seasons[0] ?? 1;
  let seasonal: Seasonal[] = seasons.map((season) => ({
    season,
    places: new Float64Array(season),
  }));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { season } of seasonal) {
      const others = seasonal.filter((other) => other.season !== season);
      const rest = without(values, others);
      const places = placesOf(withoutLevel(rest, season), season);
      seasonal = seasonal.map((each) => (each.season === season ? { season, places } : each));
    }
  }
  const rest = without(values, seasonal);
  return { level: medianOf(rest.subarray(-shortest)) ?? medianOf(rest) ?? 0, seasonal };
}

function without(values: Float64Array, seasonal: readonly Seasonal[]): Float64Array {
  return values.map((value, at) => {
    let rest = value;
    for (const { season, places } of seasonal) rest -= places[at % season] ?? 0;
    return rest;
  });
}

/** Less the median of each cycle, counted from the end, so that a level that moves is no season. */
function withoutLevel(values: Float64Array, season: number): Float64Array {
  const rest = values.slice();
  for (let end = values.length; end > 0; end -= season) {
    const cycle = rest.subarray(Math.max(0, end - season), end);
    const level = medianOf(cycle) ?? 0;
    for (const [at, value] of cycle.entries()) cycle[at] = value - level;
  }
  return rest;
}

function placesOf(values: Float64Array, season: number): Float64Array {
  const places = Float64Array.from({ length: season }, (_, place) => {
    const same: number[] = [];
    const cycles = Math.floor((values.length - 1 - place) / season);
    for (let cycle = cycles; cycle >= 0 && same.length < CYCLES_MAX; cycle -= 1) {
      const value = values[cycle * season + place] ?? NaN;
      if (!Number.isNaN(value)) same.push(value);
    }
    return medianOf(Float64Array.from(same)) ?? 0;
  });
  const middle = medianOf(places) ?? 0;
  return places.map((value) => value - middle);
}
