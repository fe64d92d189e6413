import { describe, expect, it } from 'vitest';
import { HealthMeter } from './hostHealth.ts';
import {
  bucketOfLatency,
  LATENCY_BUCKETS,
  LATENCY_MICROS_MAX,
  longestOfBucket,
} from './latencyBuckets.ts';

describe('the buckets of latencies', () => {
  it('hold every latency in order, none wider than an eighth of what it holds', () => {
    let last = -1;
    for (let micros = 0; micros < 2 ** 31; micros = Math.floor(micros * 1.01) + 1) {
      const bucket = bucketOfLatency(micros);
      expect(bucket).toBeGreaterThanOrEqual(last);
      last = bucket;
      expect(longestOfBucket(bucket)).toBeGreaterThanOrEqual(micros);
      expect(bucketOfLatency(longestOfBucket(bucket))).toBe(bucket);
      expect(longestOfBucket(bucket) - micros).toBeLessThanOrEqual(micros / 8);
    }
  });

  it('are bounded: what is longer than any, negative or no number counts as an end', () => {
    expect(bucketOfLatency(Infinity)).toBe(LATENCY_BUCKETS - 1);
    expect(bucketOfLatency(LATENCY_MICROS_MAX)).toBe(LATENCY_BUCKETS - 1);
    expect([bucketOfLatency(-5), bucketOfLatency(Number.NaN)]).toEqual([0, 0]);
    expect(LATENCY_BUCKETS).toBeLessThanOrEqual(256);
  });
});

describe('the health of a host', () => {
  it('is counted since its start: decisions, requests, errors and latencies', () => {
    const meter = new HealthMeter();
    meter.observe({ latencyMicros: 5 });
    meter.observe({ latencyMicros: 5, error: true });
    meter.observe({ error: true });
    const verdicts = new Float64Array([10, 3, 2, 0, 0, 1]);
    expect(meter.report(verdicts)).toEqual({
      decisions: 16n,
      refused: 5n,
      requests: 3n,
      errors: 2n,
      latency: [{ bucket: 5, count: 2n }],
    });
  });
});
