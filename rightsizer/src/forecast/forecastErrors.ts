/**
 * Mean absolute scaled error: the error against that of a seasonal naive forecast over the history. 1 is as
 * good as that; values that are unknown do not count.
 * Source: Hyndman and Koehler, Another look at measures of forecast accuracy (2006).
 * @returns NaN where nothing is known, and where the history repeats itself so that there is no scale
 */
export function mase(
  actual: Float64Array,
  forecast: Float64Array,
  history: Float64Array,
  season: number,
): number {
  const scale = seasonalScale(history, season);
  return scale === null ? NaN : meanAbsoluteError(actual, forecast) / scale;
}

/** The mean absolute difference to a season ago; null: unknown, or 0. */
export function seasonalScale(history: Float64Array, season: number): number | null {
  const scale = meanAbsoluteError(
    history.subarray(season),
    history.subarray(0, Math.max(0, history.length - season)),
  );
  return scale > 0 ? scale : null;
}

/** NaN: nothing is known. */
export function meanAbsoluteError(actual: Float64Array, forecast: Float64Array): number {
  let [sum, count] = [0, 0];
  for (const [at, value] of actual.entries()) {
    const error = Math.abs(value - (forecast[at] ?? NaN));
    if (Number.isNaN(error)) continue;
    sum += error;
    count += 1;
  }
  return sum / count;
}

/**
 * Symmetric mean absolute percentage error, 0 to 200, as the M4 competition reckons it; where both are 0 there is no error.
 * Source: Makridakis, Spiliotis and Assimakopoulos, The M4 Competition (2020).
 * @returns NaN where nothing is known
 */
export function smape(actual: Float64Array, forecast: Float64Array): number {
  let [sum, count] = [0, 0];
  for (const [at, value] of actual.entries()) {
    const guess = forecast[at] ?? NaN;
    const error = Math.abs(value - guess);
    if (Number.isNaN(error)) continue;
    sum += error === 0 ? 0 : (200 * error) / (Math.abs(value) + Math.abs(guess));
    count += 1;
  }
  return sum / count;
}
