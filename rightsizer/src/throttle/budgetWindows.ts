import type { BudgetWindow } from '@prorata/schemas';

/** Half-open, microseconds since the epoch. */
export interface TimeWindow {
  readonly start: bigint;
  readonly end: bigint;
}

const DAY_MS = 86_400_000;

/**
 * The budget's window that holds at `now`. Calendar windows begin at the first moment of a day, a week
 * or a month in the time zone, so a day is 23 to 25 hours long where clocks change.
 * @param now microseconds
 * @returns null when the budget's window makes no sense, such as an unknown time zone
 */
export function windowAt(window: BudgetWindow, now: bigint): TimeWindow | null {
  if (window.kind === 'fixed') return fixedWindow(window, now);
  try {
    return calendarWindow(window, now);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function fixedWindow({ lengthMicros, anchor }: BudgetWindow, now: bigint): TimeWindow | null {
  if (lengthMicros === null || lengthMicros <= 0n) return null;
  const since = now - (anchor ?? 0n);
  const start = now - (((since % lengthMicros) + lengthMicros) % lengthMicros);
  return { start, end: start + lengthMicros };
}

interface CivilDate {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
}

function calendarWindow({ kind, timeZone, count }: BudgetWindow, now: bigint): TimeWindow {
  const date = civilDate(Number(now / 1_000n), timeZone);
  const [first, next] = kind === 'calendar_month' ? months(date, count) : days(date, count);
  return { start: firstMoment(first, timeZone), end: firstMoment(next, timeZone) };
}

/** Months are counted from January, so that years are divided alike. */
function months({ year, month }: CivilDate, count: number): [number, number] {
  const first = month - 1 - ((month - 1) % count);
  return [Date.UTC(year, first, 1), Date.UTC(year, first + count, 1)];
}

/** The day, or the week: seven days, of which Monday is the first. */
function days({ year, month, day }: CivilDate, count: number): [number, number] {
  const sinceMonday = (new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 6) % 7;
  const first = day - (sinceMonday % count);
  return [Date.UTC(year, month - 1, first), Date.UTC(year, month - 1, first + count)];
}

/**
 * The first moment of a civil day. Found by halving, since a day may begin at another time than
 * midnight: where clocks go forward at midnight, at one o'clock.
 * @param utcMidnight the day, as its midnight in UTC
 */
function firstMoment(utcMidnight: number, timeZone: string): bigint {
  // No zone is further than a day from UTC.
  let before = utcMidnight - DAY_MS;
  let after = utcMidnight + DAY_MS;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    const { year, month, day } = civilDate(middle, timeZone);
    if (Date.UTC(year, month - 1, day) < utcMidnight) before = middle;
    else after = middle;
  }
  return BigInt(after) * 1_000n;
}

const formats = new Map<string, Intl.DateTimeFormat>();
/** There are about 420 zones, and as many aliases again. */
const FORMATS_MAX = 1_000;

function civilDate(milliseconds: number, timeZone: string): CivilDate {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
    });
    if (formats.size < FORMATS_MAX) formats.set(timeZone, format);
  }
  const parts = new Map(
    format.formatToParts(milliseconds).map(({ type, value }) => [type, Number(value)]),
  );
  return {
    year: parts.get('year') ?? NaN,
    month: parts.get('month') ?? NaN,
    day: parts.get('day') ?? NaN,
  };
}
