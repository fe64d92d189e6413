import type { EvenSeries } from '../recommend/recommendation.ts';

/** The demand of one subject: the highest of each window, NaN where nothing was reported. */
export interface DemandSeries extends EvenSeries {
  readonly name: string;
}
