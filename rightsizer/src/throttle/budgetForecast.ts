import { forecastSpend } from '../forecast/spendForecast.ts';
import type { NoForecast, SpendForecast } from '../forecast/spendForecast.ts';
import type { SpendDay } from '../forecast/spendHistory.ts';
import { daysOf } from '../ledger/chargeDays.ts';
import { incompleteness } from './judgeBudget.ts';
import type { BudgetInputs } from './judgeBudget.ts';
import type { SpentDay } from './spend.ts';

/** How far back days are looked at: four weeks, so that a week's shape shows. */
export const HISTORY_MICROS = 28n * 86_400_000_000n;
/** Of one history: windows of years are forecast from their last year. */
const DAYS_MAX = 400;

/**
 * Where the budget's spend will be at the end of its window. It warns, and nothing else: no cut is ever decided by it.
 * @param before days before the window
 * @returns null: the spend is not known in full
 */
export function forecastOf(
  inputs: BudgetInputs,
  before: readonly SpentDay[],
): SpendForecast | NoForecast | null {
  const { budget, window, spend, tableCaughtUpAt, now } = inputs;
  if (window === null || spend === null || incompleteness(inputs) !== null) return null;
  // Spend is what the table has, and not what was used since.
  const until = tableCaughtUpAt === null || tableCaughtUpAt > now ? now : tableCaughtUpAt;
  if (until <= window.start) return null;
  const timeZone = budget.window.kind === 'fixed' ? 'UTC' : budget.window.timeZone;
  const spent = [...before, ...spend.days];
  const days = everyDay(timeZone, spent, until).slice(-DAYS_MAX);
  return forecastSpend({
    history: { days },
    window,
    spent: spend.total,
    budget: budget.amount,
    now: until,
  });
}

/** From the first day with any spending on; a day without has cost nothing. */
function everyDay(timeZone: string, spent: readonly SpentDay[], until: bigint): SpendDay[] {
  const [first] = spent;
  if (first === undefined) return [];
  const money = new Map(spent.map((day) => [day.start, day.money]));
  return daysOf(timeZone, { start: first.start, end: until }).map(({ start, end }) => ({
    start,
    end,
    money: money.get(start) ?? '0',
  }));
}
