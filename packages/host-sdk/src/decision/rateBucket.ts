import type { BucketForm } from './bucketForm.ts';
import { NEVER } from './verdict.ts';

/** A token bucket in exact integers. What it holds outlives a change of its limit. */
export class RateBucket {
  #form: BucketForm;
  #level: number;
  #refilledAt: number;
  #frozen = false;

  constructor(form: BucketForm, nowMicros: number) {
    this.#form = form;
    this.#level = form.cap;
    this.#refilledAt = nowMicros;
  }

  /**
   * Takes on another limit from `atMicros` on. What had been saved up by then stays, rounded down to
   * the new form's smallest step and cut to its burst: neither a raise nor a cut hands out anything.
   */
  change(form: BucketForm, atMicros: number): void {
    if (this.#frozen) this.#refilledAt = Math.max(this.#refilledAt, atMicros);
    this.#frozen = false;
    this.#refill(atMicros);
    const old = this.#form;
    const carried =
      (BigInt(this.#level) * BigInt(old.grain) * BigInt(form.scale)) /
      (BigInt(old.scale) * BigInt(form.grain));
    this.#form = form;
    this.#level = carried < BigInt(form.cap) ? Number(carried) : form.cap;
    // The rest of a tick was earned under the old rate.
    this.#refilledAt = Math.max(this.#refilledAt, atMicros);
  }

  /** Blocked from `atMicros` on: nothing is saved up until the next change. */
  freeze(atMicros: number): void {
    if (!this.#frozen) this.#refill(atMicros);
    this.#frozen = true;
  }

  /** Microseconds until `cost` may be taken: 0 now, NEVER when it is more than the burst. */
  shortfall(cost: number, nowMicros: number): number {
    const form = this.#form;
    const units = form.grain === 1 ? cost : Math.ceil(cost / form.grain);
    if (units > form.capUnits) return NEVER;
    this.#refill(nowMicros);
    const missing = units * form.scale - this.#level;
    if (missing <= 0) return 0;
    if (form.refill === 0) return NEVER;
    const ticks = Math.ceil(missing / form.refill);
    return this.#refilledAt + ticks * form.tickMicros - nowMicros;
  }

  /** Only after `shortfall` of the same cost and moment was 0. */
  charge(cost: number): void {
    const { grain, scale } = this.#form;
    this.#level -= (grain === 1 ? cost : Math.ceil(cost / grain)) * scale;
  }

  #refill(nowMicros: number): void {
    const elapsed = nowMicros - this.#refilledAt;
    if (elapsed <= 0) return;
    const form = this.#form;
    const ticks = form.tickMicros === 1 ? elapsed : Math.floor(elapsed / form.tickMicros);
    this.#refilledAt += ticks * form.tickMicros;
    if (ticks >= form.fillTicks) this.#level = form.cap;
    else this.#level = Math.min(form.cap, this.#level + ticks * form.refill);
  }
}
