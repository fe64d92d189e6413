import { describe, expect, it } from 'vitest';
import { second, startMicros } from '../../test/fixtures.ts';
import { UsageMeters } from './usageMeters.ts';

/** Windows of ten seconds each, with the wall as far ahead at their ends as is given; in seconds. */
function windows(ahead: readonly number[]) {
  const meters = new UsageMeters(() => ({ known: true, project: null }), startMicros);
  meters.meterOf('a/x').resource('tokens');
  const seen = ahead.map((by, index) => {
    const now = startMicros + (index + 1) * 10 * second;
    const [usage] = meters.close(now, now + by * second);
    const from = (time: bigint) => Number(time - BigInt(startMicros)) / second;
    return [from(usage!.windowStart), from(usage!.windowEnd)];
  });
  return { seen, reanchored: meters.reanchored };
}

describe('usage windows', () => {
  it('follow one another, also when the wall is set a little', () => {
    const { seen, reanchored } = windows([0, 3, 3, 0]);
    expect(seen).toEqual([
      [0, 10],
      [10, 23],
      [23, 33],
      [33, 40],
    ]);
    expect(reanchored).toBe(0);
  });

  it('come back with a wall that jumped far ahead, as long as they really were', () => {
    const { seen, reanchored } = windows([0, 86_400, 0, 0]);
    expect(seen.slice(2)).toEqual([
      [20, 30],
      [30, 40],
    ]);
    expect(reanchored).toBe(1);
  });
});
