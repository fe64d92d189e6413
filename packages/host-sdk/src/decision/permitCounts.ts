import { grownTo, ONLY_SLOT } from './limitState.ts';
import type { KeyedState } from './limitState.ts';
import { NEVER } from './verdict.ts';

/** Nobody knows when a permit comes back, so a delayed request asks again soon: 10 ms. */
const RETRY_MICROS = 10_000;

/** Permits in use, counted whether or not a limit stands there now. */
export class PermitCounts implements KeyedState {
  /** The limit's, while one is in force; the path does not ask otherwise. */
  max = Infinity;
  #inUse = new Float64Array(1);

  inUse(slot: number): number {
    return this.#inUse[slot] ?? 0;
  }

  take(slot: number, units: number, wait: Float64Array): boolean {
    if (this.hasRoom(slot, units)) {
      this.charge(slot, units);
      return true;
    }
    this.waitFor(slot, units, wait);
    return false;
  }

  hasRoom(slot: number, units: number): boolean {
    return (this.#inUse[slot] ?? 0) + units <= this.max;
  }

  waitFor(_slot: number, units: number, wait: Float64Array): void {
    wait[0] = units > this.max ? NEVER : RETRY_MICROS;
  }

  charge(slot: number, units: number): void {
    this.#inUse[slot] = (this.#inUse[slot] ?? 0) + units;
  }

  /** Takes permits in or, when negative, out of the only slot. */
  add(units: number): void {
    this.#inUse[ONLY_SLOT] = (this.#inUse[ONLY_SLOT] ?? 0) + units;
  }

  /** As many are in use here as there. */
  follow(other: PermitCounts): void {
    this.#inUse[ONLY_SLOT] = other.inUse(ONLY_SLOT);
  }

  owe(slot: number, units: number): void {
    this.charge(slot, units);
  }

  /** Nobody knows when a permit comes back: no place can be kept, and so none given up. */
  reserve(): boolean {
    return false;
  }

  giveUp(): void {
    // Nothing was kept.
  }

  keep(): void {
    // Nothing was kept.
  }

  lift(): number {
    return 0;
  }

  putBack(): void {
    // Nothing was lifted.
  }

  giveBack(slot: number, units: number): void {
    this.#inUse[slot] = Math.max(0, (this.#inUse[slot] ?? 0) - units);
  }

  grow(slots: number): void {
    this.#inUse = grownTo(this.#inUse, slots);
  }

  begin(slot: number): void {
    this.#inUse[slot] = 0;
  }

  isIdle(slot: number): boolean {
    return this.#inUse[slot] === 0;
  }
}
