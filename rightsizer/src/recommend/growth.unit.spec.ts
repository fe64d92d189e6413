import { describe, expect, it } from 'vitest';
import { classPolicies } from './classes.ts';
import { growthOf, seasonOf } from './growth.ts';
import { officeDays } from './testing/histories.ts';

const policy = classPolicies.serving;
const season = (slots: readonly number[]): number => seasonOf(Float64Array.from(slots), policy, -1);
const growth = (slots: readonly number[]): number => growthOf(Float64Array.from(slots), policy);

describe('the season', () => {
  it('is what the same hours of the days before went up to', () => {
    // The next hour is midnight, six hours before the office opens; then 6 o'clock, which looks ahead to noon.
    expect(season(officeDays(8))).toBe(200);
    expect(season([...officeDays(8), ...officeDays(1).slice(0, 6)])).toBe(800);
  });

  it('does not follow one odd day', () => {
    const odd = officeDays(8).map((slot, hour) => (hour >= 24 * 4 && hour < 24 * 5 ? 9_000 : slot));
    expect(season(odd)).toBe(200);
  });

  it('leaves out days of which nothing is known', () => {
    const gaps = officeDays(8).map((slot, hour) => (hour >= 24 && hour < 96 ? NaN : slot));
    expect(season(gaps)).toBe(200);
  });

  it('is the level where no day is known', () => {
    expect(season([1, 2, 3])).toBe(-1);
  });
});

describe('the trend', () => {
  const days = (of: (day: number) => number): number[] =>
    Array.from({ length: 14 * 24 }, (_, hour) => of(Math.floor(hour / 24)));

  it('adds what has grown since the middle of the season', () => {
    // 1 % of the middle day's height a day, over half of seven days.
    const found = growth(days((day) => 1_000 + 10 * (day - 7)));
    expect(found).toBeCloseTo(1 + (0.01 * 7) / 2, 3);
  });

  it('never adds more than the policy allows', () => {
    expect(growth(days((day) => 1 + 1_000 * day))).toBe(policy.growthMax);
  });

  it('is none where demand falls, stands still, goes up and down, or jumped on one day', () => {
    expect(growth(days((day) => 1_000 - 10 * day))).toBe(1);
    expect(growth(days(() => 500))).toBe(1);
    expect(growth(days((day) => 500 + 200 * (day % 2)))).toBe(1);
    expect(growth(days((day) => (day === 13 ? 5_000 : 500)))).toBe(1);
  });

  it('is none before there are five days', () => {
    const four = Array.from({ length: 4 * 24 }, (_, hour) => 100 * (1 + Math.floor(hour / 24)));
    expect(growth(four)).toBe(1);
  });
});
