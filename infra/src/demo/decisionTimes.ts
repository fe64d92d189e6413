import { quantileOf } from './measures.ts';

/** Decisions timed between two looks; at the demo's load a host makes some thousands in that time. */
const TIMES_MAX = 200_000;

/** How long decisions took, in nanoseconds, from one look to the next. */
export class DecisionTimes {
  readonly #nanos = new Float64Array(TIMES_MAX);
  #count = 0;

  add(nanos: number): void {
    this.#nanos[this.#count % TIMES_MAX] = nanos;
    this.#count += 1;
  }

  /** The figures since the last call, and a new start. */
  take(): { readonly count: number; readonly p50Nanos: number; readonly p99Nanos: number } {
    const times = [...this.#nanos.subarray(0, Math.min(this.#count, TIMES_MAX))];
    const figures = {
      count: this.#count,
      p50Nanos: quantileOf(times, 0.5),
      p99Nanos: quantileOf(times, 0.99),
    };
    this.#count = 0;
    return figures;
  }
}
