import type { WindowForm } from '@prorata/quota-model/hosts';
import type { HostTime } from './hostClock.ts';
import { grownTo } from './limitState.ts';
import type { KeyedState } from './limitState.ts';
import { NEVER } from './verdict.ts';
import { sameWindow, windowAt } from './windowAt.ts';

/** Of a slot: what was used, in the window that ends when, and what of the next one is spoken for. */
const USED = 0;
const WINDOW_END = 1;
const NEXT = 2;
const STRIDE = 3;

/** Amounts per fixed window, as this host alone has counted them since it started. */
export class WindowCounts implements KeyedState {
  readonly #time: HostTime;
  readonly #moment: Float64Array;
  #form: WindowForm;
  #amount: number;
  /** [0]: the end of the window that was last asked about, which all slots in it share. */
  readonly #end = new Float64Array([-Infinity]);
  #slots = new Float64Array(STRIDE);

  constructor(time: HostTime, form: WindowForm, amount: number) {
    this.#time = time;
    this.#moment = time.moment;
    this.#form = form;
    this.#amount = amount;
  }

  /** What was used in the window stays used; under another window it counts until that one ends. */
  change(form: WindowForm, amount: number, atMicros: number): void {
    this.#amount = amount;
    const wall = this.#time.wallOf(atMicros);
    if (sameWindow(form, this.#form)) return;
    const before = this.#end[0] ?? 0;
    this.#form = form;
    this.#end[0] = windowAt(form, wall).end;
    for (let at = 0; at < this.#slots.length; at += STRIDE) {
      if (this.#slots[at + WINDOW_END] === before && wall < before) {
        this.#slots[at + WINDOW_END] = this.#end[0];
      }
    }
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
    this.#roll(slot);
    return cost <= this.#amount - (this.#slots[slot * STRIDE + USED] ?? 0);
  }

  waitFor(slot: number, cost: number, wait: Float64Array): void {
    if (cost > this.#amount) {
      wait[0] = NEVER;
      return;
    }
    const end = this.#end[0] ?? 0;
    const isNextFull = cost > this.#amount - (this.#slots[slot * STRIDE + NEXT] ?? 0);
    wait[0] = (isNextFull ? windowAt(this.#form, end).end : end) - this.#wall();
  }

  charge(slot: number, cost: number): void {
    const at = slot * STRIDE + USED;
    this.#slots[at] = (this.#slots[at] ?? 0) + cost;
  }

  owe(slot: number, cost: number): void {
    this.#roll(slot);
    this.charge(slot, cost);
  }

  /** In the next window, as far as it goes. */
  reserve(slot: number, cost: number): boolean {
    const at = slot * STRIDE + NEXT;
    const spokenFor = (this.#slots[at] ?? 0) + cost;
    if (spokenFor > this.#amount) return false;
    this.#slots[at] = spokenFor;
    return true;
  }

  giveUp(slot: number, cost: number, atMicros: number): void {
    this.#roll(slot);
    if (this.#time.wallOf(atMicros) < (this.#end[0] ?? 0)) {
      this.giveBack(slot, cost, atMicros);
      return;
    }
    const at = slot * STRIDE + NEXT;
    this.#slots[at] = Math.max(0, (this.#slots[at] ?? 0) - cost);
  }

  /** What was spoken for is used since the window began. */
  keep(slot: number, cost: number): void {
    this.owe(slot, cost);
  }

  /** All who speak for the window fit into it together: none stands in the way of another. */
  lift(): number {
    return 0;
  }

  putBack(): void {
    // Nothing was lifted.
  }

  giveBack(slot: number, cost: number, atMicros: number): void {
    this.#roll(slot);
    const { start } = windowAt(this.#form, this.#wall());
    if (this.#time.wallOf(atMicros) < start) return;
    const at = slot * STRIDE + USED;
    this.#slots[at] = Math.max(0, (this.#slots[at] ?? 0) - cost);
  }

  /** What was used in the window of the moment, and when that ends, by the wall clock. */
  usedNow(slot: number): { readonly used: number; readonly end: number } {
    this.#roll(slot);
    return { used: this.#slots[slot * STRIDE + USED] ?? 0, end: this.#end[0] ?? 0 };
  }

  grow(slots: number): void {
    this.#slots = grownTo(this.#slots, slots * STRIDE);
  }

  begin(slot: number): void {
    this.#slots[slot * STRIDE + USED] = 0;
    this.#slots[slot * STRIDE + NEXT] = 0;
    this.#slots[slot * STRIDE + WINDOW_END] = this.#end[0] ?? 0;
  }

  isIdle(slot: number): boolean {
    this.#roll(slot);
    const at = slot * STRIDE;
    return this.#slots[at + USED] === 0 && this.#slots[at + NEXT] === 0;
  }

  #wall(): number {
    return (this.#moment[0] ?? 0) + this.#time.wallAheadMicros;
  }

  /** A wall clock that was set back does not open a window anew. */
  #roll(slot: number): void {
    const wall = this.#wall();
    if (wall >= (this.#end[0] ?? 0)) this.#end[0] = windowAt(this.#form, wall).end;
    const at = slot * STRIDE;
    if (this.#slots[at + WINDOW_END] === this.#end[0]) return;
    const isNext = windowAt(this.#form, wall).start === this.#slots[at + WINDOW_END];
    this.#slots[at + WINDOW_END] = this.#end[0] ?? 0;
    this.#slots[at + USED] = isNext ? (this.#slots[at + NEXT] ?? 0) : 0;
    this.#slots[at + NEXT] = 0;
  }
}
