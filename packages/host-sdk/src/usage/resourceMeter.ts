import type { ResourceUsage } from '@prorata/schemas';
import type { RequestMeter } from './requestMeter.ts';

const SECOND_MICROS = 1_000_000;

/** Where a figure of the meter stands. */
const USED = 0;
const REFUSED = 1;
const QUEUED = 2;
const PEAK = 3;
const SECOND_END = 4;
/** What `USED` was when the present second began; below 0 when the window began after that. */
const SECOND_BASE = 5;
const IN_USE = 6;
const HELD_SINCE = 7;
const UNIT_MICROS = 8;
const TRIAL_REFUSED = 9;
const FIGURES = 10;

/**
 * What happened to one resource of one quota since the window began. Numbers stay below 2^53, and
 * stand in an array, so that counting makes no objects. `moment` is `HostTime.moment`.
 */
export class ResourceMeter implements RequestMeter {
  readonly #resource: string;
  readonly #figures = new Float64Array(FIGURES);

  constructor(resource: string) {
    this.#resource = resource;
  }

  get isIdle(): boolean {
    return [IN_USE, USED, REFUSED, UNIT_MICROS, TRIAL_REFUSED].every(
      (at) => this.#figures[at] === 0,
    );
  }

  /** An amount was let through, perhaps after a delay. */
  take(amount: number, delayed: boolean, moment: Float64Array): void {
    const figures = this.#figures;
    if ((moment[0] ?? 0) >= (figures[SECOND_END] ?? 0)) this.#beginSecond(moment[0] ?? 0);
    figures[USED] = (figures[USED] ?? 0) + amount;
    if (delayed) this.#add(QUEUED, amount);
  }

  /** What was counted as taken turned out to be more or, when negative, less. */
  settle(amount: number): void {
    this.#add(USED, amount);
  }

  refuse(amount: number): void {
    this.#add(REFUSED, amount);
  }

  /** A limit on trial would have refused the amount. */
  refuseOnTrial(amount: number): void {
    this.#add(TRIAL_REFUSED, amount);
  }

  /** `units` more are in use from now on, or fewer when negative. */
  hold(units: number, delayed: boolean, moment: Float64Array): void {
    const figures = this.#figures;
    this.#integrate(moment);
    this.#add(IN_USE, units);
    if (delayed) this.#add(QUEUED, units);
    const inUse = figures[IN_USE] ?? 0;
    if (inUse > (figures[PEAK] ?? 0)) figures[PEAK] = inUse;
  }

  /** What the window saw; the next one starts with what is in use, and with the started second. */
  close(nowMicros: number): ResourceUsage {
    const figures = this.#figures;
    this.#integrate(Float64Array.of(nowMicros));
    this.#sawSecond();
    const unitMicros = figures[UNIT_MICROS] ?? 0;
    const unitSeconds = Math.floor(unitMicros / SECOND_MICROS);
    // What was given back of an earlier window's use is taken off the next ones'.
    const used = Math.max(0, figures[USED] ?? 0);
    const usage: ResourceUsage = {
      resource: this.#resource,
      used: BigInt(used + unitSeconds),
      refused: BigInt(figures[REFUSED] ?? 0),
      queued: BigInt(figures[QUEUED] ?? 0),
      peak: BigInt(figures[PEAK] ?? 0),
      trialRefused: BigInt(figures[TRIAL_REFUSED] ?? 0),
    };
    figures[UNIT_MICROS] = unitMicros - unitSeconds * SECOND_MICROS;
    this.#add(USED, -used);
    this.#add(SECOND_BASE, -used);
    figures[REFUSED] = 0;
    figures[QUEUED] = 0;
    figures[TRIAL_REFUSED] = 0;
    figures[PEAK] = figures[IN_USE] ?? 0;
    return usage;
  }

  #beginSecond(nowMicros: number): void {
    this.#sawSecond();
    this.#figures[SECOND_END] = nowMicros - (nowMicros % SECOND_MICROS) + SECOND_MICROS;
    this.#figures[SECOND_BASE] = this.#figures[USED] ?? 0;
  }

  /** A second that nothing was taken in since the window began is the last window's. */
  #sawSecond(): void {
    const figures = this.#figures;
    const used = figures[USED] ?? 0;
    const sum = used > 0 ? used - (figures[SECOND_BASE] ?? 0) : 0;
    if (sum > (figures[PEAK] ?? 0)) figures[PEAK] = sum;
  }

  #add(at: number, amount: number): void {
    this.#figures[at] = (this.#figures[at] ?? 0) + amount;
  }

  #integrate(moment: Float64Array): void {
    const figures = this.#figures;
    const elapsed = (moment[0] ?? 0) - (figures[HELD_SINCE] ?? 0);
    if (elapsed <= 0) return;
    this.#add(UNIT_MICROS, (figures[IN_USE] ?? 0) * elapsed);
    figures[HELD_SINCE] = moment[0] ?? 0;
  }
}
