/**
 * Buckets that grow by a ratio: bucket n begins at first · (ratio^n − 1) / (ratio − 1), the first at 0, and the
 * last has no end. As in the recommender of Kubernetes' Vertical Pod Autoscaler (util/histogram_options.go).
 */
export class ExponentialBuckets {
  readonly count: number;
  readonly #starts: Float64Array;

  /** @param first the width of the first bucket @param max a value in the last one */
  constructor(max: number, first: number, ratio: number) {
    this.count = Math.floor(Math.log((max * (ratio - 1)) / first + 1) / Math.log(ratio)) + 2;
    this.#starts = new Float64Array(this.count);
    for (let at = 0; at < this.count; at += 1) {
      this.#starts[at] = (first * (ratio ** at - 1)) / (ratio - 1);
    }
  }

  startOf(bucket: number): number {
    return this.#starts[bucket] ?? 0;
  }

  /** The last bucket that begins at or below the value. Searched, not computed: a logarithm may round either way. */
  bucketOf(value: number): number {
    let [low, high] = [0, this.count - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.startOf(middle) <= value) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
