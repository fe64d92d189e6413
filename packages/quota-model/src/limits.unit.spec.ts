import { describe, expect, it } from 'vitest';
import { compareBounds, cutLimit, minLimit } from './limits.ts';
import { cores, credits, sessions, tokens, unbounded } from './testing/samples.ts';
import { SECOND } from './testing/stamp.ts';

describe('compareBounds', () => {
  it('compares rates of different times exactly, above 2^53 too', () => {
    const perSecond = tokens(9_007_199_254_740_993n);
    const perThird = tokens(27_021_597_764_222_978n, { perMicros: 3n * SECOND });
    expect(compareBounds(perThird, perSecond)).toBe(-1);
    expect(compareBounds(tokens(10n), tokens(600n, { perMicros: 60n * SECOND }))).toBe(0);
  });

  it('puts blocked under every number and unlimited above', () => {
    const order = [
      unbounded(sessions(1n), 'blocked'),
      sessions(1n),
      unbounded(sessions(1n), 'unlimited'),
    ];
    for (const [left, a] of order.entries()) {
      for (const [right, b] of order.entries()) {
        expect(Math.sign(compareBounds(a, b))).toBe(Math.sign(left - right));
      }
    }
  });
});

describe('minLimit', () => {
  it('takes the lower rate and the smaller burst, even of the higher rate', () => {
    const own = tokens(100n, { burst: 500n });
    expect(minLimit(own, tokens(200n, { burst: 300n }))).toEqual(tokens(100n, { burst: 300n }));
    expect(minLimit(own, tokens(200n))).toEqual(tokens(100n, { burst: 200n }));
    expect(minLimit(tokens(100n), tokens(200n))).toEqual(tokens(100n));
  });

  it('keeps a guarantee within the maximum that is left', () => {
    expect(minLimit(cores(50n, 100n), cores(80n, 40n))).toEqual(cores(40n, 40n));
    expect(minLimit(cores(50n, 100n), cores(10n, 200n))).toEqual(cores(10n, 100n));
  });

  it('guarantees nothing where it is blocked', () => {
    const min = minLimit(cores(50n, 100n), { ...unbounded(cores(0n, 1n), 'blocked') });
    expect(min).toMatchObject({ bound: 'blocked', guaranteed: null });
  });
});

describe('cutLimit', () => {
  it('cuts the bound and rounds down', () => {
    expect(cutLimit(sessions(101n), 2_500, 0)).toEqual(sessions(75n));
    expect(cutLimit(credits(1_000n), 1, 0)).toEqual(credits(999n));
  });

  it('cuts a burst in the same proportion and leaves one unit', () => {
    expect(cutLimit(tokens(100n, { burst: 10n }), 5_000, 0)).toEqual(tokens(50n, { burst: 5n }));
    expect(cutLimit(tokens(100n, { burst: 1n }), 9_999, 0)).toEqual(tokens(1n, { burst: 1n }));
    expect(cutLimit(tokens(100n), 5_000, 0)).toEqual(tokens(50n));
  });

  it('leaves the guarantee, the floor and one unit', () => {
    expect(cutLimit(cores(80n, 100n), 5_000, 0)).toEqual(cores(80n, 80n));
    expect(cutLimit(cores(0n, 100n), 9_000, 3_000)).toEqual(cores(0n, 30n));
    expect(cutLimit(sessions(3n), 10_000, 0)).toEqual(sessions(1n));
  });

  it('leaves blocked and unlimited as they are: neither has a number to cut', () => {
    const blocked = unbounded(sessions(1n), 'blocked');
    const unlimited = unbounded(sessions(1n), 'unlimited');
    expect(cutLimit(blocked, 5_000, 2_000)).toBe(blocked);
    expect(cutLimit(unlimited, 10_000, 0)).toBe(unlimited);
  });

  it('is exact at the end of 64 bits', () => {
    expect(cutLimit(sessions(2n ** 63n - 1n), 1, 0).amount).toBe(9_222_449_699_651_090_329n);
  });
});
