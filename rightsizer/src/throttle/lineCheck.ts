import { decimalOf, picosOf } from '@prorata/quota-model';
import type { ChargeLine } from '../ledger/chargeLine.ts';

/**
 * Holds an organization's lines against what the table has: units beside units, and each line's money beside its
 * units times its price. Cheap, and made anew at each look: nobody is cut on a ledger that does not add up.
 */
export class LineCheck {
  readonly #since: bigint;
  #used = 0n;
  #fault: string | null = null;

  /** @param since microseconds: closed periods before it are what they were, and are verified elsewhere */
  constructor(since: bigint) {
    this.#since = since;
  }

  /** @param picos the line's cost */
  add(line: ChargeLine, picos: bigint | null): void {
    if (line.category !== 'usage' || line.correction) return;
    if (line.charge.start < this.#since) return;
    this.#used += line.used;
    const { price, charged } = line;
    if (price === null || picos === null || price.steps.length > 0) return;
    const off = picos * price.perUnits - charged * picosOf(price.amount);
    // A line's money is the difference of two rounded sums.
    if (off <= price.perUnits && -off <= price.perUnits) return;
    this.#fault ??= `${charged} of ${line.application ?? ''}/${line.resource ?? ''} at ${price.amount} per ${price.perUnits} are not ${decimalOf(picos)}`;
  }

  /** @param used units that the table has since then. @returns null: it adds up */
  differs(used: bigint): string | null {
    if (this.#fault !== null) return this.#fault;
    return this.#used === used ? null : `the lines have ${this.#used} used, and the table ${used}`;
  }
}
