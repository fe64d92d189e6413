import type { BudgetWindow } from '@prorata/schemas';
import { windowAt } from './budgetWindows.ts';
import type { TimeWindow } from './budgetWindows.ts';

/** The windows that hold at one moment: most budgets share a few, and finding where a civil day begins is dear. */
export class WindowsNow {
  readonly #now: bigint;
  readonly #known = new Map<string, TimeWindow | null>();

  /** @param now microseconds */
  constructor(now: bigint) {
    this.#now = now;
  }

  /** See `windowAt`. */
  at(window: BudgetWindow): TimeWindow | null {
    const { kind, timeZone, count, lengthMicros, anchor } = window;
    const key = `${kind} ${timeZone} ${count} ${lengthMicros ?? ''} ${anchor ?? ''}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const found = windowAt(window, this.#now);
    this.#known.set(key, found);
    return found;
  }
}
