/** Percentiles over everything that was measured, in the unit that it came in. */
export class Latencies {
  #values: Float64Array = new Float64Array(1_024);
  #count = 0;
  #isSorted = true;

  get count(): number {
    return this.#count;
  }

  add(value: number): void {
    if (this.#count === this.#values.length) {
      const grown = new Float64Array(this.#values.length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#count++] = value;
    this.#isSorted = false;
  }

  addAll(values: Iterable<number>): void {
    for (const value of values) this.add(value);
  }

  /** The smallest value that at least `share` of all do not exceed; NaN when there is none. */
  percentile(share: number): number {
    if (this.#count === 0) return Number.NaN;
    if (!this.#isSorted) {
      this.#values.subarray(0, this.#count).sort();
      this.#isSorted = true;
    }
    const rank = Math.max(1, Math.ceil(share * this.#count));
    return this.#values[rank - 1] ?? Number.NaN;
  }

  values(): Float64Array {
    return this.#values.slice(0, this.#count);
  }
}
