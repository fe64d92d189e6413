import { describe, expect, it } from 'vitest';
import { Latencies } from './latencies.ts';

describe('Latencies', () => {
  it('take the nearest rank, whatever the order of arrival', () => {
    const latencies = new Latencies();
    for (let value = 100; value >= 1; value--) latencies.add(value);
    expect(latencies.percentile(0.5)).toBe(50);
    expect(latencies.percentile(0.99)).toBe(99);
    expect(latencies.percentile(1)).toBe(100);
  });

  it('grow with what is added after a look', () => {
    const latencies = new Latencies();
    latencies.addAll([1, 2, 3]);
    expect(latencies.percentile(0.5)).toBe(2);
    latencies.addAll(Array.from({ length: 5_000 }, () => 9));
    expect(latencies.count).toBe(5_003);
    expect(latencies.percentile(0.5)).toBe(9);
  });

  it('have no percentile before anything was measured', () => {
    expect(new Latencies().percentile(0.5)).toBeNaN();
  });
});
