import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TIERS, TierShares } from './tierShares.ts';

const tier = fc.integer({ min: 0, max: TIERS - 1 });
const percents = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: TIERS });

it('never lets more in than the limit, whatever is kept for whom and however the limit moves', () => {
  const step = fc.record({ tier, limit: fc.integer({ min: 1, max: 50 }), leaves: fc.boolean() });
  fc.assert(
    fc.property(percents, fc.array(step, { maxLength: 300 }), (shares, steps) => {
      const under = new TierShares(shares);
      const inside: number[] = [];
      for (const { tier: who, limit, leaves } of steps) {
        const gone = leaves ? inside.pop() : undefined;
        if (gone !== undefined) under.leave(gone);
        const before = under.total;
        if (under.enter(who, limit)) {
          inside.push(who);
          expect(before).toBeLessThan(limit);
        }
        expect(under.total).toBe(inside.length);
      }
    }),
  );
});

it('keeps for a tier what it does not use, and lets it use more than its share where there is room', () => {
  const under = new TierShares([30, 20]);
  const enterAll = (who: number): number => {
    let entered = 0;
    while (under.enter(who, 10)) entered += 1;
    return entered;
  };
  expect(enterAll(4)).toBe(5);
  expect(enterAll(1)).toBe(2);
  expect(enterAll(0)).toBe(3);
  for (const who of [4, 4, 4, 4, 4, 1, 1, 0, 0, 0]) under.leave(who);
  expect(enterAll(0)).toBe(8);
});

it('lets one in that has no share although all is kept for others and nothing in use, or says so', () => {
  expect(new TierShares([100]).enter(4, 10)).toBe(false);
  expect(new TierShares([]).enter(4, 1)).toBe(true);
  expect(new TierShares([50]).enter(4, Infinity)).toBe(true);
  expect(() => new TierShares([60, 60])).toThrow(RangeError);
  expect(() => new TierShares([-1])).toThrow(RangeError);
});
