import type { DailyMethod, DailyModel } from './dailyModel.ts';

/** How far a sum over days to come may be off. */
export interface SpendModel {
  readonly method: DailyMethod['name'];
  readonly model: DailyModel;
  /** The scale (of a Student's t) of the error of the sum over so many days. */
  readonly scaleOf: (days: number) => number;
}

/** Origins that are looked back at: the newest. */
const ORIGINS_MAX = 60;
/**
 * Before it has errors of its own, a sum over any days counts as off by this part of itself, as much as
 * so many independent errors would say. Money is spent less evenly than a few days show.
 */
const PRIOR_SHARE = 0.25;
const PRIOR_ERRORS = 2;
/**
 * The scale of the distribution to the root of the mean square, which one surprise makes large. Measured: so
 * the intervals of budgets on measured series hold what they say.
 */
const SCALE_OF_ROOT = 0.6;
/** Days without which a method other than the plain one is not tried: it has no errors to show. */
const ERRORS_MIN = 4;
/** A method must be better than the one before it by a tenth, or chance would choose. */
const BETTER = 0.9;

/** Chooses by rolling origins: each looks at the days before it, and is held against those after. */
export function fitSpend(
  values: Float64Array,
  methods: readonly DailyMethod[],
  horizon: number,
): SpendModel {
  const able = methods.filter(({ daysMin }) => values.length >= daysMin);
  const [first, ...others] = able.map((method) => ({
    method,
    errors: rollingErrors(values, method),
  }));
  if (first === undefined) throw new RangeError('No method goes by so few days.');
  const judged = Math.max(1, Math.min(Math.ceil(horizon), Math.floor(values.length / 3)));
  let [best, least] = [first, meanSquare(first.errors, judged)];
  for (const other of others) {
    if (countOf(other.errors, judged) < ERRORS_MIN) continue;
    const square = meanSquare(other.errors, judged);
    if (square < least * BETTER * BETTER) [best, least] = [other, square];
  }
  const model = best.method.fit(values);
  const level = Math.abs(meanRate(model, values.length));
  return {
    method: best.method.name,
    model,
    scaleOf: (days) => scaleOf(best.errors, level, values.length, days),
  };
}

/** By horizon in days (from 1): the errors of sums over so many days, per day; what is unknown is left out. */
type Errors = readonly (readonly number[])[];

function rollingErrors(values: Float64Array, { daysMin, fit }: DailyMethod): Errors {
  const errors: number[][] = [];
  const first = Math.max(daysMin, 2, values.length - ORIGINS_MAX);
  for (let origin = first; origin < values.length; origin += 1) {
    const model = fit(values.subarray(0, origin));
    let sum = 0;
    for (let day = origin; day < values.length; day += 1) {
      sum += (values[day] ?? NaN) - model(day);
      if (Number.isNaN(sum)) break;
      const days = day - origin + 1;
      (errors[days] ??= []).push(sum / days);
    }
  }
  return errors;
}

function countOf(errors: Errors, days: number): number {
  return errors[days]?.length ?? 0;
}

function meanSquare(errors: Errors, days: number): number {
  const all = errors[days] ?? [];
  return all.length === 0
    ? Infinity
    : all.reduce((sum, error) => sum + error * error, 0) / all.length;
}

function meanRate(model: DailyModel, from: number): number {
  let sum = 0;
  for (let day = 0; day < 7; day += 1) sum += model(from + day);
  return sum / 7;
}

/**
 * The errors of the longest horizon that has been seen often enough, together with the prior. Beyond it the
 * error of a day is taken to stay as it is: levels shift, so errors of sums do not cancel out.
 */
function scaleOf(errors: Errors, level: number, length: number, days: number): number {
  const horizon = Math.max(1, Math.min(Math.round(days), Math.floor(length / 3)));
  const seen = errors[horizon] ?? [];
  // Windows of neighbouring origins overlap: of n sums over h days n / h are independent.
  const independent = seen.length / horizon;
  const prior = PRIOR_SHARE * level;
  const squares = seen.length === 0 ? 0 : meanSquare(errors, horizon) * independent;
  const perDay = Math.sqrt((PRIOR_ERRORS * prior * prior + squares) / (PRIOR_ERRORS + independent));
  return SCALE_OF_ROOT * perDay * days;
}
