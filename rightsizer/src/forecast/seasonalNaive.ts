import type { Forecaster } from './forecaster.ts';

/**
 * As it was a season ago; where that is unknown, a season before, and so on; where no season knows, as the
 * newest value that is known, and 0 where none is.
 * @param season values per season; 1: the newest value goes on
 */
export function seasonalNaive(season: number): Forecaster {
  return {
    method: 'seasonal_naive',
    seasons: season > 1 ? [season] : [],
    valuesMin: season,
    forecast(values, horizon) {
      const newest = newestKnown(values);
      return Float64Array.from({ length: horizon }, (_, step) => {
        // The newest value of the same place in the season.
        let at = values.length - season + (step % season);
        while (at >= 0 && Number.isNaN(values[at])) at -= season;
        return at < 0 ? newest : (values[at] ?? newest);
      });
    },
  };
}

/** 0: none is known. */
export function newestKnown(values: Float64Array): number {
  return values.findLast((value) => !Number.isNaN(value)) ?? 0;
}
