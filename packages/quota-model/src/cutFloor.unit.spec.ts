import { describe, expect, it } from 'vitest';
import { cutLimit } from './limits.ts';
import { cores, sessions, tokens } from './testing/samples.ts';

describe('the floor of a cut', () => {
  it('is rounded up: of 3 at once, half is 2', () => {
    expect(cutLimit(sessions(3n), 9_000, 5_000)).toEqual(sessions(2n));
    expect(cutLimit(sessions(7n), 10_000, 1)).toEqual(sessions(1n));
    expect(cutLimit(cores(0n, 7n), 10_000, 5_000)).toEqual(cores(0n, 4n));
  });

  it('holds for the burst as well, while the cut itself is rounded down', () => {
    const limit = tokens(101n, { burst: 3n });
    expect(cutLimit(limit, 9_000, 5_000)).toEqual(tokens(51n, { burst: 2n }));
    expect(cutLimit(limit, 2_500, 5_000)).toEqual(tokens(75n, { burst: 2n }));
  });

  it('never leaves more than there was, nor less than its part', () => {
    for (let amount = 1n; amount <= 50n; amount += 1n) {
      for (const floor of [0, 1, 3_333, 5_000, 9_999, 10_000]) {
        const cut = cutLimit(tokens(amount, { burst: amount }), 10_000, floor);
        const least = amount * BigInt(floor);
        expect(cut.amount * 10_000n >= least && cut.amount <= amount).toBe(true);
        expect(cut.burst! * 10_000n >= least && cut.burst! <= amount).toBe(true);
      }
    }
  });
});
