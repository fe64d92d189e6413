import type { Past } from '../limitProvider.ts';
import { ExponentialBuckets } from './exponentialBuckets.ts';
import { highestOf } from './highestOf.ts';

const RATIO = 1.05;
/** So far above the highest of the warm-up that nothing falls into the open bucket. */
const ROOM = 1e9;
/** Of the highest of the warm-up, for series that are not counted in units. */
const FINENESS = 1e-3;

/**
 * Buckets of 5 %, as the Vertical Pod Autoscaler's, whose first is a hundredth of a core wide. A series may be in any
 * unit: where all that is known are whole numbers the first bucket is one unit wide, otherwise a thousandth of
 * the highest. Chosen once, by what is known when the policy begins.
 */
export function seriesBuckets({ values, known }: Past): ExponentialBuckets {
  const highest = highestOf(values, 0, known);
  const seen = values.subarray(0, known);
  const isWhole = seen.every((value) => Number.isNaN(value) || Number.isInteger(value));
  const first = isWhole || highest === 0 ? 1 : highest * FINENESS;
  return new ExponentialBuckets(Math.max(highest, first) * ROOM, first, RATIO);
}
