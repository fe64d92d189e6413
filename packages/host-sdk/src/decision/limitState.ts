import type { Loan } from './loans.ts';

/**
 * What one limit holds, for as many slots as it has: one, or one for each key where a rule gives
 * every key a limit of its own. All of it reads the moment of the decision from `HostTime.moment`:
 * numbers handed through calls can become objects, and a decision makes none.
 */
export interface LimitState {
  /** `hasRoom`, then `charge` when there is, and `waitFor` when there is not. */
  take(slot: number, cost: number, wait: Float64Array): boolean;
  hasRoom(slot: number, cost: number): boolean;
  /**
   * After `hasRoom` has said no at the same moment: sets `wait[0]` to the microseconds until there
   * may be room, or to NEVER when the cost is more than the limit.
   */
  waitFor(slot: number, cost: number, wait: Float64Array): void;
  /** Takes what `hasRoom` has said there is room for at the same moment. */
  charge(slot: number, cost: number): void;
  /** Takes what is used already, room or none: the slot can come into debt. */
  owe(slot: number, cost: number): void;
  /**
   * Speaks for `cost` at a time to come, `wait[0]` microseconds from now, as `waitFor` has just said it: whoever
   * asks later finds less room then.
   * @returns false when no place can be kept so far ahead
   */
  reserve(slot: number, cost: number, wait: Float64Array): boolean;
  /** Gives a place up, that was spoken for at `atMicros`. */
  giveUp(slot: number, cost: number, atMicros: number): void;
  /** Speaks again for a place whose turn has come, and that was given up at the same moment. */
  keep(slot: number, cost: number): void;
  /** For the decision of the one whose turn it is: what others speak for does not count until it is put back. */
  lift(slot: number): number;
  putBack(slot: number, amount: number): void;
  /** Of what was just charged by an estimate, where it can come back by itself little by little. */
  lend?(slot: number, cost: number): Loan;
  /**
   * Returns a part of what was charged at `atMicros`, where it has not come back by itself since.
   * @param loan what `lend` gave of it; null: nothing
   */
  giveBack(slot: number, cost: number, atMicros: number, loan: Loan | null): void;
}

/** The slot of a limit that has no keys. */
export const ONLY_SLOT = 0;

/** A state whose slots come and go with keys. */
export interface KeyedState extends LimitState {
  /** Makes room for so many slots, those there are included. */
  grow(slots: number): void;
  /** The slot is somebody's from now on, who has used nothing yet. */
  begin(slot: number): void;
  /** Whether forgetting the slot loses nothing: `begin` would leave it as it is. */
  isIdle(slot: number): boolean;
}

export function grownTo(figures: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(length);
  grown.set(figures);
  return grown;
}
