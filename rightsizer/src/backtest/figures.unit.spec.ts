import { describe, expect, it } from 'vitest';
import { figuresOf, quantile } from './figures.ts';
import { SeriesTally } from './seriesTally.ts';

/** Twelve hours: two windows are a day. */
const HALF_DAY = 43_200_000_000n;

function tallyOf(windows: readonly (readonly [demand: number, limit: number])[]): SeriesTally {
  const tally = new SeriesTally(HALF_DAY);
  for (const [demand, limit] of windows) tally.add(demand, limit);
  return tally;
}

describe('figures', () => {
  it('are shares of what was allowed, of windows and of what was wanted', () => {
    const figures = figuresOf(
      tallyOf([
        [5, 10],
        [15, 10],
        [10, 10],
        [10, 10],
      ]),
      0.1,
    );
    expect(figures.slack).toBe(12.5);
    expect(figures.violations).toBe(25);
    expect(figures.unserved).toBe(12.5);
    expect(figures.J).toEqual({ 5: 75, 20: 262.5, 100: 1_262.5 });
  });

  it('count a limit that differs from the one before, the first not', () => {
    const figures = figuresOf(
      tallyOf([
        [1, 4],
        [1, 8],
        [1, 8],
        [1, 4],
      ]),
      1,
    );
    expect(figures.changesPerSeriesDay).toBe(1);
    expect(figures.movementPerSeriesDay).toBeCloseTo(Math.log(2), 12);
    expect(figures.J[5]).toBeCloseTo(figures.slack + 1, 12);
  });

  it('count a window without a report towards the time, and for nothing else', () => {
    const figures = figuresOf(
      tallyOf([
        [NaN, 10],
        [20, 10],
        [NaN, 10],
        [5, 10],
      ]),
      0.1,
    );
    expect(figures.violations).toBe(50);
    expect(figures.slack).toBe(25);
    expect(figures.unserved).toBe(40);
    expect(figures.episodesPerSeriesDay).toBe(0.5);
  });

  it('tell how long a shortage lasted', () => {
    const tally = tallyOf([
      [2, 1],
      [2, 1],
      [2, 1],
      [1, 1],
      [2, 1],
      [1, 1],
    ]);
    expect(tally.episodes).toEqual([3, 1]);
    expect(figuresOf(tally, 0.1).recoveryMinutes).toEqual({ median: 720, p90: 2_160 });
  });

  it('of several series are those of their sums, not the mean of their shares', () => {
    const small = tallyOf([
      [1, 2],
      [1, 2],
    ]);
    const large = tallyOf([
      [100, 100],
      [100, 100],
    ]);
    const pooled = figuresOf(SeriesTally.pooled([small, large]), 0.1);
    expect(pooled.slack).toBeCloseTo((100 * 2) / 204, 12);
  });

  it('of nothing are nothing', () => {
    expect(figuresOf(tallyOf([[NaN, 0]]), 0.1)).toMatchObject({
      slack: 0,
      violations: 0,
      unserved: 0,
    });
    expect(quantile([], 0.9)).toBe(0);
  });
});
