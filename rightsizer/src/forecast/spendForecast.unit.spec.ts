import { describe, expect, it } from 'vitest';
import { forecastSpend } from './spendForecast.ts';
import type { SpendForecast, SpendForecastAsked } from './spendForecast.ts';
import { T80, T95, studentTBelow } from './studentT.ts';

const day = 86_400_000_000n;
/** A Monday; the window is the 28 days from it. */
const start = BigInt(Date.parse('2026-06-01T00:00:00Z')) * 1_000n;

/** Days in order, the first `before` of them before the window. */
function asked(money: readonly number[], before = 0, budget = '1000'): SpendForecastAsked {
  const from = start - BigInt(before) * day;
  const days = money.map((each, index) => ({
    start: from + BigInt(index) * day,
    end: from + BigInt(index + 1) * day,
    money: String(each),
  }));
  const spent = money.slice(before).reduce((sum, each) => sum + each, 0);
  return {
    history: { days },
    window: { start, end: start + 28n * day },
    spent: String(spent),
    budget,
    now: from + BigInt(money.length) * day,
  };
}

function forecastOf(question: SpendForecastAsked): SpendForecast {
  const found = forecastSpend(question);
  if (found.kind !== 'forecast') throw new Error(found.detail);
  return found;
}

const noisy = (count: number): number[] =>
  Array.from({ length: count }, (_, index) => 10 + ((index * 7) % 5) - 2);

describe('forecastSpend', () => {
  it('goes on at what a day costs', () => {
    const { point, days } = forecastOf(asked(Array<number>(14).fill(10)));
    expect([point, days]).toEqual(['280', 14]);
  });

  it('has intervals that lie within each other and around the forecast', () => {
    const found = forecastOf(asked(noisy(14)));
    const order = [found.low95, found.low80, found.point, found.high80, found.high95].map(Number);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(new Set(order).size).toBe(5);
  });

  it('is surer with more days behind it and fewer before it', () => {
    const widths = [4, 10, 20, 27].map((days) => {
      const { high80, low80 } = forecastOf(asked(noisy(days)));
      return Number(high80) - Number(low80);
    });
    expect(widths).toEqual([...widths].sort((a, b) => b - a));
  });

  it('says the chance of a breach and when it is likely', () => {
    const calm = forecastOf(asked(noisy(14), 0, '10000'));
    expect(calm).toMatchObject({ breachAt: null, breachFrom: null, breachBy: null });
    expect(calm.chanceBasisPoints).toBeLessThan(50);
    const tight = forecastOf(asked(Array<number>(14).fill(10), 0, '200'));
    expect(tight.chanceBasisPoints).toBeGreaterThan(9_000);
    expect(tight.breachAt).toBe(start + 20n * day);
    expect(tight.breachFrom! < tight.breachAt!).toBe(true);
    expect(tight.breachBy! > tight.breachAt!).toBe(true);
    const even = forecastOf(asked(Array<number>(14).fill(10), 0, '280'));
    expect(even.chanceBasisPoints).toBe(5_000);
  });

  it('is certain of a breach that has been', () => {
    const question = asked(noisy(14), 0, '50');
    expect(forecastOf(question)).toMatchObject({
      chanceBasisPoints: 10_000,
      breachAt: question.now,
    });
  });

  it('knows the weekend once it has seen two', () => {
    const week = [10, 10, 10, 10, 10, 0, 0];
    const { point, method } = forecastOf(asked([...week, ...week, ...week, 10, 10, 10, 10, 10]));
    expect(method).toBe('weekly');
    expect(Math.abs(Number(point) - 200)).toBeLessThan(5);
  });

  it('goes by days of 23 and 25 hours as by others', () => {
    const hour = day / 24n;
    const money = Array<number>(10).fill(24);
    const question = asked(money);
    const days = question.history.days.map((each, index) =>
      index === 4
        ? { ...each, end: each.end - hour, money: '23' }
        : index > 4
          ? { ...each, start: each.start - hour, end: each.end - hour }
          : each,
    );
    const now = question.now - hour;
    const found = forecastOf({ ...question, history: { days }, spent: '239', now });
    expect(Number(found.point)).toBeCloseTo(239 + 18 * 24 + 1, 6);
  });

  it('takes no day for a quiet one that nothing is known of', () => {
    const whole = asked(Array<number>(14).fill(10));
    const days = whole.history.days.filter((_, index) => index !== 5 && index !== 9);
    expect(forecastOf({ ...whole, history: { days } }).point).toBe('280');
  });

  it('leaves out what was before the first spending', () => {
    const found = forecastOf(asked([...Array<number>(30).fill(0), 10, 10, 10, 10], 30));
    expect(found).toMatchObject({ point: '280', days: 4 });
  });

  it('says why there is none', () => {
    const none = (question: SpendForecastAsked): unknown => forecastSpend(question);
    const code = (of: string): unknown => expect.objectContaining({ kind: 'none', code: of });
    expect(none(asked([10, 10]))).toEqual(code('HISTORY_TOO_SHORT'));
    expect(none(asked([]))).toEqual(code('HISTORY_TOO_SHORT'));
    expect(none(asked(Array<number>(28).fill(10)))).toEqual(code('WINDOW_OVER'));
    expect(none({ ...asked(noisy(5)), spent: 'much' })).toEqual(code('AMOUNT_UNREADABLE'));
  });

  it('stays at nothing where nothing is spent', () => {
    expect(forecastOf(asked([0, 0, 0, 0, 0]))).toMatchObject({
      point: '0',
      high95: '0',
      chanceBasisPoints: 0,
      breachAt: null,
    });
  });

  it('knows nothing of later days', () => {
    const question = asked(noisy(20));
    const now = start + 12n * day;
    const days = question.history.days.slice(0, 12);
    const later = question.history.days.map((each, index) =>
      index < 12 ? each : { ...each, money: '999' },
    );
    expect(forecastOf({ ...question, now, history: { days: later } })).toEqual(
      forecastOf({ ...question, now, history: { days } }),
    );
  });
});

describe('studentTBelow', () => {
  it('has the quantiles of the tables for two degrees of freedom', () => {
    const quantiles = [0, 0.8165, T80, 2.92, T95, 9.925, Infinity];
    const found = quantiles.map((each) => Number(studentTBelow(each).toFixed(4)));
    expect(found).toEqual([0.5, 0.75, 0.9, 0.95, 0.975, 0.995, 1]);
    expect(studentTBelow(-T80)).toBeCloseTo(0.1, 12);
  });
});
