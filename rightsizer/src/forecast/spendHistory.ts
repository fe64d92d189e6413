import type { TimeWindow } from '../throttle/budgetWindows.ts';

/** What was spent in one day; half-open, microseconds. */
export interface SpendDay extends TimeWindow {
  /** An exact decimal; negative where credits are more than what was used. */
  readonly money: string;
}

/**
 * What was spent day by day: the window so far and what lies before it. A day is that of the time zone, 23 to
 * 25 hours long, and starts where the one before it ends; a day that is left out is unknown, one without
 * usage says 0. The last may be the day that is not over.
 */
export interface SpendHistory {
  readonly days: readonly SpendDay[];
}
