import { grownTo, ONLY_SLOT } from './limitState.ts';
import type { KeyedState } from './limitState.ts';
import { SpokenFor } from './spokenFor.ts';
import { NEVER } from './verdict.ts';

/** What is taken within an eighth of the window may become free together, at the end of the last of it. */
const PARTS = 8;
/** Entries begin an eighth of the window apart, and the last of one is an eighth behind its first at most. */
const ENTRIES = PARTS + 1;

/** Of a slot: the newest entry and how many there are, when it began, and what all of them hold. */
const HEAD = 0;
const COUNT = 1;
const BEGAN_AT = 2;
const USED = 3;
const FIRST_ENTRY = 4;
/** Of an entry: when the last of it was taken, and how much in all. */
const LAST_AT = 0;
const AMOUNT = 1;
const STRIDE = FIRST_ENTRY + 2 * ENTRIES;

/**
 * A sliding window: within any stretch of its length at most the limit, whatever was taken when. A log of
 * all requests would say so exactly and has no bound; here what is taken within an eighth of the window is
 * one entry, and free again when the last of it is a window old. So a unit counts for one window at least
 * and nine eighths at most: never looser, later by an eighth. (The counter of two weighted fixed windows,
 * which Cloudflare and Unkey have, admits up to twice the limit around a boundary when it was used unevenly.)
 */
export class SlidingCounts implements KeyedState {
  readonly #moment: Float64Array;
  #amount: number;
  #perMicros: number;
  /** null: nobody waits. */
  #spokenFor: SpokenFor | null = null;
  #slots = new Float64Array(STRIDE);
  /** What was taken until then came free under a former, shorter window. */
  #freeUntil = -Infinity;
  /** [0]: when what is done now happens; in an array, for such a number handed through calls can be an object. */
  readonly #at = new Float64Array(1);

  /** @param moment `HostTime.moment` */
  constructor(amount: number, perMicros: number, moment: Float64Array) {
    this.#amount = amount;
    this.#perMicros = perMicros;
    this.#moment = moment;
  }

