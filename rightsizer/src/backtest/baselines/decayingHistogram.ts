import type { ExponentialBuckets } from './exponentialBuckets.ts';

/** Above this exponent of 2 the moment that weights refer to moves up, so that they stay finite. */
const DECAY_EXPONENT_MAX = 100;
/** Weights below this are nothing: a thousandth of the least that a sample may weigh. */
export const EPSILON = 1e-4;

/** A histogram in which a sample counts half after a half-life. Times in any one unit. */
export class DecayingHistogram {
  readonly #buckets: ExponentialBuckets;
  readonly #halfLife: number;
  readonly #weights: Float64Array;
  #total = 0;
  #reference = 0;

  constructor(buckets: ExponentialBuckets, halfLife: number) {
    this.#buckets = buckets;
    this.#halfLife = halfLife;
    this.#weights = new Float64Array(buckets.count);
  }

  add(value: number, weight: number, time: number): void {
    this.#put(value, weight * this.#decayAt(time));
  }

  /** Takes a sample back that was added with the same words. */
  subtract(value: number, weight: number, time: number): void {
    this.#put(value, -weight * this.#decayAt(time));
  }

  /** What a bucket weighs, in terms of the present reference. */
  weightOf(bucket: number): number {
    return this.#weights[bucket] ?? 0;
  }

  isEmpty(): boolean {
    return this.#total < EPSILON;
  }

  /** The end of the first bucket up to which a share `q` of the weight lies; of the open one its start; 0 of none. */
  percentile(q: number): number {
    if (this.isEmpty()) return 0;
    const wanted = q * this.#total;
    let [sum, bucket] = [0, 0];
    const last = this.#buckets.count - 1;
    for (; bucket < last; bucket += 1) {
      sum += this.weightOf(bucket);
      if (sum >= wanted && sum >= EPSILON) break;
    }
    return this.#buckets.startOf(Math.min(bucket + 1, last));
  }

  #put(value: number, weight: number): void {
    const bucket = this.#buckets.bucketOf(value);
    const before = this.weightOf(bucket);
    const after = Math.max(before + weight, 0);
    this.#weights[bucket] = after;
    this.#total += after - before;
  }

  /** 2^((time − reference) / halfLife), the reference a multiple of the half-life. */
  #decayAt(time: number): number {
    if (time > this.#reference + this.#halfLife * DECAY_EXPONENT_MAX) this.#shift(time);
    return 2 ** ((time - this.#reference) / this.#halfLife);
  }

  #shift(time: number): void {
    const reference = Math.round(time / this.#halfLife) * this.#halfLife;
    const factor = 2 ** ((this.#reference - reference) / this.#halfLife);
    for (let at = 0; at < this.#weights.length; at += 1) {
      this.#weights[at] = this.weightOf(at) * factor;
    }
    this.#total *= factor;
    this.#reference = reference;
  }
}
