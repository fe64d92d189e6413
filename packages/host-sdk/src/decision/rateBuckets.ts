import type { BucketForm } from './bucketForm.ts';
import { grownTo, ONLY_SLOT } from './limitState.ts';
import type { KeyedState } from './limitState.ts';
import { Loans } from './loans.ts';
import type { Loan } from './loans.ts';
import { SpokenFor } from './spokenFor.ts';
import { NEVER } from './verdict.ts';

/** Of a slot: what it holds, in the form's level units, and when it was filled up to that. */
const LEVEL = 0;
const FILLED_AT = 1;
const STRIDE = 2;

/** More that is spoken for, in base units, would make waits that are not counted exactly. */
const AHEAD_MAX = 2 ** 40;
/** A debt beyond it would not be counted exactly any more. */
const DEBT_MAX = 2 ** 52;
/** Forms remembered for keys that were not asked since; a key that slept through more begins empty. */
const PAST_FORMS_MAX = 64;

/** A form that slots may still be in, and until when it counted. */
interface PastForm {
  readonly form: BucketForm;
  readonly untilMicros: number;
}

/**
 * Token buckets of one rate, in exact integers: what GCRA decides with a theoretical arrival time,
 * kept as a level so that a change of the rate can carry over what was saved up. What they hold
 * outlives a change of the limit.
 */
export class RateBuckets implements KeyedState {
  readonly #moment: Float64Array;
  #form: BucketForm;
  /** When the form began to count. */
  #sinceMicros: number;
  #frozenAt: number | null = null;
  #slots = new Float64Array(STRIDE);
  /** The form that each slot is in, as the number of changes before it; null: all are in the present one. */
  #versions: Uint32Array | null = null;
  #version = 0;
  /** Whether more than the form and a slot's figures is to be looked at. */
  #isSpecial = false;
  /** null: nobody waits. */
  #spokenFor: SpokenFor | null = null;
  /** null: no estimate is unsettled that may come back. */
  #loans: Loans | null = null;
  /** The last of them is of the version before the present one. */
  #past: PastForm[] = [];

  /** @param moment `HostTime.moment` */
  constructor(form: BucketForm, moment: Float64Array, atMicros: number) {
    this.#form = form;
    this.#moment = moment;
    this.#sinceMicros = atMicros;
    this.#slots[LEVEL] = form.cap;
    this.#slots[FILLED_AT] = atMicros;
    this.#tellSpecial();
  }

