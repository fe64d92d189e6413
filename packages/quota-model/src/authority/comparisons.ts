import { COMPARISONS_PER_DECISION_MAX } from '../modelBounds.ts';

/** How much of what is in force one decision may still compare, over all of its steps. */
export class Comparisons {
  #left = COMPARISONS_PER_DECISION_MAX;

  /** Whether there was one left. Who finds none must take what it did not compare for looser. */
  take(): boolean {
    this.#left -= 1;
    return this.#left >= 0;
  }
}

/** What is said of a raise that may be none, in the words of a refusal. */
export const TOO_MANY_TO_COMPARE = `more than ${COMPARISONS_PER_DECISION_MAX} limits to compare with cuts at once`;
