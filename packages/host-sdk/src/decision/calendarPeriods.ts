import type { CalendarWindow } from '@prorata/quota-model/hosts';

const DAY_MS = 86_400_000;
/** Farther from UTC than any zone is or was since 1970, milliseconds. */
const OFFSET_MAX_MS = 16 * 3_600_000;
/** No zone changes its clock within a second. */
const STEP_MS = 1_000;
/** The epoch was a Thursday: so many days after a Monday. */
const EPOCH_WEEKDAY = 3;
/** More than anybody has different calendars in one application; each takes some KB. */
const CALENDARS_MAX = 1_000;

export interface Period {
  /** Inclusive and exclusive, microseconds since the epoch. */
  readonly start: number;
  readonly end: number;
}

/**
 * Days, weeks from Monday, or months in a time zone, as its clocks show them: 23 to 25 hours a day where they
 * change. A period begins at the first instant that has its date, be it not midnight, and a date that a zone
 * skipped is no period. Bounds come from the runtime's time zone data, are computed once a period, and are
 * kept for all limits of the same calendar, so that a midnight costs one computation.
 */
export class CalendarPeriods {
  readonly #form: CalendarWindow;
  readonly #dates: Intl.DateTimeFormat;
  #latest: Period | null = null;
  /** How often bounds were computed. */
  computed = 0;

  /** @throws RangeError when the runtime knows no such zone */
  constructor(form: CalendarWindow) {
    this.#form = form;
    this.#dates = new Intl.DateTimeFormat('en-US', {
      timeZone: form.zone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
    });
  }

  at(wallMicros: number): Period {
    const latest = this.#latest;
    if (latest !== null && wallMicros >= latest.start && wallMicros < latest.end) return latest;
    this.#latest = this.#compute(wallMicros);
    return this.#latest;
  }

  #compute(wallMicros: number): Period {
    this.computed += 1;
    let day = this.#dayAt(wallMicros / 1000);
    for (;;) {
      const [first, next] = this.#daysAround(day);
      const [start, end] = [this.#beginningOf(first), this.#beginningOf(next)];
      // A clock that was set back over midnight shows yesterday's date once more.
      if (wallMicros >= end) day = next;
      else if (wallMicros < start) day = first - 1;
      else return { start, end };
    }
  }

  /** The first day of the period that holds a day, and that of the next; days since 1970. */
  #daysAround(day: number): readonly [number, number] {
    const { unit, count } = this.#form;
    if (unit === 'day') return [day, day + 1];
    if (unit === 'week') {
      const monday = day - ((((day + EPOCH_WEEKDAY) % 7) + 7) % 7);
      return [monday, monday + 7];
    }
    const date = new Date(day * DAY_MS);
    const month = (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
    const first = Math.floor(month / count) * count;
    return [Date.UTC(1970, first) / DAY_MS, Date.UTC(1970, first + count) / DAY_MS];
  }

  /** The first second of that date or of a later one, microseconds. */
  #beginningOf(day: number): number {
    let before = (day * DAY_MS - OFFSET_MAX_MS) / STEP_MS;
    let after = (day * DAY_MS + OFFSET_MAX_MS) / STEP_MS;
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (this.#dayAt(middle * STEP_MS) >= day) after = middle;
      else before = middle;
    }
    return after * STEP_MS * 1000;
  }

  /** What the zone's calendar shows, as days since 1970. */
  #dayAt(ms: number): number {
    const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
    for (const { type, value } of this.#dates.formatToParts(ms)) parts[type] = value;
    const { year, month, day } = parts;
    return Date.UTC(Number(year), Number(month) - 1, Number(day)) / DAY_MS;
  }
}

const calendars = new Map<string, CalendarPeriods>();

/** @throws RangeError when the runtime knows no such zone */
export function calendarOf(form: CalendarWindow): CalendarPeriods {
  const key = `${form.unit} ${form.count} ${form.zone}`;
  let periods = calendars.get(key);
  if (periods === undefined) {
    periods = new CalendarPeriods(form);
    if (calendars.size >= CALENDARS_MAX) calendars.clear();
    calendars.set(key, periods);
  }
  return periods;
}