  /** The way of nearly all decisions is written out: what the compiler would not take into one function costs. */
  take(slot: number, cost: number, wait: Float64Array): boolean {
    if (this.#isSpecial) return this.#takeStepwise(slot, cost, wait);
    const slots = this.#slots;
    const at = slot * STRIDE;
    // Within one reading of the clock nothing is earned.
    if ((this.#moment[0] ?? 0) > (slots[at + FILLED_AT] ?? 0)) this.#refill(slot);
    const left = (slots[at + LEVEL] ?? 0) - cost * this.#form.scale;
    if (left >= 0) {
      slots[at + LEVEL] = left;
      return true;
    }
    this.waitFor(slot, cost, wait);
    return false;
  }

  hasRoom(slot: number, cost: number): boolean {
    this.#refill(slot);
    const wanted = this.#spokenFor === null ? cost : cost + this.#spokenFor.of(slot);
    return levelsFor(this.#form, wanted) <= (this.#slots[slot * STRIDE + LEVEL] ?? 0);
  }

  waitFor(slot: number, cost: number, wait: Float64Array): void {
    const levels = levelsFor(this.#form, cost);
    const at = slot * STRIDE;
    const wanted = levelsFor(this.#form, cost + this.#aheadOf(slot));
    const missing = wanted - (this.#slots[at + LEVEL] ?? 0);
    const { cap, refill, tickMicros } = this.#form;
    if (levels > cap || refill === 0) wait[0] = NEVER;
    else {
      const filledAt = this.#slots[at + FILLED_AT] ?? 0;
      wait[0] = filledAt + Math.ceil(missing / refill) * tickMicros - (this.#moment[0] ?? 0);
    }
  }

  charge(slot: number, cost: number): void {
    const at = slot * STRIDE + LEVEL;
    this.#slots[at] = (this.#slots[at] ?? 0) - levelsFor(this.#form, cost);
  }

  owe(slot: number, cost: number): void {
    this.#refill(slot);
    const at = slot * STRIDE + LEVEL;
    const level = (this.#slots[at] ?? 0) - levelsFor(this.#form, cost);
    this.#slots[at] = Math.max(level, -DEBT_MAX);
  }

  reserve(slot: number, cost: number): boolean {
    if (cost + this.#aheadOf(slot) > AHEAD_MAX) return false;
    this.keep(slot, cost);
    return true;
  }

  giveUp(slot: number, cost: number): void {
    this.#spokenFor?.add(slot, -cost);
    if (this.#spokenFor?.isEmpty === true) this.#spokenFor = null;
    this.#tellSpecial();
  }

  keep(slot: number, cost: number): void {
    this.#spokenFor ??= new SpokenFor();
    this.#spokenFor.add(slot, cost);
    this.#tellSpecial();
  }

  lift(slot: number): number {
    return this.#spokenFor?.lift(slot) ?? 0;
  }

  putBack(slot: number, amount: number): void {
    if (amount > 0) this.keep(slot, amount);
  }

  /** Of what was charged last. */
  lend(slot: number, cost: number): Loan {
    this.#loans ??= new Loans();
    const loan = this.#loans.lend(slot, cost);
    this.#tellSpecial();
    return loan;
  }

  giveBack(slot: number, cost: number, _atMicros: number, loan: Loan | null): void {
    this.#refill(slot);
    const form = this.#form;
    const back = loan === null ? 0 : (this.#loans?.end(slot, loan, cost) ?? 0);
    const units = form.grain === 1 ? back : Math.floor(back / form.grain);
    const at = slot * STRIDE + LEVEL;
    this.#slots[at] = Math.min(form.cap, (this.#slots[at] ?? 0) + units * form.scale);
  }

  /**
   * Takes on another limit from `atMicros` on. What had been saved up by then stays, rounded down to
   * the new form's smallest step and cut to its burst: neither a raise nor a cut hands out anything.
   * A slot among many is carried over when it is asked next; of the time before the latest change it
   * then gets what it earned until the first.
   */
  change(form: BucketForm, atMicros: number): void {
    this.#past.push({ form: this.#form, untilMicros: this.#frozenAt ?? atMicros });
    if (this.#past.length > PAST_FORMS_MAX) this.#past.shift();
    this.#version += 1;
    this.#form = form;
    this.#sinceMicros = atMicros;
    this.#frozenAt = null;
    const slots = this.#slots.length / STRIDE;
    if (slots === 1) this.#carry(ONLY_SLOT, this.#version - 1);
    else this.#versions ??= new Uint32Array(slots).fill(this.#version - 1);
    this.#tellSpecial();
  }

  /** Nothing is in hand any more: what was counted otherwise before hands out nothing here. */
  exhaust(slot: number): void {
    this.#slots[slot * STRIDE + LEVEL] = 0;
  }

  /** Blocked from `atMicros` on: nothing is saved up until the next change. */
  freeze(atMicros: number): void {
    this.#frozenAt ??= atMicros;
    this.#tellSpecial();
  }

  grow(slots: number): void {
    this.#slots = grownTo(this.#slots, slots * STRIDE);
    if (this.#versions === null) return;
    const versions = new Uint32Array(slots);
    versions.set(this.#versions);
    this.#versions = versions;
  }

  begin(slot: number): void {
    this.#loans?.forget(slot);
    if (this.#versions !== null) this.#versions[slot] = this.#version;
    this.#slots[slot * STRIDE + LEVEL] = this.#form.cap;
    this.#slots[slot * STRIDE + FILLED_AT] = this.#moment[0] ?? 0;
  }

  isIdle(slot: number): boolean {
    if (this.#aheadOf(slot) > 0) return false;
    this.#refill(slot);
    return (this.#slots[slot * STRIDE + LEVEL] ?? 0) === this.#form.cap;
  }

  #tellSpecial(): void {
    const isSteady = this.#versions === null && this.#frozenAt === null;
    const isPlain = isSteady && this.#spokenFor === null && this.#loans === null;
    this.#isSpecial = !isPlain || this.#form.grain !== 1;
  }

  #aheadOf(slot: number): number {
    return this.#spokenFor?.of(slot) ?? 0;
  }

  #takeStepwise(slot: number, cost: number, wait: Float64Array): boolean {
    const hasRoom = this.hasRoom(slot, cost);
    if (hasRoom) this.charge(slot, cost);
    else this.waitFor(slot, cost, wait);
    return hasRoom;
  }

  #refill(slot: number): void {
    if (this.#versions !== null && this.#versions[slot] !== this.#version) {
      this.#carry(slot, this.#versions[slot] ?? 0);
    }
    if (this.#frozenAt === null) fill(this.#slots, slot, this.#form, this.#moment[0] ?? 0);
    if (this.#loans !== null) this.#limitLoans(slot, this.#loans);
  }

  /** What the bucket has earned meanwhile does not come back a second time. */
  #limitLoans(slot: number, loans: Loans): void {
    const { cap, scale, grain } = this.#form;
    const lacking = cap - (this.#slots[slot * STRIDE + LEVEL] ?? 0);
    loans.atMost(slot, Math.floor(lacking / scale) * grain);
    if (!loans.isEmpty) return;
    this.#loans = null;
    this.#tellSpecial();
  }

  #carry(slot: number, version: number): void {
    const slots = this.#slots;
    const at = slot * STRIDE;
    const between = this.#past.slice(version - this.#version);
    const old = between[0];
    const isKnown = old !== undefined && between.length === this.#version - version;
    if (isKnown) fill(slots, slot, old.form, old.untilMicros);
    slots[at + LEVEL] = isKnown ? carried(slots[at + LEVEL] ?? 0, between, this.#form) : 0;
    // The rest of a tick was earned under the old rate.
    slots[at + FILLED_AT] = Math.max(slots[at + FILLED_AT] ?? 0, this.#sinceMicros);
    if (this.#versions !== null) this.#versions[slot] = this.#version;
  }
}

/** What a cost is in level units; inexact only where it is more than any level. */
function levelsFor(form: BucketForm, cost: number): number {
  return (form.grain === 1 ? cost : Math.ceil(cost / form.grain)) * form.scale;
}

/** What is earned past 2^53 is counted inexactly, and is more than any burst lacks. */
function fill(slots: Float64Array, slot: number, form: BucketForm, untilMicros: number): void {
  const at = slot * STRIDE;
  const filledAt = slots[at + FILLED_AT] ?? 0;
  const elapsed = untilMicros - filledAt;
  if (elapsed <= 0) return;
  const ticks = form.tickMicros === 1 ? elapsed : Math.floor(elapsed / form.tickMicros);
  slots[at + FILLED_AT] = filledAt + ticks * form.tickMicros;
  const level = (slots[at + LEVEL] ?? 0) + ticks * form.refill;
  slots[at + LEVEL] = level < form.cap ? level : form.cap;
}

/** A level of the first of the forms, in the level units of `to`, cut to the least burst since. */
function carried(level: number, forms: readonly PastForm[], to: BucketForm): number {
  const from = forms[0]?.form ?? to;
  const scaled = BigInt(level) * BigInt(from.grain) * BigInt(to.scale);
  const divisor = BigInt(from.scale) * BigInt(to.grain);
  // Rounded down, a debt too.
  const exact = scaled / divisor - (scaled < 0n && scaled % divisor !== 0n ? 1n : 0n);
  let most = BigInt(to.cap);
  for (const { form } of forms.slice(1)) {
    const cut = (BigInt(form.capUnits) * BigInt(form.grain) * BigInt(to.scale)) / BigInt(to.grain);
    if (cut < most) most = cut;
  }
  return Number(exact < most ? exact : most);
}
