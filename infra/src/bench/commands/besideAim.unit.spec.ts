import { describe, expect, it } from 'vitest';
import { besideAim, p99Of } from './besideAim.ts';
import type { LoadResult } from './loadOrder.ts';

const resultOf = (latencies: readonly number[]): LoadResult => ({
  accepted: latencies.length,
  handled: latencies.length,
  others: {},
  seconds: 1,
  latencies: Float64Array.from(latencies),
  samples: {},
});

describe('what others pay for a load beside them', () => {
  it('holds up to twice what they have without it, and says how often it is', () => {
    expect(besideAim(10, 20)).toEqual({ aim: '≤ 2 × without it (2.00)', held: true });
    expect(besideAim(10, 20.1).held).toBe(false);
  });

  it('is read from the 99th percentile, and from no run in which nothing was accepted', () => {
    expect(p99Of(resultOf(Array.from({ length: 200 }, (_, at) => 200 - at)))).toBe(198);
    expect(() => p99Of(resultOf([]))).toThrow('accepted');
  });
});
