import { windowFormOf } from '@prorata/quota-model';
import type { WindowForm } from '@prorata/quota-model';
import type { BudgetWindow } from '@prorata/schemas';

const SECOND_MICROS = 1_000_000n;
const HOUR = 3_600n;
const DAY = 24n * HOUR;
/** Days of the longest of a year's windows of so many months, counted from January. */
const LONGEST_DAYS: ReadonlyMap<number, bigint> = new Map([
  [1, 31n],
  [2, 62n],
  [3, 92n],
  [4, 123n],
  [6, 184n],
  [12, 366n],
]);
/** The shortest month. */
const MONTH_DAYS_MIN = 28n;

/**
 * The seconds of the budget's longest window, rounded up: what is handed out must hold in each. Where a time zone puts its
 * clocks back, an hour more.
 */
export function longestSeconds({ kind, count, timeZone, lengthMicros }: BudgetWindow): bigint {
  if (kind === 'fixed') return ((lengthMicros ?? 0n) + SECOND_MICROS - 1n) / SECOND_MICROS;
  const days =
    kind === 'calendar_day' ? BigInt(count) : (LONGEST_DAYS.get(count) ?? 31n * BigInt(count));
  return days * DAY + (timeZone === 'UTC' ? 0n : HOUR);
}

/** How many months of a price book a window is; null: it is no whole number of them. */
export function wholeMonths({ kind, count }: BudgetWindow): bigint | null {
  return kind === 'calendar_month' ? BigInt(count) : null;
}

/**
 * How many windows of a consumable can begin in one of the budget's.
 * @param key the consumable's window as the model's sums name it: a duration, and its zone where it has one
 * @returns null: it is no window
 */
export function windowsWithin(window: BudgetWindow, key: string): bigint | null {
  const [duration = '', zone] = key.split(' ');
  const form = windowFormOf(duration, zone ?? null);
  if (form === null) return null;
  const months = monthsOf(form);
  const whole = wholeMonths(window);
  if (months !== null && whole !== null && whole % months === 0n) return whole / months;
  const micros = months === null ? microsOf(form) : months * MONTH_DAYS_MIN * DAY * SECOND_MICROS;
  return (longestSeconds(window) * SECOND_MICROS + micros - 1n) / micros;
}

function monthsOf(form: WindowForm): bigint | null {
  if (form.kind === 'months') return BigInt(form.months);
  return form.kind === 'calendar' && form.unit === 'month' ? BigInt(form.count) : null;
}

function microsOf(form: WindowForm): bigint {
  if (form.kind === 'fixed') return BigInt(form.micros);
  return (form.kind === 'calendar' && form.unit === 'week' ? 7n : 1n) * DAY * SECOND_MICROS;
}
