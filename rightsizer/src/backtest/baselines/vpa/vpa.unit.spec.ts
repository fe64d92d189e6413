import { describe, expect, it } from 'vitest';
import { DecayingHistogram } from '../decayingHistogram.ts';
import { ExponentialBuckets } from '../exponentialBuckets.ts';
import { confidenceOf, estimateOf, lowerFactor, upperFactor } from './estimate.ts';
import { memoryAfterKill } from './outOfMemory.ts';
import { isDue } from './updater.ts';

/** CPU's: a hundredth of a core, 5 % more each, up to 1000 cores. */
const cpu = new ExponentialBuckets(1_000, 0.01, 1.05);
const memory = new ExponentialBuckets(1e12, 1e7, 1.05);
const MINUTE_DAYS = 1 / 1_440;

describe('buckets', () => {
  it('begin at first · (1.05^n − 1) / 0.05', () => {
    expect(cpu.startOf(0)).toBe(0);
    expect(cpu.startOf(1)).toBeCloseTo(0.01, 12);
    expect(cpu.startOf(2)).toBeCloseTo(0.0205, 12);
    expect(cpu.startOf(3)).toBeCloseTo(0.031525, 12);
    expect(memory.startOf(2)).toBeCloseTo(2.05e7, 3);
  });

  it('hold what lies from their start to the next: floor(log1.05(v · 0.05 / first + 1))', () => {
    expect([0, 0.0099, 0.0101, 0.0204, 0.0206, 0.1, 1].map((value) => cpu.bucketOf(value))).toEqual(
      [0, 0, 1, 1, 2, 8, 36],
    );
    for (const value of [0.013, 0.77, 3.3, 42, 999]) {
      const formula = Math.floor(Math.log((value * 0.05) / 0.01 + 1) / Math.log(1.05));
      expect(cpu.bucketOf(value)).toBe(formula);
    }
  });

  it('take all that is larger into the last, which is open', () => {
    expect(cpu.bucketOf(1e9)).toBe(cpu.count - 1);
    expect(cpu.startOf(cpu.count - 1)).toBeLessThanOrEqual(1_050);
  });
});

describe('a decaying histogram', () => {
  it('answers a percentile with the end of its bucket, at most 5 % above the sample', () => {
    const histogram = new DecayingHistogram(cpu, 24);
    histogram.add(1, 0.1, 0);
    expect(histogram.percentile(0.9)).toBe(cpu.startOf(37));
    expect(histogram.percentile(0.9)).toBeGreaterThan(1);
    expect(histogram.percentile(0.9)).toBeLessThan(1.06);
  });

  it('answers with the start of the open bucket, and with 0 where it has nothing', () => {
    const histogram = new DecayingHistogram(cpu, 24);
    expect(histogram.percentile(0.9)).toBe(0);
    histogram.add(1e9, 0.1, 0);
    expect(histogram.percentile(0.5)).toBe(cpu.startOf(cpu.count - 1));
  });

  it('counts a sample half after 24 hours, and a quarter after 48', () => {
    const histogram = new DecayingHistogram(cpu, 24);
    // One at 0 h weighs 1 of 1 + 2 a day later, and 1 of 1 + 4 two days later.
    histogram.add(1, 0.1, 0);
    histogram.add(2, 0.1, 24);
    expect(histogram.weightOf(cpu.bucketOf(2)) / histogram.weightOf(cpu.bucketOf(1))).toBeCloseTo(
      2,
    );
    histogram.add(3, 0.1, 48);
    expect(histogram.weightOf(cpu.bucketOf(3)) / histogram.weightOf(cpu.bucketOf(1))).toBeCloseTo(
      4,
    );
    expect(histogram.percentile(0.14)).toBe(cpu.startOf(cpu.bucketOf(1) + 1));
    expect(histogram.percentile(0.15)).toBe(cpu.startOf(cpu.bucketOf(2) + 1));
  });

  it('keeps its shares when the moment that weights refer to moves up, after 100 half-lives', () => {
    const histogram = new DecayingHistogram(cpu, 24);
    histogram.add(1, 0.1, 24 * 100);
    histogram.add(2, 0.1, 24 * 101);
    const ratio = histogram.weightOf(cpu.bucketOf(2)) / histogram.weightOf(cpu.bucketOf(1));
    expect(ratio).toBeCloseTo(2, 12);
    expect(histogram.weightOf(cpu.bucketOf(2))).toBeCloseTo(0.1, 12);
  });

  it('takes a sample back, as for a higher peak of an open day', () => {
    const histogram = new DecayingHistogram(memory, 24);
    histogram.add(1e9, 1, 3);
    histogram.subtract(1e9, 1, 3);
    expect(histogram.isEmpty()).toBe(true);
    histogram.add(2e9, 1, 3);
    expect(histogram.percentile(0.9)).toBe(memory.startOf(memory.bucketOf(2e9) + 1));
  });
});

describe('confidence', () => {
  it('widens the upper bound to × 3 after 12 hours, × 2 after a day, × 1.14 after a week', () => {
    expect(upperFactor(confidenceOf(0.5, 720))).toBe(3);
    expect(upperFactor(confidenceOf(1, 1_440))).toBe(2);
    expect(upperFactor(confidenceOf(7, 10_080))).toBeCloseTo(1.14, 2);
  });

  it('narrows the lower bound to × 0.6 after 5 minutes, × 0.9 after 30, × 0.95 after 60', () => {
    const after = (minutes: number): number =>
      lowerFactor(confidenceOf(minutes * MINUTE_DAYS, minutes));
    expect(after(5)).toBeCloseTo(0.6, 1);
    expect(after(30)).toBeCloseTo(0.9, 1);
    expect(after(60)).toBeCloseTo(0.95, 2);
  });

  it('is that of the fewer: days lived, or samples', () => {
    expect(confidenceOf(7, 1_440)).toBe(1);
    expect(confidenceOf(2, 14_400)).toBe(2);
  });

  it('has a margin of 15 % above p50, p90 and p95', () => {
    const histogram = new DecayingHistogram(cpu, 24);
    for (let at = 1; at <= 100; at += 1) histogram.add(at, 0.1, 0);
    const end = (value: number): number => cpu.startOf(cpu.bucketOf(value) + 1);
    const estimate = estimateOf(histogram, 1);
    expect(estimate.target).toBeCloseTo(end(90) * 1.15, 9);
    expect(estimate.upper).toBeCloseTo(end(95) * 1.15 * 2, 9);
    expect(estimate.lower).toBeCloseTo((end(50) * 1.15) / 1.001 ** 2, 9);
  });
});

describe('after a kill for memory', () => {
  it('is taken to have needed 20 % more, and 100 MiB at least', () => {
    const MIB = 1_024 * 1_024;
    expect(memoryAfterKill(2_000 * MIB, 1_000 * MIB)).toBe(2_400 * MIB);
    expect(memoryAfterKill(200 * MIB, 100 * MIB)).toBe(300 * MIB);
    expect(memoryAfterKill(100 * MIB, 2_000 * MIB)).toBe(2_400 * MIB);
  });
});

describe('the updater', () => {
  const estimate = { lower: 80, target: 100, upper: 150 };

  it('acts at once outside the bounds', () => {
    expect(isDue(79, estimate, 0)).toBe(true);
    expect(isDue(151, estimate, 0)).toBe(true);
    expect(isDue(120, estimate, 11)).toBe(false);
  });

  it('acts within them after 12 hours on a difference of 10 %', () => {
    expect(isDue(120, estimate, 12)).toBe(true);
    expect(isDue(109, estimate, 12)).toBe(false);
  });
});
