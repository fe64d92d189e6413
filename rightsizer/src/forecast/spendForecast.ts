import type { TimeWindow } from '../throttle/budgetWindows.ts';
import { dailyMethods } from './dailyModel.ts';
import type { DailyMethod } from './dailyModel.ts';
import { dailyRates } from './dailyRates.ts';
import type { SpendHistory } from './spendHistory.ts';
import { fitSpend } from './spendUncertainty.ts';
import type { SpendModel } from './spendUncertainty.ts';
import { T80, T95, studentTBelow } from './studentT.ts';

export interface SpendForecastAsked {
  readonly history: SpendHistory;
  /** The budget's window that holds now. */
  readonly window: TimeWindow;
  /** What was spent in the window up to now, an exact decimal: what the budget itself sees. */
  readonly spent: string;
  /** The budget's amount, an exact decimal above 0. */
  readonly budget: string;
  /** Up to when usage is known, microseconds. */
  readonly now: bigint;
  /** What counts as a day: 24 hours, or less where a budget's windows are hours or seconds long. */
  readonly dayMicros?: bigint;
}

/** What the window will have cost at its end. Money is text of at most six significant digits. */
export interface SpendForecast {
  readonly kind: 'forecast';
  readonly point: string;
  readonly low80: string;
  readonly high80: string;
  readonly low95: string;
  readonly high95: string;
  /** The chance that the window ends above the budget, 0 to 10,000. */
  readonly chanceBasisPoints: number;
  /** When the forecast reaches the budget, microseconds; null: not within the window. In the past once it has. */
  readonly breachAt: bigint | null;
  /** The interval of that moment (80 %): when the high forecast reaches the budget, and when the low one does. */
  readonly breachFrom: bigint | null;
  readonly breachBy: bigint | null;
  readonly method: DailyMethod['name'];
  /** Whole days that it goes by. */
  readonly days: number;
}

export type NoForecastCode = 'HISTORY_TOO_SHORT' | 'WINDOW_OVER' | 'AMOUNT_UNREADABLE';

export interface NoForecast {
  readonly kind: 'none';
  readonly code: NoForecastCode;
  readonly detail: string;
}

/** Fewer whole days say nothing of what a day costs. */
export const FORECAST_DAYS_MIN = 3;
export const DAY_MICROS = 86_400_000_000n;

/**
 * Where spend will be at the end of the window, how sure that is, and when the budget is likely to be used
 * up. Forecasts warn: nothing is ever cut by one. Pure: the same for ever.
 */
export function forecastSpend(asked: SpendForecastAsked): SpendForecast | NoForecast {
  const { history, window, now, dayMicros = DAY_MICROS } = asked;
  const [spent, budget] = [Number(asked.spent), Number(asked.budget)];
  if (!Number.isFinite(spent) || !Number.isFinite(budget)) {
    return none('AMOUNT_UNREADABLE', `${asked.spent} of ${asked.budget} are no amounts`);
  }
  if (now >= window.end) return none('WINDOW_OVER', 'there is nothing left to forecast');
  const rates = dailyRates(history.days, now, dayMicros);
  const days = rates === null ? 0 : rates.values.filter((value) => !Number.isNaN(value)).length;
  if (rates === null || days < FORECAST_DAYS_MIN) {
    return none('HISTORY_TOO_SHORT', `${days} whole days of ${FORECAST_DAYS_MIN}`);
  }
  const horizon = Number(window.end - now) / Number(dayMicros);
  const model = fitSpend(rates.values, dailyMethods, horizon);
  const steps = pathOf({ model, from: rates.from, now, end: window.end, dayMicros, spent });
  return { ...told(steps, model, spent, budget, now), days };
}

function none(code: NoForecastCode, detail: string): NoForecast {
  return { kind: 'none', code, detail };
}

/** Where spend is at a moment to come. */
interface Step {
  readonly at: bigint;
  readonly point: number;
  readonly scale: number;
}

interface PathAsked {
  readonly model: SpendModel;
  readonly from: bigint;
  readonly now: bigint;
  readonly end: bigint;
  readonly dayMicros: bigint;
  readonly spent: number;
}

/** Windows of years are followed so far; what is beyond counts as the last day does. */
const STEPS_MAX = 3_700;

/** At the end of each day from now on, and at the end of the window. */
function pathOf({ model, from, now, end, dayMicros, spent }: PathAsked): Step[] {
  const steps: Step[] = [];
  let [at, point] = [now, spent];
  while (at < end) {
    const day = (at - from) / dayMicros;
    const next = from + (day + 1n) * dayMicros;
    const until = next < end && steps.length < STEPS_MAX ? next : end;
    point += (model.model(Number(day)) * Number(until - at)) / Number(dayMicros);
    at = until;
    steps.push({ at, point, scale: model.scaleOf(Number(at - now) / Number(dayMicros)) });
  }
  return steps;
}

function told(
  steps: readonly Step[],
  { method, model }: SpendModel,
  spent: number,
  budget: number,
  now: bigint,
): Omit<SpendForecast, 'days'> {
  const last = steps.at(-1) ?? { at: now, point: spent, scale: 0 };
  // Nobody is given money back by using more; credits alone let what a day costs be below nothing.
  const least = model(0) < 0 ? -Infinity : spent;
  const at = (factor: number): string => text(Math.max(least, last.point + factor * last.scale));
  const reaches = (factor: number): bigint | null =>
    crossing(
      steps.map((step) => ({ at: step.at, money: step.point + factor * step.scale })),
      spent,
      budget,
      now,
    );
  return {
    kind: 'forecast',
    point: at(0),
    low80: at(-T80),
    high80: at(T80),
    low95: at(-T95),
    high95: at(T95),
    chanceBasisPoints: chanceOf(last, spent, budget),
    breachAt: reaches(0),
    breachFrom: reaches(T80),
    breachBy: reaches(-T80),
    method,
  };
}

function chanceOf({ point, scale }: Step, spent: number, budget: number): number {
  if (spent > budget) return 10_000;
  if (scale === 0) return point > budget ? 10_000 : 0;
  return Math.round(10_000 * studentTBelow((point - budget) / scale));
}

/** The first moment at which the path is above the budget, on a straight line within a day. */
function crossing(
  path: readonly { readonly at: bigint; readonly money: number }[],
  spent: number,
  budget: number,
  now: bigint,
): bigint | null {
  let before = { at: now, money: spent };
  if (spent > budget) return now;
  for (const step of path) {
    if (step.money > budget) {
      const share = (budget - before.money) / (step.money - before.money);
      return before.at + BigInt(Math.round(Number(step.at - before.at) * Math.max(0, share)));
    }
    before = step;
  }
  return null;
}

/** Six significant digits: what follows of a forecast must not hang on the last digit of a sum. */
function text(money: number): string {
  if (money === 0) return '0';
  const rounded = Number(money.toPrecision(6));
  // A decimal without an exponent, in the places that a decimal of money has.
  return rounded.toFixed(12).replace(/\.?0+$/, '');
}
