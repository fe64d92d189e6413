import { ONLY_SLOT } from './limitState.ts';
import type { KeyedState } from './limitState.ts';

/** What all keys that found no slot share: one more limit of the same size, for all of them together. */
export const OVERFLOW_SLOT = ONLY_SLOT;
/** Keys looked at for an idle one when there is no slot left: bounds what one decision can cost. */
const LOOKED_AT_MAX = 8;
/** Slots that a rule's keys begin with. */
const FIRST_SLOTS = 16;

/** The keys of all rules of a host together, with what became of those that there was no room for. */
export interface KeyBudget {
  readonly max: number;
  used: number;
  /** Keys forgotten that had used nothing lately: they lost nothing. */
  evictedIdle: number;
  /** Keys forgotten with what they held, because their limit went or is counted otherwise now. */
  evictedActive: number;
  /** Decisions about keys that found no slot, made by the limit that such keys share. */
  overflowed: number;
}

export const newKeyBudget = (max: number): KeyBudget => ({
  max,
  used: 0,
  evictedIdle: 0,
  evictedActive: 0,
  overflowed: 0,
});

/**
 * A limit's slots by key. There are never more than the budget has. When there is none left, a key
 * that is idle gives up its own, for it loses nothing; where none is idle, the new key shares the
 * overflow slot. A key with something used is never forgotten to make room.
 */
export class KeySlots {
  readonly state: KeyedState;
  readonly #budget: KeyBudget;
  readonly #slots = new Map<string, number>();
  #capacity = 1;
  #next = 1;
  readonly #free: number[] = [];
  /** Made when idle keys are looked for: it keeps all former tables of a map that grows meanwhile. */
  #cursor: MapIterator<[string, number]> | null = null;

  constructor(state: KeyedState, budget: KeyBudget) {
    this.state = state;
    this.#budget = budget;
  }

  get size(): number {
    return this.#slots.size;
  }

  /** The key's own slot, made if there is room, or else OVERFLOW_SLOT. */
  slotOf(key: string): number {
    return this.#slots.get(key) ?? this.#admit(key);
  }

  /** The key's own slot if it has one, or else OVERFLOW_SLOT: for what needs none, as peeking. */
  knownSlotOf(key: string): number | undefined {
    return this.#slots.get(key);
  }

  /** Forgets idle keys among the next `count`; a round of all takes as many calls as it takes. */
  sweep(count: number): void {
    for (let looked = 0; looked < count && this.#slots.size > 0; looked += 1) this.#lookAtNext();
  }

  /** The keys that hold something go, for whoever counts them from now on. */
  takeActive(): string[] {
    const active = [...this.#slots].filter(([, slot]) => !this.state.isIdle(slot));
    for (const [key] of active) this.#slots.delete(key);
    this.#budget.used -= active.length;
    return active.map(([key]) => key);
  }

  /** All keys go, with what they hold. */
  drop(): void {
    for (const slot of this.#slots.values()) {
      if (this.state.isIdle(slot)) this.#budget.evictedIdle += 1;
      else this.#budget.evictedActive += 1;
    }
    this.#budget.used -= this.#slots.size;
    this.#slots.clear();
  }

  #admit(key: string): number {
    if (this.#budget.used >= this.#budget.max) this.#evictOne();
    if (this.#budget.used >= this.#budget.max) {
      this.#budget.overflowed += 1;
      return OVERFLOW_SLOT;
    }
    const slot = this.#free.pop() ?? this.#fresh();
    this.#slots.set(key, slot);
    this.#budget.used += 1;
    this.state.begin(slot);
    return slot;
  }

  #fresh(): number {
    if (this.#next >= this.#capacity) {
      const doubled = Math.max(FIRST_SLOTS, this.#capacity * 2);
      this.#capacity = Math.min(doubled, this.#budget.max + 1);
      this.state.grow(this.#capacity);
    }
    this.#next += 1;
    return this.#next - 1;
  }

  #evictOne(): void {
    for (let looked = 0; looked < LOOKED_AT_MAX; looked += 1) if (this.#lookAtNext()) return;
  }

  /** @returns whether a key was idle and went */
  #lookAtNext(): boolean {
    this.#cursor ??= this.#slots.entries();
    const next = this.#cursor.next();
    if (next.done === true) {
      this.#cursor = null;
      return false;
    }
    const [key, slot] = next.value;
    if (!this.state.isIdle(slot)) return false;
    this.#slots.delete(key);
    this.#free.push(slot);
    this.#budget.used -= 1;
    this.#budget.evictedIdle += 1;
    return true;
  }
}
