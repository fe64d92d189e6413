import type { SpendDay } from './spendHistory.ts';

/** Money per day of days that are over, from the first that had any. */
export interface DailyRates {
  /** Where the first of them begins, microseconds. */
  readonly from: bigint;
  /** One a day; NaN: unknown. */
  readonly values: Float64Array;
}

/** Days that are so far back say little of what comes, and bound the work. */
const DAYS_MAX = 120n;
/** A day of a time zone has 23 hours at least; what is shorter is a day that is not over. */
const WHOLE_DAY_SHARE = 0.95;

/**
 * Each day's money as if it were `dayMicros` long, so that days of 23 and 25 hours compare. Nothing before
 * the first spending counts: the project was not there yet.
 */
export function dailyRates(
  days: readonly SpendDay[],
  now: bigint,
  dayMicros: bigint,
): DailyRates | null {
  const over = days.filter(
    ({ start, end }) => end <= now && share(end - start, dayMicros) >= WHOLE_DAY_SHARE,
  );
  const oldest = (over.at(-1)?.start ?? 0n) - DAYS_MAX * dayMicros;
  const whole = over.filter(({ start }) => start > oldest);
  const first = whole.find(({ money }) => Number(money) !== 0) ?? whole[0];
  const last = whole.at(-1);
  if (first === undefined || last === undefined) return null;
  const indexOf = (start: bigint): number => Math.round(share(start - first.start, dayMicros));
  const values = new Float64Array(indexOf(last.start) + 1).fill(NaN);
  for (const { start, end, money } of whole) {
    if (start >= first.start)
      values[indexOf(start)] = Number(money) / share(end - start, dayMicros);
  }
  return { from: first.start, values };
}

function share(micros: bigint, dayMicros: bigint): number {
  return Number(micros) / Number(dayMicros);
}
