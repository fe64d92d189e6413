import { dailyMethods } from '../dailyModel.ts';
import { DAY_MICROS, forecastSpend } from '../spendForecast.ts';
import type { SpendForecast } from '../spendForecast.ts';

/** A window of a budget whose end is known. */
export interface SpendWindow {
  /** Money of each day, those before the window first. */
  readonly days: Float64Array;
  /** Days before the window. */
  readonly before: number;
}

export interface PointForecast {
  readonly forecast: number;
  /** Whether it says that this budget will be overspent. */
  readonly breaches: (budget: number) => boolean;
}

/** Windows of so many days, one after the other, as many as the series has, the last at its end. */
export function windowsOf(days: Float64Array, length: number): SpendWindow[] {
  const count = Math.floor(days.length / length);
  return Array.from({ length: count }, (_, at) => {
    const end = days.length - (count - 1 - at) * length;
    return { days: days.subarray(0, end), before: end - length };
  }).filter(({ before, days: all }) => sum(all.subarray(before)) > 0);
}

export function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Ours after so many days of the window; null: it says none. */
export function oursAfter(
  { days, before }: SpendWindow,
  elapsed: number,
  budget: number,
): SpendForecast | null {
  const dayAt = (index: number): bigint => BigInt(index) * DAY_MICROS;
  const known = days.subarray(0, before + elapsed);
  const found = forecastSpend({
    history: {
      days: Array.from(known, (money, index) => ({
        start: dayAt(index),
        end: dayAt(index + 1),
        money: money.toFixed(6),
      })),
    },
    window: { start: dayAt(before), end: dayAt(days.length) },
    spent: String(sum(known.subarray(before))),
    budget: String(budget),
    now: dayAt(before + elapsed),
  });
  return found.kind === 'forecast' ? found : null;
}

/** What the window cost so far, for as long as it lasts. */
export function linearAfter({ days, before }: SpendWindow, elapsed: number): number {
  return (sum(days.subarray(before, before + elapsed)) / elapsed) * (days.length - before);
}

/** What the window cost so far, and the recent mean of its days for the rest. */
export function recentAfter({ days, before }: SpendWindow, elapsed: number): number {
  const seen = days.subarray(before, before + elapsed);
  const recent = dailyMethods.find(({ name }) => name === 'recent');
  return sum(seen) + (recent?.fit(seen)(0) ?? 0) * (days.length - before - elapsed);
}

/** The value that so large a part of all does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
