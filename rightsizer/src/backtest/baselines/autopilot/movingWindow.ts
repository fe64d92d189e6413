import { DecayingHistogram } from '../decayingHistogram.ts';
import type { ExponentialBuckets } from '../exponentialBuckets.ts';

/**
 * Autopilot's samples (EuroSys 2020, §3.2): a window's weight halves with its age, w(τ) = 2^(−τ / half-life).
 * Its one value stands for the histogram of seconds that the original has of a window.
 */
export class MovingWindow {
  readonly #buckets: ExponentialBuckets;
  readonly #loads: DecayingHistogram;
  readonly #ageing: number;
  #sum = 0;
  #weight = 0;

  /** @param halfLife in windows */
  constructor(buckets: ExponentialBuckets, halfLife: number) {
    this.#buckets = buckets;
    this.#loads = new DecayingHistogram(buckets, halfLife);
    this.#ageing = 2 ** (-1 / halfLife);
  }

  /** @param window its number; one after the other @param value NaN: nothing was reported */
  add(window: number, value: number): void {
    this.#sum *= this.#ageing;
    this.#weight *= this.#ageing;
    if (Number.isNaN(value)) return;
    this.#sum += value;
    this.#weight += 1;
    // Nothing that was served weighs nothing: the percentile is of load, not of time.
    if (value === 0) return;
    const end = this.#buckets.startOf(this.#buckets.bucketOf(value) + 1);
    this.#loads.add(value, end, window);
  }

  /** S_avg: the weighted mean. */
  average(): number {
    return this.#weight === 0 ? 0 : this.#sum / this.#weight;
  }

  /** S_pj: the limit below which a share `q` of the load was served. */
  loadPercentile(q: number): number {
    return this.#loads.percentile(q);
  }
}
