const USED = 0;
const REFUSED = 1;
const PEAK = 2;

/** What was asked of one fleet-wide limit on this host since it was last read; counting makes no objects. */
export class DemandMeter {
  readonly #figures = new Float64Array(3);

  use(amount: number): void {
    this.#figures[USED] = (this.#figures[USED] ?? 0) + amount;
  }

  refuse(amount: number): void {
    this.#figures[REFUSED] = (this.#figures[REFUSED] ?? 0) + amount;
  }

  /** @param inUse permits out */
  hold(inUse: number): void {
    if (inUse > (this.#figures[PEAK] ?? 0)) this.#figures[PEAK] = inUse;
  }

  /** @param inUse permits out now, which is the least that the next peak can be */
  take(inUse: number): { readonly used: number; readonly refused: number; readonly peak: number } {
    const [used = 0, refused = 0, peak = 0] = this.#figures;
    this.#figures.fill(0);
    this.#figures[PEAK] = inUse;
    return { used: Math.max(0, used), refused, peak };
  }
}
