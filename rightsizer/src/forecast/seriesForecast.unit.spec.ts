import { describe, expect, it } from 'vitest';
import { mase, meanAbsoluteError, smape } from './forecastErrors.ts';
import { holtWinters } from './holtWinters.ts';
import { seasonalNaive } from './seasonalNaive.ts';
import { seasonalTrend } from './seasonalTrend.ts';
import { forecastSeries } from './seriesForecast.ts';
import type { SeriesAsked } from './seriesForecast.ts';

const series = (length: number, value: (at: number) => number): Float64Array =>
  Float64Array.from({ length }, (_, at) => value(at));

/** Seeded, equal everywhere: Lehmer's generator. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
/** Near enough to a normal distribution of deviation 1: the sum of twelve even ones. */
const normal = (next: () => number): number =>
  Array.from({ length: 12 }, next).reduce((sum, each) => sum + each, -6);
/** A day of 24 steps, from -1 to 1 and back. */
const daily = (at: number): number => 1 - Math.abs((at % 24) - 12) / 6;

describe('errors of forecasts', () => {
  it('are those of vectors made by hand', () => {
    const actual = Float64Array.of(10, 20, NaN, 0);
    const forecast = Float64Array.of(12, 20, 7, 0);
    expect(meanAbsoluteError(actual, forecast)).toBeCloseTo(2 / 3, 12);
    // 200 · 2 / 22, nothing, and nothing of 0 and 0.
    expect(smape(actual, forecast)).toBeCloseTo(400 / 22 / 3, 12);
    // A season of two: differences of 2, 2, 4 and 4.
    const history = Float64Array.of(1, 5, 3, 7, 7, 11);
    expect(mase(actual, forecast, history, 2)).toBeCloseTo(2 / 3 / 3, 12);
  });

  it('have no scale where the history repeats itself', () => {
    const same = Float64Array.of(4, 5, 4, 5);
    expect(mase(Float64Array.of(4), Float64Array.of(5), same, 2)).toBeNaN();
  });
});

describe('seasonalNaive', () => {
  it('says what was a season ago, and a season before where that is unknown', () => {
    const values = Float64Array.of(1, 2, 3, 4, NaN, 6);
    expect([...seasonalNaive(3).forecast(values, 5)]).toEqual([4, 2, 6, 4, 2]);
  });

  it('goes on from the newest value where no season knows', () => {
    expect([...seasonalNaive(3).forecast(Float64Array.of(7, NaN), 3)]).toEqual([7, 7, 7]);
    expect([...seasonalNaive(3).forecast(new Float64Array(0), 1)]).toEqual([0]);
  });
});

describe('holtWinters', () => {
  it('goes on with a season that is exact', () => {
    const values = series(240, (at) => 50 + 10 * daily(at));
    const found = holtWinters(24).forecast(values, 24);
    expect(
      meanAbsoluteError(
        series(24, (step) => 50 + 10 * daily(step)),
        found,
      ),
    ).toBeLessThan(1e-9);
  });

  it('follows a level that has shifted', () => {
    const values = series(480, (at) => (at < 400 ? 50 : 90) + 10 * daily(at));
    const found = holtWinters(24).forecast(values, 24);
    const actual = series(24, (step) => 90 + 10 * daily(step));
    expect(meanAbsoluteError(actual, found)).toBeLessThan(5);
  });

  it('lets a trend run out', () => {
    const values = series(200, (at) => at);
    const found = holtWinters(1).forecast(values, 400);
    expect(found[10]).toBeGreaterThan(202);
    // 0.98 / (1 - 0.98) steps of the trend at most.
    expect(found[399]).toBeLessThan(200 + 50 * 1.1);
  });
});

describe('seasonalTrend', () => {
  it('takes a day and a week apart', () => {
    const weekend = (at: number): number => (at % 168 >= 120 ? -30 : 0);
    const value = (at: number): number => 100 + 10 * daily(at) + weekend(at);
    const found = seasonalTrend([24, 168]).forecast(series(1_008, value), 168);
    const actual = series(168, (step) => value(1_008 + step));
    expect(meanAbsoluteError(actual, found)).toBeLessThan(0.5);
  });

  it('takes a burst for no part of a season', () => {
    const values = series(240, (at) => 50 + 10 * daily(at) + (at === 200 ? 1_000 : 0));
    const found = seasonalTrend([24]).forecast(values, 24);
    expect(
      meanAbsoluteError(
        series(24, (step) => 50 + 10 * daily(step)),
        found,
      ),
    ).toBeLessThan(1);
  });
});

