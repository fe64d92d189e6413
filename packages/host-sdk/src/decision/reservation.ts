import type { RequestMeter } from '../usage/requestMeter.ts';
import { OVERFLOW_SLOT } from './keySlots.ts';
import type { Loan } from './loans.ts';
import type { PathLimit, PathResource } from './quotaPath.ts';
import type { Attributes } from './ruleMatch.ts';
import { keyFor } from './slotChoice.ts';
import { isAdmitted } from './verdict.ts';
import type { Verdict } from './verdict.ts';

/** An amount that was charged by an estimate, before what it is was known. */
export interface Reservation {
  readonly verdict: Verdict;
  /**
   * Says what was used: the rest comes back, or what is more is owed, so that later requests wait
   * for it. Counts once; without it the estimate stays charged. Of a refused one it does nothing.
   * @throws RangeError for what is no amount
   */
  settle(used: number): void;
}

/** One limit that was charged, and under which key. */
interface Charge {
  readonly limit: PathLimit;
  readonly slot: number;
  readonly key: string;
  readonly loan: Loan | null;
}

export class ChargedReservation implements Reservation {
  readonly verdict: Verdict;
  readonly #reserved: number;
  readonly #atMicros: number;
  readonly #meter: RequestMeter | null;
  readonly #tick: () => void;
  #charges: readonly Charge[];
  #isOpen: boolean;

  /** Right after the decision, while the limits still say which of them were lacking. */
  constructor(
    entry: PathResource,
    verdict: Verdict,
    reserved: number,
    asker: { readonly attributes: Attributes; readonly key: string },
    time: { readonly atMicros: number; readonly tick: () => void },
  ) {
    this.verdict = verdict;
    this.#reserved = reserved;
    this.#atMicros = time.atMicros;
    this.#tick = time.tick;
    this.#meter = entry.meter;
    this.#isOpen = isAdmitted(verdict);
    // A limit over which the request went on all the same was not charged.
    const asked = [...entry.amounts, ...entry.trials];
    const charged = this.#isOpen ? asked.filter(({ lacking }) => !lacking) : [];
    this.#charges = charged.map((limit) => ({
      limit,
      slot: limit.slot,
      key: keyFor(limit, asker.attributes, asker.key),
      loan: limit.state?.lend?.(limit.slot, reserved) ?? null,
    }));
  }

  settle(used: number): void {
    if (!Number.isSafeInteger(used) || used < 0) {
      throw new RangeError(`What was used is a whole number from 0 to 2^53-1, not ${used}.`);
    }
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#tick();
    const more = used - this.#reserved;
    for (const charge of this.#charges) this.#settleOne(charge, more);
    this.#charges = [];
    this.#meter?.settle(more);
  }

  #settleOne({ limit: { state, keys }, slot, key, loan }: Charge, more: number): void {
    // A key that was forgotten since was full again: its slot may be somebody else's.
    if (keys !== null && slot !== OVERFLOW_SLOT && keys.knownSlotOf(key) !== slot) return;
    if (more > 0) state?.owe(slot, more);
    state?.giveBack(slot, Math.max(0, -more), this.#atMicros, loan);
  }
}

/** Where no rule could be asked: there is nothing to settle. */
export const unboundReservation = (verdict: Verdict): Reservation => ({
  verdict,
  settle: () => undefined,
});
