import { AdmissionLedger } from './admission.ts';
import type { Admission, RequestUnderWay } from './admission.ts';
import { GradientLimit } from './gradientLimit.ts';
import type { GradientOptions, Outcome } from './gradientLimit.ts';
import { HealthPressure } from './healthSignals.ts';
import type { HealthMarks, HealthReading, HealthSignals } from './healthSignals.ts';
import { nodeHealth } from './nodeHealth.ts';
import { cohortOf, PriorityCut } from './priorityCut.ts';
import { TIERS, TierShares } from './tierShares.ts';

export interface OverloadOptions {
  /** The limit of requests at once that finds itself; false: there is none. */
  readonly concurrency?: GradientOptions | false;
  /** Marks that differ from the usual ones; null takes a signal out; false: health says nothing. */
  readonly health?: Partial<HealthMarks> | false;
  /** Default: what Node knows of this process. */
  readonly signals?: HealthSignals;
  /** Percent of the limit that is kept for each tier, the most protected first. Default 20, 10. */
  readonly shares?: readonly number[];
  /** How long a request may be under way before it counts as crashed. Default 600,000. */
  readonly requestLifeMs?: number;
  /** Microseconds of a monotonic clock. Default: the process's. */
  readonly now?: () => number;
}

export interface OverloadStatus {
  /** How many requests may be under way at once now; null: no such limit. */
  readonly limit: number | null;
  readonly inFlight: number;
  /** The share of requests that is to be served, 0 to 1, and the tier from which others are not. */
  readonly share: number;
  readonly cut: number;
  /** Requests let in since the start, and turned away, by tier. */
  readonly admitted: number;
  readonly refused: readonly number[];
  /** Requests that nobody ended, or in time. */
  readonly reclaimed: number;
  /** As last read, smoothed; null: not yet, or health says nothing. */
  readonly health: HealthReading | null;
}

/** Keeps a host from taking on more than it can do. */
export interface OverloadGate {
  /** null: turned away. @param caller whose requests are to fare alike, where some are turned away */
  admit(tier: number, caller?: string): Admission | null;
  /** After a refusal: when to try again, microseconds. Spread, so that not all come back at once. */
  retryAfterMicros(): number;
  /** Looks at how the host does; to be called every 100 ms, as a host does. */
  sample(): void;
  status(): OverloadStatus;
  /** Ends the looking. */
  stop(): void;
}

/** What is kept for the tiers whose requests matter most, percent: room for the next few of them. */
const SHARES = [20, 10];
const REQUEST_LIFE_MS = 600_000;
/** At full pressure so much less is served an interval; with that a change takes a second or two. */
const SHED_STEP = 0.2;
/** Without any, so much more: slower than it went down, or it would go up and down. */
const RESUME_STEP = 0.05;
/** How much of what the limit let through counts at once. */
const LIMIT_SMOOTHING = 0.5;
/** Something is always served: how the host does with nothing to do says nothing. */
const SHARE_MIN = 0.01;
/** Who is turned away may come back after a half to one and a half of it, microseconds. */
const RETRY_MICROS = 1_000_000;
const GOLDEN = 0.618_033_988_749_894_8;

/**
 * A gate before everything else that a request costs. Requests at once are limited by how long they
 * take (`GradientLimit`). What that limit turns away, and how the process does (`HealthPressure`),
 * move one share of requests to be served, in small steps; `PriorityCut` makes of it who is served.
 */
export function overloadGate(options: OverloadOptions = {}): OverloadGate {
  return new HostGate(options);
}

class HostGate implements OverloadGate {
  readonly #limit: GradientLimit | null;
  readonly #pressure: HealthPressure | null;
  readonly #signals: HealthSignals | null;
  readonly #shares: TierShares;
  readonly #cut = new PriorityCut();
  readonly #ledger = new AdmissionLedger((request, outcome) => this.#ended(request, outcome));
  readonly #requestLifeMicros: number;
  readonly #now: () => number;
  readonly #refused = new Float64Array(TIERS);
  #share = 1;
  #admitted = 0;
  /** Of the present interval. */
  #admittedNow = 0;
  #refusedByLimit = 0;
  #spread = 0;

  constructor(options: OverloadOptions) {
    const { concurrency = {}, health = {} } = options;
    this.#limit = concurrency === false ? null : new GradientLimit(concurrency);
    this.#pressure = health === false ? null : new HealthPressure(health);
    this.#signals = health === false ? null : (options.signals ?? nodeHealth());
    this.#shares = new TierShares(options.shares ?? SHARES);
    this.#requestLifeMicros = (options.requestLifeMs ?? REQUEST_LIFE_MS) * 1000;
    this.#now = options.now ?? (() => Math.floor(performance.now() * 1000));
  }

  admit(tier: number, caller?: string): Admission | null {
    const at = tierOf(tier);
    if (!this.#cut.passes(at, caller === undefined ? -1 : cohortOf(caller)))
      return this.#refuse(at);
    if (!this.#shares.enter(at, this.#limit?.limit ?? Infinity)) {
      this.#refusedByLimit += 1;
      return this.#refuse(at);
    }
    this.#admitted += 1;
    this.#admittedNow += 1;
    return this.#ledger.issue({ tier: at, since: this.#now(), inFlight: this.#shares.total });
  }

  retryAfterMicros(): number {
    this.#spread = (this.#spread + GOLDEN) % 1;
    return Math.round(RETRY_MICROS * (0.5 + this.#spread));
  }

  sample(): void {
    this.#ledger.expire(this.#now() - this.#requestLifeMicros);
    const pressure = this.#signals === null ? -1 : this.#look(this.#signals);
    this.#aim(pressure);
    this.#admittedNow = 0;
    this.#refusedByLimit = 0;
  }

  status(): OverloadStatus {
    return {
      limit: this.#limit?.limit ?? null,
      inFlight: this.#shares.total,
      share: this.#share,
      cut: this.#cut.cut,
      admitted: this.#admitted,
      refused: [...this.#refused],
      reclaimed: this.#ledger.reclaimed,
      health: this.#pressure?.reading ?? null,
    };
  }

  stop(): void {
    this.#signals?.stop();
  }

  #look(signals: HealthSignals): number {
    return this.#pressure?.sample(signals.read()) ?? -1;
  }

  /** Requests that the limit turned away had no say in who they were: the cut is to turn them away. */
  #aim(pressure: number): void {
    let share = this.#share;
    const { offered } = this.#cut;
    if (this.#refusedByLimit > 0 && offered > 0) {
      const served = Math.min(share, this.#admittedNow / offered);
      share += (served - share) * LIMIT_SMOOTHING;
    } else if (pressure < 0) share *= 1 - pressure * RESUME_STEP;
    if (pressure > 0) share *= 1 - pressure * SHED_STEP;
    this.#share = Math.max(SHARE_MIN, Math.min(1, share));
    this.#cut.aim(this.#share);
  }

  #refuse(tier: number): null {
    this.#refused[tier] = (this.#refused[tier] ?? 0) + 1;
    return null;
  }

  #ended(request: RequestUnderWay, outcome: Outcome): void {
    this.#shares.leave(request.tier);
    const now = this.#now();
    this.#limit?.ended(now, Math.max(0, now - request.since), request.inFlight, outcome);
  }
}

/** @throws RangeError for what is no tier */
function tierOf(tier: number): number {
  if (!Number.isInteger(tier) || tier < 0 || tier >= TIERS) {
    throw new RangeError(`A tier is a whole number from 0 to ${TIERS - 1}, not ${tier}.`);
  }
  return tier;
}
