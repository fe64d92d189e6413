/** A host's time, in whole microseconds below 2^53. Tests bring their own. */
export interface HostClock {
  /** Never goes back, never jumps: buckets refill by it. */
  monotonicMicros(): number;
  /** Since the epoch, UTC: ends of overrides and windows are compared with it. */
  wallMicros(): number;
}

/**
 * The process's clock. Its monotonic time starts at the wall's, so that a log of decisions reads as
 * times of day; after that the two differ by what the wall was stepped.
 */
export function systemClock(): HostClock {
  const origin = Math.round(performance.timeOrigin * 1000);
  return {
    monotonicMicros: () => origin + Math.floor(performance.now() * 1000),
    wallMicros: () => Date.now() * 1000,
  };
}

/** Below this a difference is the reading of two clocks one after the other: 10 ms. */
const WALL_STEP_MICROS = 10_000;

/**
 * The host's clock, and how far the wall is from it. Measured now and then instead of at every
 * decision, which so reads one clock; a step of the wall counts after the next measurement.
 */
export class HostTime {
  readonly #clock: HostClock;
  #wallAheadMicros: number;

  constructor(clock: HostClock) {
    this.#clock = clock;
    this.#wallAheadMicros = clock.wallMicros() - clock.monotonicMicros();
  }

  /** @returns whether the wall was stepped. */
  measure(): boolean {
    const ahead = this.#clock.wallMicros() - this.#clock.monotonicMicros();
    if (Math.abs(ahead - this.#wallAheadMicros) < WALL_STEP_MICROS) return false;
    this.#wallAheadMicros = ahead;
    return true;
  }

  now(): number {
    return this.#clock.monotonicMicros();
  }

  wallOf(monotonicMicros: number): number {
    return monotonicMicros + this.#wallAheadMicros;
  }

  monotonicOf(wallMicros: number): number {
    return wallMicros - this.#wallAheadMicros;
  }
}
