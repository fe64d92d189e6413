export const forecastMethods = ['seasonal_naive', 'holt_winters', 'seasonal_trend'] as const;
export type ForecastMethod = (typeof forecastMethods)[number];

/**
 * A way from what was seen to what comes. Values that are unknown are NaN; what comes out is always a
 * number. Pure, and bounded: O(values) with a constant below a hundred.
 */
export interface Forecaster {
  readonly method: ForecastMethod;
  /** Values per season, from the shortest; empty: none. */
  readonly seasons: readonly number[];
  /** Values without which it has nothing to go by. */
  readonly valuesMin: number;
  readonly forecast: (values: Float64Array, horizon: number) => Float64Array;
}
