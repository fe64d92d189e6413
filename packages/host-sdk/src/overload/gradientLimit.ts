/** What became of a request that was let in, as far as it says something about how busy the host is. */
export type Outcome =
  /** It was served: how long it took says how busy the host is. */
  | 'ok'
  /** It timed out, or was turned away further down: too much was let in, however long it took. */
  | 'dropped'
  /** It failed or ended for reasons of its own; a quick error is no sign of a quick service. */
  | 'ignored';

export interface GradientOptions {
  /** Requests at once, to begin with. Default 20. */
  readonly initialLimit?: number;
  /** Never fewer at once: what the limit is measured by must go on. Default 4. */
  readonly minLimit?: number;
  /** Never more at once. Default 1,000. */
  readonly maxLimit?: number;
  /** How many times the unloaded time requests may take before fewer are let in. Default 1.5. */
  readonly tolerance?: number;
  /** A request that took longer was dropped, whatever it says of itself. Default 30,000. */
  readonly dropAfterMs?: number;
}

/** The least time over which requests are averaged, microseconds. */
const WINDOW_MICROS = 250_000;
/** An average of fewer says nothing; the window goes on until there are so many. */
const SAMPLES_MIN = 10;
/** How much of a new limit counts at once: one odd window must not halve or double anything. */
const SMOOTHING = 0.2;
/** The least that a gradient makes of a limit, before smoothing. */
const GRADIENT_MIN = 0.5;
/** What a limit that holds well is raised by, before smoothing: the root of it, and no less. */
const QUEUE_MIN = 4;
/** Share of dropped requests that happens without any overload. */
const DROPS_TOLERATED = 0.02;
/** An unloaded average weighs as much as those of so many requests before it. */
const BASELINE_SAMPLES = 100;
/** While it is measured on purpose, the former one counts for less. */
const PROBE_BASELINE_SAMPLES = 5;
/** How long the unloaded time holds without a request that was served unloaded, microseconds. */
const BASELINE_HOLDS_MICROS = 20_000_000;
/** A probe ends unanswered after so long: requests outlast it, so that nothing can be measured. */
const PROBE_MICROS_MAX = 2_000_000;

/** What one window saw. */
interface Window {
  since: number;
  served: number;
  servedMicros: number;
  dropped: number;
  /** Of those served, which began while at most half of the limit was in use. */
  unloaded: number;
  unloadedMicros: number;
  /** The most requests that were under way at once. */
  peak: number;
}

const newWindow = (since: number): Window => ({
  since,
  served: 0,
  servedMicros: 0,
  dropped: 0,
  unloaded: 0,
  unloadedMicros: 0,
  peak: 0,
});

/**
 * How many requests a host serves at once, found from how long they take: the gradient is the
 * unloaded time (times a tolerance) over the present one, the limit is multiplied by it, and raised a
 * little while it is one. After Gradient2 of Netflix's concurrency-limits, whose known faults are:
 *
 * - Under a mild overload its queue term outweighs the gradient, and its long average comes to take
 *   the overload for normal (pull request 134): the limit climbs without end. Here the queue term
 *   counts while the gradient is one, and the unloaded time is learned only from requests that began
 *   while at most half the limit was in use. Where there are none for 20 s, the limit is halved for
 *   a moment to measure some, as BBR does (Cardwell et al., 2016, ProbeRTT).
 * - At a steady timeout all times are equal, so the gradient is one (issue 137). Here dropped
 *   requests have no time, and lower the limit by their share.
 * - A limit that few use says nothing: it does not grow while less than half was in use.
 *
 * Pure: whoever calls brings the time, microseconds of one monotonic clock.
 */
export class GradientLimit {
  readonly #minLimit: number;
  readonly #maxLimit: number;
  readonly #tolerance: number;
  readonly #dropAfterMicros: number;
  #limit: number;
  /** Microseconds that a request takes while the host is not busy; null: never measured. */
  #baseline: number | null = null;
  #measuredAt = -Infinity;
  /** When the limit was halved to measure; null: it is not. */
  #probeSince: number | null = null;
  #window: Window = newWindow(-Infinity);

