import type { ResourceUsage } from '@prorata/schemas';

const SECOND_MICROS = 1_000_000;

/** What happened to one resource of one quota since the window began. Numbers stay below 2^53. */
export class ResourceMeter {
  readonly #resource: string;
  #used = 0;
  #refused = 0;
  #queued = 0;
  #peak = 0;
  #secondStart = 0;
  #secondSum = 0;
  #inUse = 0;
  #heldSince = 0;
  #unitMicros = 0;

  constructor(resource: string) {
    this.#resource = resource;
  }

  get isIdle(): boolean {
    return this.#inUse === 0 && this.#used === 0 && this.#refused === 0 && this.#unitMicros === 0;
  }

  /** An amount was let through, perhaps after a delay. */
  take(amount: number, delayed: boolean, nowMicros: number): void {
    this.#used += amount;
    if (delayed) this.#queued += amount;
    if (nowMicros - this.#secondStart >= SECOND_MICROS) {
      this.#secondStart = nowMicros - (nowMicros % SECOND_MICROS);
      this.#secondSum = 0;
    }
    this.#secondSum += amount;
    if (this.#secondSum > this.#peak) this.#peak = this.#secondSum;
  }

  refuse(amount: number): void {
    this.#refused += amount;
  }

  /** `units` more are in use from now on, or fewer when negative. */
  hold(units: number, delayed: boolean, nowMicros: number): void {
    this.#integrate(nowMicros);
    this.#inUse += units;
    if (delayed) this.#queued += units;
    if (this.#inUse > this.#peak) this.#peak = this.#inUse;
  }

  /** What the window saw; the next one starts with what is in use, and with the started second. */
  close(nowMicros: number): ResourceUsage {
    this.#integrate(nowMicros);
    const unitSeconds = Math.floor(this.#unitMicros / SECOND_MICROS);
    const usage: ResourceUsage = {
      resource: this.#resource,
      used: BigInt(this.#used + unitSeconds),
      refused: BigInt(this.#refused),
      queued: BigInt(this.#queued),
      peak: BigInt(this.#peak),
    };
    this.#unitMicros -= unitSeconds * SECOND_MICROS;
    this.#used = 0;
    this.#refused = 0;
    this.#queued = 0;
    this.#peak = this.#inUse;
    return usage;
  }

  #integrate(nowMicros: number): void {
    if (nowMicros <= this.#heldSince) return;
    this.#unitMicros += this.#inUse * (nowMicros - this.#heldSince);
    this.#heldSince = nowMicros;
  }
}
