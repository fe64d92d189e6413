import { describe, expect, it } from 'vitest';
import { intervalOf } from './interval.ts';

describe('an interval', () => {
  it('is the mean and Student’s t times its error', () => {
    const { mean, margin } = intervalOf([4, 6]);
    expect(mean).toBe(5);
    expect(margin).toBeCloseTo(12.706, 3);
  });

  it('of twenty values uses nineteen degrees of freedom', () => {
    const values = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 0 : 2));
    const { mean, margin } = intervalOf(values);
    expect(mean).toBe(1);
    expect(margin).toBeCloseTo(2.093 * Math.sqrt(20 / 19 / 20), 6);
  });

  it('needs two values', () => {
    expect(() => intervalOf([1])).toThrow(RangeError);
  });
});
