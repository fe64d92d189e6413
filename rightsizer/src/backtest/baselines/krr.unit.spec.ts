import { describe, expect, it } from 'vitest';
import { replay } from '../replay.ts';
import { hasEnoughHistory, krrCpu, krrLimit, krrMemory } from './krr.ts';
import { percentileBetween } from './percentile.ts';

const FIVE_MINUTES = 300_000_000n;

describe('KRR', () => {
  it('says nothing below 100 points, or below three hours', () => {
    expect(hasEnoughHistory(99, FIVE_MINUTES)).toBe(false);
    expect(hasEnoughHistory(100, FIVE_MINUTES)).toBe(true);
    expect(hasEnoughHistory(143, 75_000_000n)).toBe(false);
    expect(hasEnoughHistory(144, 75_000_000n)).toBe(true);
  });

  it('takes p95 and p96 for CPU and the highest with 15 % for memory', () => {
    const values = Float64Array.from({ length: 300 }, (_, at) => (at < 201 ? at % 201 : 0));
    const first = (policy: typeof krrCpu): number =>
      replay({ name: 'one', from: 0n, stepMicros: FIVE_MINUTES, values }, policy, {
        warmUp: 202,
        lag: 1,
      }).limits[202] ?? NaN;
    expect(first(krrCpu)).toBe(190);
    expect(first(krrLimit)).toBe(192);
    expect(first(krrMemory)).toBeCloseTo(230, 9);
  });

  it('takes percentiles between two points, as Prometheus does', () => {
    const sorted = Float64Array.of(0, 10, 20, 30);
    expect(percentileBetween(sorted, 0.5)).toBe(15);
    expect(percentileBetween(sorted, 0.95)).toBeCloseTo(28.5, 12);
    expect(percentileBetween(sorted, 1)).toBe(30);
  });
});
