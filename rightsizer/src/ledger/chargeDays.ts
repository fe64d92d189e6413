import { windowAt } from '../throttle/budgetWindows.ts';
import type { TimeWindow } from '../throttle/budgetWindows.ts';

type Span = 'calendar_day' | 'calendar_month';

/** The calendar month of the time zone that holds the moment. @throws RangeError an unknown time zone */
export function monthAt(timeZone: string, at: bigint): TimeWindow {
  return spanAt('calendar_month', timeZone, at);
}

/** @throws RangeError an unknown time zone */
export function dayAt(timeZone: string, at: bigint): TimeWindow {
  return spanAt('calendar_day', timeZone, at);
}

/** The months that the window touches, in order. */
export function monthsOf(timeZone: string, { start, end }: TimeWindow): TimeWindow[] {
  return spansOf('calendar_month', timeZone, start, end);
}

export function daysOf(timeZone: string, { start, end }: TimeWindow): TimeWindow[] {
  return spansOf('calendar_day', timeZone, start, end);
}

function spansOf(kind: Span, timeZone: string, start: bigint, end: bigint): TimeWindow[] {
  const spans: TimeWindow[] = [];
  for (let at = start; at < end;) {
    const span = spanAt(kind, timeZone, at);
    spans.push(span);
    at = span.end;
  }
  return spans;
}

/** Finding where a civil day begins asks the calendar some thirty times; the same few days are asked for again and again. */
const found = new Map<string, TimeWindow[]>();
/** Years of days in several time zones. */
const FOUND_MAX = 20_000;
const UTC_DAY_MICROS = 86_400_000_000n;

function spanAt(kind: Span, timeZone: string, at: bigint): TimeWindow {
  const key = `${kind} ${timeZone} ${at / UTC_DAY_MICROS}`;
  const near = found.get(key) ?? [];
  const known = near.find(({ start, end }) => at >= start && at < end);
  if (known !== undefined) return known;
  const form = { kind, timeZone, count: 1, lengthMicros: null, anchor: null };
  const span = windowAt(form, at);
  if (span === null) throw new RangeError(`The time zone ${timeZone} is unknown.`);
  if (found.size >= FOUND_MAX) found.clear();
  found.set(key, [...near, span]);
  return span;
}

/** The part of the window that lies in the other one; null: none does. */
export function overlap(a: TimeWindow, b: TimeWindow): TimeWindow | null {
  const start = a.start > b.start ? a.start : b.start;
  const end = a.end < b.end ? a.end : b.end;
  return start < end ? { start, end } : null;
}

const dates = new Map<string, Intl.DateTimeFormat>();
/** There are about 420 zones, and as many aliases again. */
const DATES_MAX = 1_000;

/** The civil date of the moment, as 2026-01-31. */
export function dateAt(timeZone: string, at: bigint): string {
  let format = dates.get(timeZone);
  if (format === undefined) {
    // The calendar of this locale writes dates as ISO 8601 does.
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
    });
    if (dates.size < DATES_MAX) dates.set(timeZone, format);
  }
  return format.format(Number(at / 1_000n));
}
