import type { HostClock } from '@prorata/host-sdk';

/**
 * One timeline for both of the host's times, so that the model, which has only one, can be told the
 * very moments that the host decided by: a real wall clock drifts from the monotonic one by
 * microseconds, and an override's end would fall between two decisions differently.
 */
export class DemoClock implements HostClock {
  readonly #origin = Math.round(performance.timeOrigin * 1000);
  /** The last reading: the wall shows it again, so that whoever compares both finds no difference, in either order. */
  #last: number | null = null;
  /** What the wall has just shown, for the monotonic reading that is compared with it. */
  #shown: number | null = null;

  wallMicros(): number {
    this.#shown = this.#last ?? this.#now();
    return this.#shown;
  }

  monotonicMicros(): number {
    this.#last = this.#shown ?? this.#now();
    this.#shown = null;
    return this.#last;
  }

  #now(): number {
    return this.#origin + Math.floor(performance.now() * 1000);
  }
}
