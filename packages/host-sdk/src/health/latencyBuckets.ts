/**
 * The buckets of latency histograms: one a microsecond below 8, and above that eight to each doubling, so that a
 * bucket's latencies differ by an eighth at most. Base-2 exponential buckets, as HdrHistogram has them.
 */

/** Longer latencies count as this, microseconds: half an hour. */
export const LATENCY_MICROS_MAX = 2 ** 31 - 1;
/** Sub-buckets of a doubling, as a power of two. */
const SUB_BITS = 3;
const SUBS = 1 << SUB_BITS;
/** The position of the highest bit, of an integer of 32. */
const HIGHEST = 31;

export const LATENCY_BUCKETS = bucketOfLatency(LATENCY_MICROS_MAX) + 1;

/** @param micros rounded down; what is negative, or no number, counts as 0 */
export function bucketOfLatency(micros: number): number {
  const value = micros >= LATENCY_MICROS_MAX ? LATENCY_MICROS_MAX : micros > 0 ? micros | 0 : 0;
  if (value < SUBS) return value;
  const exponent = HIGHEST - Math.clz32(value);
  const sub = (value >>> (exponent - SUB_BITS)) & (SUBS - 1);
  return (exponent - SUB_BITS + 1) * SUBS + sub;
}

/** The longest latency that falls into the bucket, microseconds. */
export function longestOfBucket(bucket: number): number {
  if (bucket < SUBS) return bucket;
  const shift = Math.floor(bucket / SUBS) - 1;
  return (SUBS + (bucket % SUBS) + 1) * 2 ** shift - 1;
}
