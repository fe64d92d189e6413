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
 * Decisions on one reading of the clock. A reading costs several times a decision; 32 of them share
 * it, and what they can be wrong by stays small where each belongs to a request that takes long.
 */
const DECISIONS_PER_READING = 32;
/** A lag seen once is reckoned with for about so many milliseconds, then for half of it, and so on. */
const LAG_HALVES_MS = 1_000;

/**
 * The host's clock, and how far the wall is from it. The wall is measured now and then instead of at
 * every decision; a step of it counts after the next measurement.
 *
 * Decisions share a reading of the clock, the `moment`: for `slackMs` while the event loop turns, for
 * 32 decisions where it is blocked. A moment that lags behind lets through what the limits had room
 * for earlier, so a limit can be exceeded by what its rate gives in the lag, and by no more. With a
 * slack of 0 every decision reads the clock.
 */
export class HostTime {
  /**
   * [0]: when the decision being made happens, on the monotonic clock. Never goes back. In an array,
   * because a number that large handed from call to call would be an object each time.
   */
  readonly moment = new Float64Array(1);
  /** [0]: by how much the moment may lag behind the clock, microseconds. */
  readonly #lag: Float64Array;
  readonly #clock: HostClock;
  readonly #slackMs: number;
  readonly #decisionsPerReading: number;
  /** How far the wall is ahead of the monotonic clock, as last measured. */
  wallAheadMicros: number;
  #decisionsLeft = 0;
  /** Whether decisions share the last reading: how old it grows is then a lag. */
  #isShared = false;
  /** Runs while decisions are made, and ends by itself when none is. */
  #timer: NodeJS.Timeout | null = null;
  #turnsUntilHalved = LAG_HALVES_MS;

  constructor(clock: HostClock, slackMs = 0) {
    this.#clock = clock;
    this.#slackMs = slackMs;
    this.#lag = Float64Array.of(slackMs * 1000);
    this.#decisionsPerReading = slackMs > 0 ? DECISIONS_PER_READING - 1 : 0;
    this.moment[0] = clock.monotonicMicros();
    this.wallAheadMicros = clock.wallMicros() - this.moment[0];
  }

  /** @returns whether the wall was stepped. */
  measure(): boolean {
    const ahead = this.#clock.wallMicros() - this.#clock.monotonicMicros();
    if (Math.abs(ahead - this.wallAheadMicros) < WALL_STEP_MICROS) return false;
    this.wallAheadMicros = ahead;
    return true;
  }

  /** Reads the clock; the moment is then, too. */
  now(): number {
    const now = this.#clock.monotonicMicros();
    if (now > (this.moment[0] ?? 0)) this.moment[0] = now;
    return this.moment[0] ?? now;
  }

  /** Makes the moment good enough for one more decision. */
  tick(): void {
    if (this.#decisionsLeft > 0) this.#decisionsLeft -= 1;
    else this.#read();
  }

  /** Whether a wait of `wait[0]` microseconds could be over already, for all that the moment says. */
  mayLagBy(wait: Float64Array): boolean {
    return (
      this.#decisionsLeft !== this.#decisionsPerReading && (wait[0] ?? 0) <= 2 * this.lagMicros
    );
  }

  /**
   * Before a refusal with `wait[0]` microseconds to wait: reads the clock again where the moment may lag by as much.
   * @returns whether the moment moved, so that the decision is to be made again
   */
  catchUp(wait: Float64Array): boolean {
    if (!this.mayLagBy(wait)) return false;
    const before = this.moment[0] ?? 0;
    this.#read();
    return (this.moment[0] ?? 0) > before;
  }

  /** By how much the moment may lag: the slack, or what a blocked event loop lately made of it. */
  get lagMicros(): number {
    return this.#lag[0] ?? 0;
  }

  wallOf(monotonicMicros: number): number {
    return monotonicMicros + this.wallAheadMicros;
  }

  monotonicOf(wallMicros: number): number {
    return wallMicros - this.wallAheadMicros;
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#isShared = false;
    this.#decisionsLeft = 0;
  }

  #read(): void {
    const before = this.moment[0] ?? 0;
    this.now();
    if (this.#slackMs === 0) return;
    if (this.#isShared) this.#sawLag((this.moment[0] ?? 0) - before);
    this.#isShared = true;
    this.#decisionsLeft = this.#decisionsPerReading;
    this.#timer ??= this.#watch();
  }

  #sawLag(micros: number): void {
    if (micros > (this.#lag[0] ?? 0)) this.#lag[0] = micros;
  }

  #watch(): NodeJS.Timeout {
    return setTimeout(() => this.#turn(), this.#slackMs).unref();
  }

  /** The event loop turns: the next decision reads the clock. Without one since the last turn, rest. */
  #turn(): void {
    if (!this.#isShared) {
      this.#timer = null;
      return;
    }
    const before = this.moment[0] ?? 0;
    this.#sawLag(this.now() - before);
    this.#isShared = false;
    this.#decisionsLeft = 0;
    this.#turnsUntilHalved -= 1;
    if (this.#turnsUntilHalved <= 0) {
      this.#turnsUntilHalved = LAG_HALVES_MS;
      this.#lag[0] = Math.max((this.#lag[0] ?? 0) / 2, this.#slackMs * 1000);
    }
    this.#timer?.refresh();
  }
}
