import { describe, expect, it } from 'vitest';
import { ExponentialBuckets } from '../exponentialBuckets.ts';
import { MovingWindow } from './movingWindow.ts';

/** Of this ratio, buckets are so fine that a sample and its bucket's end hardly differ. */
const fine = new ExponentialBuckets(1e4, 0.001, 1.0005);

function windowOf(samples: readonly number[], halfLife: number): MovingWindow {
  const window = new MovingWindow(fine, halfLife);
  samples.forEach((value, at) => window.add(at, value));
  return window;
}

describe("Autopilot's moving window", () => {
  it('weighs by 2^(−τ / half-life): 4 · ½ and 8 · 1 of 1½ are 6⅔', () => {
    expect(windowOf([4, 8], 1).average()).toBeCloseTo(20 / 3, 12);
    expect(windowOf([4, 0, 8], 2).average()).toBeCloseTo(10 / (0.5 + Math.SQRT1_2 + 1), 12);
  });

  it('halves a sample after 144 windows of five minutes', () => {
    const samples = new Array<number>(145).fill(NaN);
    samples[0] = 10;
    samples[144] = 40;
    expect(windowOf(samples, 144).average()).toBeCloseTo((10 * 0.5 + 40) / 1.5, 9);
  });

  it('takes percentiles of load, not of time: half of it is above where a tenth of the time is', () => {
    // Nine windows of 1 and one of 9, hardly ageing: each value has half of the load.
    const samples = [1, 1, 1, 1, 1, 9, 1, 1, 1, 1];
    const window = windowOf(samples, 1e9);
    expect(window.loadPercentile(0.49)).toBeCloseTo(1, 2);
    expect(window.loadPercentile(0.51)).toBeCloseTo(9, 1);
  });

  it('knows by hand the percentile of aged loads', () => {
    // Loads 8 · ¼, 4 · ½, 2 · 1: a third each. 2 covers a third, 4 two thirds, 8 all.
    const window = windowOf([8, 4, 2], 1);
    expect(window.loadPercentile(0.3)).toBeCloseTo(2, 1);
    expect(window.loadPercentile(0.6)).toBeCloseTo(4, 1);
    expect(window.loadPercentile(0.7)).toBeCloseTo(8, 1);
  });

  it('leaves out windows without a report, and finds nothing where there was none', () => {
    expect(windowOf([NaN, 3, NaN], 10).average()).toBeCloseTo(3, 12);
    expect(windowOf([NaN, NaN], 10).average()).toBe(0);
    expect(windowOf([0, 0], 10).loadPercentile(0.95)).toBe(0);
  });
});
