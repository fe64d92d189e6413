/** The first thing wrong with the log, as `verify` prints it. */
export interface BadEvent {
  readonly partition: number | null;
  /** null: the event is missing, or the copy does not say. */
  readonly offset: bigint | null;
  readonly stream: string | null;
  readonly streamVersion: bigint | null;
  readonly problem: string;
}

/** A finding and where it ranks: by offset; of several at one offset the first found counts. */
export class Findings {
  #first: BadEvent | null = null;

  get first(): BadEvent | null {
    return this.#first;
  }

  add(bad: BadEvent): void {
    if (this.#first === null || rank(bad) < rank(this.#first)) this.#first = bad;
  }
}

/** What is missing stands behind whatever is there. */
function rank({ offset }: BadEvent): bigint {
  return offset ?? 2n ** 64n;
}
