import type { Forecaster } from './forecaster.ts';

interface Smoothing {
  /** How much of an error goes into the level, into the trend and into the season; 0 to 1. */
  readonly alpha: number;
  readonly beta: number;
  readonly gamma: number;
}

/** What of the trend is left a step later: a trend that goes on for ever is seldom one. */
const DAMPING = 0.98;
const alphas = [0.02, 0.1, 0.3, 0.6];
const betas = [0, 0.02];
const gammas = [0.02, 0.1, 0.3];
/** Of seasons the first is for the start, and one more to learn from. */
const SEASONS_MIN = 2;

interface Fitted {
  readonly squares: number;
  readonly level: number;
  readonly trend: number;
  readonly seasonal: Float64Array;
}

/**
 * Exponential smoothing of level, damped trend and additive season, in the form of its errors. The
 * smoothing with the least squares of one step ahead is taken from a fixed grid: the same everywhere, and its
 * optimum is flat.
 * Source: Hyndman, Koehler, Ord and Snyder, Forecasting with Exponential Smoothing (2008), model ETS(A,Ad,A).
 * @param season values per season; 1: none
 */
export function holtWinters(season: number): Forecaster {
  return {
    method: 'holt_winters',
    seasons: season > 1 ? [season] : [],
    valuesMin: Math.max(SEASONS_MIN * season, 4),
    forecast(values, horizon) {
      const { level, trend, seasonal } = bestFit(values, season);
      let [ahead, damped] = [0, 1];
      return Float64Array.from({ length: horizon }, (_, step) => {
        damped *= DAMPING;
        ahead += damped * trend;
        return level + ahead + (seasonal[(values.length + step) % season] ?? 0);
      });
    },
  };
}

function bestFit(values: Float64Array, season: number): Fitted {
  const start = startOf(values, season);
  let best: Fitted | null = null;
  for (const alpha of alphas) {
    for (const beta of betas) {
      for (const gamma of season > 1 ? gammas : [0]) {
        const fitted = smooth(values, season, start, { alpha, beta, gamma });
        if (best === null || fitted.squares < best.squares) best = fitted;
      }
    }
  }
  return best ?? start;
}

/** The first seasons' mean, and what each place in the season is above it. */
function startOf(values: Float64Array, season: number): Fitted {
  const seen = values.subarray(0, Math.max(SEASONS_MIN * season, 4));
  const level = meanOf(seen) ?? 0;
  const seasonal = new Float64Array(season);
  if (season > 1) {
    for (let place = 0; place < season; place += 1) {
      const same = Float64Array.from({ length: SEASONS_MIN }, (_, cycle) => {
        return seen[cycle * season + place] ?? NaN;
      });
      seasonal[place] = (meanOf(same) ?? level) - level;
    }
  }
  return { squares: Infinity, level, trend: 0, seasonal };
}

function meanOf(values: Float64Array): number | null {
  let [sum, count] = [0, 0];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    sum += value;
    count += 1;
  }
  return count === 0 ? null : sum / count;
}

function smooth(
  values: Float64Array,
  season: number,
  start: Fitted,
  { alpha, beta, gamma }: Smoothing,
): Fitted {
  const seasonal = start.seasonal.slice();
  let [level, trend, squares, place] = [start.level, start.trend, 0, 0];
  for (const value of values) {
    const above = seasonal[place] ?? 0;
    const damped = DAMPING * trend;
    const error = value - level - damped - above;
    level += damped;
    trend = damped;
    // Where nothing is known nothing is learnt.
    if (!Number.isNaN(error)) {
      level += alpha * error;
      trend += beta * alpha * error;
      seasonal[place] = above + gamma * (1 - alpha) * error;
      squares += error * error;
    }
    place = place + 1 === season ? 0 : place + 1;
  }
  return { squares, level, trend, seasonal };
}
