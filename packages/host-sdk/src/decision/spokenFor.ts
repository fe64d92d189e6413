/**
 * What those who wait for their turn will take of a limit, by slot. Whoever asks finds that much less room, but
 * for the one whose turn it is. Apart from the slots, for few of them have anybody waiting.
 */
export class SpokenFor {
  readonly #bySlot = new Map<number, number>();

  of(slot: number): number {
    return this.#bySlot.get(slot) ?? 0;
  }

  /** @param amount negative: nobody waits for it any more */
  add(slot: number, amount: number): void {
    const left = this.of(slot) + amount;
    if (left > 0) this.#bySlot.set(slot, left);
    else this.#bySlot.delete(slot);
  }

  /** Nothing counts as spoken for until it is put back, with `add`. */
  lift(slot: number): number {
    const amount = this.of(slot);
    this.#bySlot.delete(slot);
    return amount;
  }

  get isEmpty(): boolean {
    return this.#bySlot.size === 0;
  }
}
