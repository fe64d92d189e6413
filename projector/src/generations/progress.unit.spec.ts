import { describe, expect, it } from 'vitest';
import { ProgressRate } from './progress.ts';

describe('the rate of a rebuild', () => {
  it('is told from the second look on, with the time left', () => {
    const rate = new ProgressRate();
    expect(rate.look({ done: 0, total: 1_000 }, 5_000)).toEqual({ rate: null, secondsLeft: null });
    expect(rate.look({ done: 200, total: 1_000 }, 7_000)).toEqual({ rate: 100, secondsLeft: 8 });
  });

  it('forgets what was long ago, and promises nothing while nothing moves', () => {
    const rate = new ProgressRate();
    rate.look({ done: 0, total: 1_000 }, 0);
    rate.look({ done: 900, total: 1_000 }, 1_000);
    rate.look({ done: 900, total: 1_000 }, 12_000);
    expect(rate.look({ done: 900, total: 1_000 }, 23_000)).toEqual({ rate: 0, secondsLeft: null });
  });
});