  constructor(options: GradientOptions = {}) {
    this.#minLimit = options.minLimit ?? 4;
    this.#maxLimit = options.maxLimit ?? 1_000;
    this.#tolerance = options.tolerance ?? 1.5;
    this.#dropAfterMicros = (options.dropAfterMs ?? 30_000) * 1000;
    if (!(this.#minLimit >= 1 && this.#maxLimit >= this.#minLimit && this.#tolerance >= 1)) {
      throw new RangeError('A limit is from 1 to maxLimit at least, and the tolerance 1 or more.');
    }
    this.#limit = this.#within(options.initialLimit ?? 20);
  }

  /** Requests that may be under way at once, a whole number. */
  get limit(): number {
    return Math.floor(this.#probeSince === null ? this.#limit : this.#probeLimit);
  }

  /** What a request takes while the host is not busy, microseconds; null: not known yet. */
  get unloadedMicros(): number | null {
    return this.#baseline;
  }

  /**
   * A request ended.
   * @param inFlight how many were under way when it began, itself included
   */
  ended(nowMicros: number, tookMicros: number, inFlight: number, outcome: Outcome): void {
    const window = this.#window;
    if (window.since === -Infinity) window.since = nowMicros;
    window.peak = Math.max(window.peak, inFlight);
    if (outcome === 'ignored') return;
    if (outcome === 'dropped' || tookMicros > this.#dropAfterMicros) window.dropped += 1;
    else this.#served(tookMicros, inFlight);
    const isFull = window.served + window.dropped >= SAMPLES_MIN;
    if (isFull && nowMicros - window.since >= WINDOW_MICROS) this.#closeWindow(nowMicros);
  }

  #served(tookMicros: number, inFlight: number): void {
    const window = this.#window;
    window.served += 1;
    window.servedMicros += tookMicros;
    if (inFlight > this.#probeLimit) return;
    window.unloaded += 1;
    window.unloadedMicros += tookMicros;
  }

  get #probeLimit(): number {
    return Math.max(this.#minLimit, Math.floor(this.#limit / 2));
  }

  #closeWindow(nowMicros: number): void {
    const window = this.#window;
    this.#window = newWindow(nowMicros);
    if (window.unloaded >= SAMPLES_MIN) this.#learn(window, nowMicros);
    else if (this.#baseline === null && window.served > 0) {
      this.#baseline = window.servedMicros / window.served;
    }
    if (this.#probeSince !== null) {
      // Times of a limit that is halved are not those of the limit.
      const isOver = nowMicros - this.#probeSince >= PROBE_MICROS_MAX;
      if (window.unloaded >= SAMPLES_MIN || isOver) this.#probeSince = null;
      if (isOver) this.#measuredAt = nowMicros;
      return;
    }
    this.#adjust(window);
    const isDue = nowMicros - this.#measuredAt >= BASELINE_HOLDS_MICROS;
    if (isDue && window.peak > this.#probeLimit) this.#probeSince = nowMicros;
  }

  #learn(window: Window, nowMicros: number): void {
    const mean = window.unloadedMicros / window.unloaded;
    const former = this.#probeSince === null ? BASELINE_SAMPLES : PROBE_BASELINE_SAMPLES;
    const weight =
      this.#measuredAt === -Infinity ? 1 : window.unloaded / (window.unloaded + former);
    this.#baseline = (this.#baseline ?? mean) * (1 - weight) + mean * weight;
    this.#measuredAt = nowMicros;
  }

  #adjust(window: Window): void {
    const dropped = window.dropped / (window.dropped + window.served);
    if (dropped > DROPS_TOLERATED) {
      this.#moveTo(this.#limit * (1 - dropped * (1 - GRADIENT_MIN)));
      return;
    }
    if (this.#baseline === null || window.served === 0 || window.peak < this.#limit / 2) return;
    const present = window.servedMicros / window.served;
    const gradient = Math.max(GRADIENT_MIN, (this.#tolerance * this.#baseline) / present);
    if (gradient >= 1) this.#moveTo(this.#limit + Math.max(QUEUE_MIN, Math.sqrt(this.#limit)));
    else this.#moveTo(this.#limit * gradient);
  }

  #moveTo(target: number): void {
    this.#limit = this.#within(this.#limit * (1 - SMOOTHING) + target * SMOOTHING);
  }

  #within(limit: number): number {
    return Math.max(this.#minLimit, Math.min(this.#maxLimit, limit));
  }
}
