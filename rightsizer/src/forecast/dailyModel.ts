/** What a day costs, by its number since the first day of the history. */
export type DailyModel = (day: number) => number;

/** A way from the days that are over to those that come; later days change nothing. */
export interface DailyMethod {
  readonly name: 'mean' | 'recent' | 'weekly';
  /** Days without which it has nothing to go by. */
  readonly daysMin: number;
  readonly fit: (values: Float64Array) => DailyModel;
}

/** 2^(-1/3): a day counts half as much as one three days later. */
const RECENT_DECAY = 0.7937005259840998;
/** 2^(-1/14): half as much as one two weeks later. */
const WEEKLY_DECAY = 0.9516951530106196;
const WEEK = 7;
/** A weekday's own share counts against so many days of an even week. */
const EVEN_DAYS = 1;

/** In the order of preference where they are as good. */
export const dailyMethods: readonly DailyMethod[] = [
  { name: 'mean', daysMin: 3, fit: (values) => constant(weighed(values, WEEKLY_DECAY)) },
  { name: 'recent', daysMin: 3, fit: (values) => constant(weighed(values, RECENT_DECAY)) },
  { name: 'weekly', daysMin: 2 * WEEK, fit: weekly },
];

function constant(level: number): DailyModel {
  return () => level;
}

/** The mean of the days that are known, later ones counting more; 0 of none. */
function weighed(values: Float64Array, decay: number): number {
  let [sum, weights] = [0, 0];
  for (const value of values) {
    sum *= decay;
    weights *= decay;
    if (Number.isNaN(value)) continue;
    sum += value;
    weights += 1;
  }
  return weights === 0 ? 0 : sum / weights;
}

/** The level without the week's shape, times what the weekday is of an even day. */
function weekly(values: Float64Array): DailyModel {
  const factors = weekdayFactors(values);
  const factorOf = (day: number): number => factors[day % WEEK] ?? 1;
  const even = values.map((value, day) => {
    const factor = factorOf(day);
    return factor > 0 ? value / factor : NaN;
  });
  const level = weighed(even, RECENT_DECAY);
  return (day) => level * factorOf(day);
}

function weekdayFactors(values: Float64Array): number[] {
  const mean = weighed(values, 1);
  return Array.from({ length: WEEK }, (_, weekday) => {
    let [sum, count] = [EVEN_DAYS * mean, EVEN_DAYS];
    for (let day = weekday; day < values.length; day += WEEK) {
      const value = values[day] ?? NaN;
      if (Number.isNaN(value)) continue;
      sum += value;
      count += 1;
    }
    return mean > 0 ? Math.max(0, sum / count / mean) : 1;
  });
}