describe('forecastSeries', () => {
  const asked = (values: Float64Array, changes: Partial<SeriesAsked> = {}): SeriesAsked => ({
    values,
    horizon: 24,
    seasons: [24, 168],
    least: 0,
    ...changes,
  });
  const next = uniform(5);
  const noisy = series(24 * 28, (at) => 100 + 20 * daily(at) + 5 * normal(next));

  it('takes the method that missed least from earlier moments', () => {
    const found = forecastSeries(asked(noisy));
    expect(found.reason).toBe('BEST_OF_ORIGINS');
    expect(found.method).not.toBe('seasonal_naive');
    expect(found.meanMiss).toBeLessThan(0.9 * found.naiveMiss);
  });

  it('stays with the seasonal naive one where that is as good', () => {
    const once = Array.from({ length: 24 }, uniform(3));
    const repeated = series(24 * 28, (at) => 10 * once[at % 24]!);
    expect(forecastSeries(asked(repeated))).toMatchObject({
      method: 'seasonal_naive',
      reason: 'NO_BETTER',
      meanMiss: 0,
    });
  });

  it.each([
    ['NO_DATA', new Float64Array(0)],
    ['NO_DATA', new Float64Array(200).fill(NaN)],
    ['CONSTANT', new Float64Array(500)],
    ['CONSTANT', series(500, (at) => (at % 5 === 0 ? NaN : 7))],
    ['TOO_SHORT', Float64Array.of(5)],
    ['TOO_SHORT', Float64Array.of(5, 6, 7)],
    ['TOO_SHORT', series(40, (at) => at)],
  ])('says %s and falls back, whatever the series is', (reason, values) => {
    const found = forecastSeries(asked(values));
    const isConstant = values.every((value) => value === values[0]);
    expect(found.method).toBe('seasonal_naive');
    expect(found.reason).toBe(reason === 'TOO_SHORT' && isConstant ? 'CONSTANT' : reason);
    for (const each of [found.point, found.low95, found.high95]) {
      expect(each.length).toBe(24);
      expect(each.every(Number.isFinite)).toBe(true);
    }
  });

  it('goes by what is known where values are missing', () => {
    const gaps = noisy.map((value, at) => ((at * 7) % 11 === 0 ? NaN : value));
    const found = forecastSeries(asked(gaps));
    const actual = series(24, (step) => 100 + 20 * daily(step));
    expect(meanAbsoluteError(actual, found.point)).toBeLessThan(6);
  });

  it('is never below what cannot be', () => {
    const falling = series(400, (at) => Math.max(0, 300 - at));
    const found = forecastSeries(asked(falling, { seasons: [] }));
    expect(Math.min(...found.point, ...found.low95)).toBeGreaterThanOrEqual(0);
  });

  it('has intervals that lie within each other and around the forecast', () => {
    const { low95, low80, point, high80, high95 } = forecastSeries(asked(noisy));
    for (const step of point.keys()) {
      const order = [low95, low80, point, high80, high95].map((each) => each[step]!);
      expect(order).toEqual([...order].sort((a, b) => a - b));
    }
  });

  it('scales with the series, and is the same each time', () => {
    const doubled = forecastSeries(asked(noisy.map((value) => 2 * value)));
    const found = forecastSeries(asked(noisy));
    expect(doubled.point).toEqual(found.point.map((value) => 2 * value));
    expect(doubled.high95).toEqual(found.high95.map((value) => 2 * value));
    expect(forecastSeries(asked(noisy))).toEqual(found);
  });
});

describe('intervals of series whose distribution is known', () => {
  /** Each another series of its kind, ending at another time of day and week. */
  const SERIES = 80;
  const kinds: readonly [string, (next: () => number) => (at: number) => number][] = [
    ['a day and normal noise', (next) => (at) => 100 + 20 * daily(at) + 5 * normal(next)],
    ['a day and noise of one side', (next) => (at) => 100 + 20 * daily(at) - 10 * Math.log(next())],
    ['even noise alone', (next) => () => 100 * next()],
    [
      'a day, a weekend and normal noise',
      (next) => (at) => 100 + 20 * daily(at) - (at % 168 < 48 ? 40 : 0) + 5 * normal(next),
    ],
    [
      'a level that walks',
      (next) => {
        let level = 500;
        return () => (level += normal(next)) + normal(next);
      },
    ],
    [
      'a day and noise that lasts',
      (next) => {
        let last = 0;
        return (at) => 50 + 5 * daily(at) + (last = 0.9 * last + normal(next));
      },
    ],
  ];

  it.each(kinds)('hold 80 and 95 percent of what comes, within 5 points: %s', (kind, valueOf) => {
    let [within80, within95] = [0, 0];
    for (let seed = 1; seed <= SERIES; seed += 1) {
      const length = 24 * 14 + 5 * seed;
      const values = series(length + 24, valueOf(uniform(seed * 7_919)));
      const found = forecastSeries({
        values: values.subarray(0, length),
        horizon: 24,
        seasons: kind.includes('weekend') ? [24, 168] : [24],
      });
      for (const [step, value] of values.subarray(length).entries()) {
        if (value >= found.low80[step]! && value <= found.high80[step]!) within80 += 1;
        if (value >= found.low95[step]! && value <= found.high95[step]!) within95 += 1;
      }
    }
    const [held80, held95] = [within80, within95].map((within) => within / (24 * SERIES)) as [
      number,
      number,
    ];
    expect(Math.abs(held80 - 0.8)).toBeLessThanOrEqual(0.05);
    expect(Math.abs(held95 - 0.95)).toBeLessThanOrEqual(0.05);
  });
});
