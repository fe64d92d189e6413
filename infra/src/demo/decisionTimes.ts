import { quantileOf } from './measures.ts';

/** Decisions timed between two looks; at the demo's load a host makes some thousands in that time. */
const TIMES_MAX = 50_000;

/** How long decisions took, in nanoseconds, from one look to the next. */
export class DecisionTimes {
  readonly #nanos = new Float64Array(TIMES_MAX);
  #count = 0;

  add(nanos: number): void {
    this.#nanos[this.#count % TIMES_MAX] = nanos;
    this.#count += 1;
  }

  /** The figures since the last call, and a new start. */
  take(): { readonly count: number; readonly p99Nanos: number; readonly nanos: Float64Array } {
    const nanos = this.#nanos.slice(0, Math.min(this.#count, TIMES_MAX));
    const figures = { count: this.#count, p99Nanos: quantileOf([...nanos], 0.99), nanos };
    this.#count = 0;
    return figures;
  }
}
