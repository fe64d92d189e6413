/**
 * A mergeable sketch of how values are spread: counts of logarithmic buckets, after DDSketch (Masson,
 * Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch", VLDB 2019). Bucket i holds the
 * values in (γ^(i−1), γ^i], so each lies within 1 % of the bucket's estimate. Counts are whole numbers,
 * so sketches of parts add up to exactly the sketch of the whole, in any order.
 */
const RELATIVE_ERROR = 0.01;
const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
/** Holds what is nothing at all. */
const ZERO_BUCKET = -1;

/** SQL: the bucket of a whole number that is not negative. */
export function bucketSql(value: string): string {
  return `CASE WHEN ${value} = 0 THEN ${ZERO_BUCKET} ELSE ceil(ln(${value}::DOUBLE) / ${Math.log(GAMMA)})::INTEGER END`;
}

export interface BucketCount {
  readonly bucket: number;
  readonly count: number;
}

/**
 * The nearest rank: the least value that is not below this part of the values.
 * @param counts by bucket, ascending, not empty
 * @param max the highest value, exactly
 * @returns within 1 % and half a unit
 */
export function valueAt(counts: readonly BucketCount[], quantile: number, max: bigint): bigint {
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  const rank = Math.max(1, Math.ceil(quantile * total));
  let seen = 0;
  for (const { bucket, count } of counts) {
    seen += count;
    if (seen < rank) continue;
    const estimate = estimateOf(bucket);
    return estimate < max ? estimate : max;
  }
  return max;
}

function estimateOf(bucket: number): bigint {
  if (bucket === ZERO_BUCKET) return 0n;
  return BigInt(Math.round((2 * GAMMA ** bucket) / (GAMMA + 1)));
}