  /**
   * What was taken and counted until `atMicros` stays counted, for as long as the new window says. Of slots among
   * many, which are looked at when they are asked next, a longer window counts a little more.
   */
  change(amount: number, perMicros: number, atMicros: number): void {
    this.#at[0] = atMicros;
    if (this.#slots.length === STRIDE) this.#expire(ONLY_SLOT);
    this.#freeUntil = Math.max(this.#freeUntil, atMicros - this.#perMicros);
    this.#amount = amount;
    this.#perMicros = perMicros;
  }

  /** As after the whole limit was taken: what was counted otherwise before hands out nothing here. */
  exhaust(slot: number, atMicros: number): void {
    this.#at[0] = atMicros;
    this.#enter(slot, this.#amount);
  }

  take(slot: number, cost: number, wait: Float64Array): boolean {
    if (this.hasRoom(slot, cost)) {
      this.charge(slot, cost);
      return true;
    }
    this.waitFor(slot, cost, wait);
    return false;
  }

  hasRoom(slot: number, cost: number): boolean {
    this.#expireNow(slot);
    const room = this.#amount - (this.#slots[slot * STRIDE + USED] ?? 0);
    return this.#spokenFor === null ? cost <= room : cost + this.#spokenFor.of(slot) <= room;
  }

  waitFor(slot: number, cost: number, wait: Float64Array): void {
    if (cost > this.#amount) {
      wait[0] = NEVER;
      return;
    }
    const slots = this.#slots;
    const base = slot * STRIDE;
    const wanted = cost + this.#aheadOf(slot);
    let room = this.#amount - (slots[base + USED] ?? 0);
    for (let age = (slots[base + COUNT] ?? 0) - 1; age >= 0 && room < wanted; age -= 1) {
      const at = this.#entry(slot, age);
      room += slots[at + AMOUNT] ?? 0;
      wait[0] = (slots[at + LAST_AT] ?? 0) + this.#perMicros - (this.#moment[0] ?? 0);
    }
    // Some will be taken by those who wait, who are a window away themselves.
    if (room < wanted) wait[0] = (wait[0] ?? 0) + this.#perMicros;
  }

  charge(slot: number, cost: number): void {
    this.#at[0] = this.#moment[0] ?? 0;
    this.#enter(slot, cost);
  }

  owe(slot: number, cost: number): void {
    this.#expireNow(slot);
    const used = this.#slots[slot * STRIDE + USED] ?? 0;
    this.charge(slot, Math.min(cost, Number.MAX_SAFE_INTEGER - used));
  }

  /** Within one window's amount: who waits longer would wait for those who wait. */
  reserve(slot: number, cost: number): boolean {
    if (cost + this.#aheadOf(slot) > this.#amount) return false;
    this.keep(slot, cost);
    return true;
  }

  giveUp(slot: number, cost: number): void {
    this.#spokenFor?.add(slot, -cost);
    if (this.#spokenFor?.isEmpty === true) this.#spokenFor = null;
  }

  keep(slot: number, cost: number): void {
    this.#spokenFor ??= new SpokenFor();
    this.#spokenFor.add(slot, cost);
  }

  lift(slot: number): number {
    return this.#spokenFor?.lift(slot) ?? 0;
  }

  putBack(slot: number, amount: number): void {
    if (amount > 0) this.keep(slot, amount);
  }

  giveBack(slot: number, cost: number, atMicros: number): void {
    this.#expireNow(slot);
    // It is free by itself, or about to be; what is counted now is others'.
    const freeUntil = Math.max(this.#freeUntil, (this.#moment[0] ?? 0) - this.#perMicros);
    if (atMicros <= freeUntil) return;
    const slots = this.#slots;
    const base = slot * STRIDE;
    for (let age = (slots[base + COUNT] ?? 0) - 1; age >= 0; age -= 1) {
      const at = this.#entry(slot, age);
      if ((slots[at + LAST_AT] ?? 0) < atMicros) continue;
      const back = Math.min(cost, slots[at + AMOUNT] ?? 0);
      slots[at + AMOUNT] = (slots[at + AMOUNT] ?? 0) - back;
      slots[base + USED] = (slots[base + USED] ?? 0) - back;
      return;
    }
  }

  grow(slots: number): void {
    this.#slots = grownTo(this.#slots, slots * STRIDE);
  }

  begin(slot: number): void {
    this.#slots[slot * STRIDE + COUNT] = 0;
    this.#slots[slot * STRIDE + USED] = 0;
  }

  isIdle(slot: number): boolean {
    if (this.#aheadOf(slot) > 0) return false;
    this.#expireNow(slot);
    return this.#slots[slot * STRIDE + USED] === 0;
  }

  #aheadOf(slot: number): number {
    return this.#spokenFor?.of(slot) ?? 0;
  }

  /** @param age 0 is the newest */
  #entry(slot: number, age: number): number {
    const base = slot * STRIDE;
    const index = ((this.#slots[base + HEAD] ?? 0) + ENTRIES - age) % ENTRIES;
    return base + FIRST_ENTRY + 2 * index;
  }

  #expireNow(slot: number): void {
    this.#at[0] = this.#moment[0] ?? 0;
    this.#expire(slot);
  }

  #expire(slot: number): void {
    const slots = this.#slots;
    const base = slot * STRIDE;
    const since = (this.#at[0] ?? 0) - this.#perMicros;
    let count = slots[base + COUNT] ?? 0;
    while (count > 0) {
      const at = this.#entry(slot, count - 1);
      if ((slots[at + LAST_AT] ?? 0) > since) break;
      slots[base + USED] = (slots[base + USED] ?? 0) - (slots[at + AMOUNT] ?? 0);
      count -= 1;
    }
    slots[base + COUNT] = count;
  }

  #enter(slot: number, amount: number): void {
    const atMicros = this.#at[0] ?? 0;
    const slots = this.#slots;
    const base = slot * STRIDE;
    const count = slots[base + COUNT] ?? 0;
    slots[base + USED] = (slots[base + USED] ?? 0) + amount;
    const isApart = atMicros - (slots[base + BEGAN_AT] ?? 0) >= this.#perMicros / PARTS;
    // After a change to a longer window there may be no place left: then the newest takes it in.
    if (count > 0 && (!isApart || count === ENTRIES)) {
      const at = this.#entry(slot, 0);
      slots[at + AMOUNT] = (slots[at + AMOUNT] ?? 0) + amount;
      if (atMicros > (slots[at + LAST_AT] ?? 0)) slots[at + LAST_AT] = atMicros;
      return;
    }
    slots[base + HEAD] = ((slots[base + HEAD] ?? 0) + 1) % ENTRIES;
    slots[base + COUNT] = count + 1;
    slots[base + BEGAN_AT] = atMicros;
    const at = this.#entry(slot, 0);
    slots[at + LAST_AT] = atMicros;
    slots[at + AMOUNT] = amount;
  }
}
