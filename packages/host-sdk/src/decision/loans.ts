/** What was charged by an estimate, and how much of it may still come back. */
export interface Loan {
  left: number;
}

interface SlotLoans {
  sum: number;
  /** The oldest first. */
  readonly loans: Set<Loan>;
}

/** Estimates of one slot that are not settled; of more the oldest stays charged. Each takes some 100 bytes. */
const LOANS_MAX = 10_000;

/**
 * Estimates that a bucket was charged and that may come back. A bucket that had been charged what was used, and no
 * more, would be fuller by what comes back, but never fuller than full: what it lacked after each refill is the most
 * that may still come back, for all estimates together. The oldest lose first, so each loan ends once.
 */
export class Loans {
  readonly #bySlot = new Map<number, SlotLoans>();

  get isEmpty(): boolean {
    return this.#bySlot.size === 0;
  }

  /** Of what the slot was charged at the same moment. */
  lend(slot: number, amount: number): Loan {
    const loan = { left: amount };
    if (amount === 0) return loan;
    let of = this.#bySlot.get(slot);
    if (of === undefined) {
      of = { sum: 0, loans: new Set() };
      this.#bySlot.set(slot, of);
    }
    of.sum += amount;
    of.loans.add(loan);
    const [oldest] = of.loans.size > LOANS_MAX ? of.loans : [];
    if (oldest !== undefined) this.end(slot, oldest, 0);
    return loan;
  }

  /** The slot lacks so much: no more can come back. */
  atMost(slot: number, lacking: number): void {
    const of = this.#bySlot.get(slot);
    if (of === undefined) return;
    for (const loan of of.loans) {
      const over = of.sum - lacking;
      if (over <= 0) return;
      const less = Math.min(over, loan.left);
      loan.left -= less;
      of.sum -= less;
      if (loan.left === 0) of.loans.delete(loan);
    }
    if (of.loans.size === 0) this.#bySlot.delete(slot);
  }

  /** @returns how much of the unused amount comes back */
  end(slot: number, loan: Loan, unused: number): number {
    const of = this.#bySlot.get(slot);
    if (of?.loans.delete(loan) !== true) return 0;
    of.sum -= loan.left;
    if (of.loans.size === 0) this.#bySlot.delete(slot);
    return Math.min(unused, loan.left);
  }

  /** The slot is somebody else's. */
  forget(slot: number): void {
    this.#bySlot.delete(slot);
  }
}
