import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ONLY_SLOT } from './limitState.ts';
import { SlidingCounts } from './slidingCounts.ts';

const start = 1_800_000_000_000_000;

/** A sliding window of one slot on a timeline of its own. */
function windowOf(amount: number, perMicros: number) {
  const moment = Float64Array.of(start);
  const counts = new SlidingCounts(amount, perMicros, moment);
  return {
    at(now: number) {
      moment[0] = now;
      return counts;
    },
  };
}

interface Taken {
  readonly at: number;
  readonly cost: number;
}

/** What a log of all requests says: taken later than `perMicros` before. */
const within = (log: readonly Taken[], now: number, perMicros: number): number =>
  log.filter(({ at }) => at > now - perMicros).reduce((sum, { cost }) => sum + cost, 0);

const arrivals = (per: number) =>
  fc.array(
    fc.tuple(
      fc.oneof(
        fc.constant(0),
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 0, max: Math.ceil(per / 3) }),
        fc.integer({ min: 0, max: 2 * per }),
      ),
      fc.integer({ min: 0, max: 12 }),
    ),
    { minLength: 1, maxLength: 120 },
  );
const terms = fc
  .record({
    amount: fc.integer({ min: 1, max: 40 }),
    per: fc.constantFrom(1, 7, 64, 1_000, 60_000_000),
  })
  .chain(({ amount, per }) =>
    fc.record({ amount: fc.constant(amount), per: fc.constant(per), script: arrivals(per) }),
  );

describe('a sliding window', () => {
  it('admits its amount at most within any stretch of its length', () => {
    fc.assert(
      fc.property(terms, ({ amount, per, script }) => {
        const window = windowOf(amount, per);
        const log: Taken[] = [];
        let now = start;
        for (const [after, cost] of script) {
          now += after;
          if (window.at(now).take(ONLY_SLOT, cost, new Float64Array(1)))
            log.push({ at: now, cost });
        }
        for (const { at } of log)
          expect(
            within(
              log.filter((each) => each.at <= at),
              at,
              per,
            ),
          ).toBeLessThanOrEqual(amount);
      }),
      { numRuns: 1_000 },
    );
  });

  it('refuses only what a log of nine eighths of its length would refuse too', () => {
    fc.assert(
      fc.property(terms, ({ amount, per, script }) => {
        const window = windowOf(amount, per);
        const log: Taken[] = [];
        let now = start;
        for (const [after, cost] of script) {
          now += after;
          if (window.at(now).take(ONLY_SLOT, cost, new Float64Array(1)))
            log.push({ at: now, cost });
          else expect(within(log, now, (per * 9) / 8) + cost).toBeGreaterThan(amount);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('names the first microsecond at which there is room', () => {
    fc.assert(
      fc.property(terms, ({ amount, per, script }) => {
        const window = windowOf(amount, per);
        const wait = new Float64Array(1);
        let now = start;
        for (const [after, cost] of script) {
          now += after;
          if (window.at(now).take(ONLY_SLOT, cost, wait) || cost > amount) continue;
          const at = now + wait[0]!;
          expect(window.at(at - 1).hasRoom(ONLY_SLOT, cost)).toBe(false);
          expect(window.at(at).hasRoom(ONLY_SLOT, cost)).toBe(true);
          now = at;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('counts what is owed beyond its amount until it is a window old, and takes back what was not used', () => {
    const window = windowOf(10, 1_000);
    window.at(start).owe(ONLY_SLOT, 25);
    expect(window.at(start + 999).hasRoom(ONLY_SLOT, 1)).toBe(false);
    expect(window.at(start + 1_000).hasRoom(ONLY_SLOT, 10)).toBe(true);
    window.at(start + 1_000).charge(ONLY_SLOT, 8);
    window.at(start + 1_500).giveBack(ONLY_SLOT, 5, start + 1_000);
    expect(window.at(start + 1_500).hasRoom(ONLY_SLOT, 7)).toBe(true);
    expect(window.at(start + 1_500).hasRoom(ONLY_SLOT, 8)).toBe(false);
    window.at(start + 2_000).giveBack(ONLY_SLOT, 3, start + 1_000);
    expect(window.at(start + 2_000).hasRoom(ONLY_SLOT, 11)).toBe(false);
  });

  it('returns nothing of what is free by itself: what counts by then is others’', () => {
    const window = windowOf(10, 1_000);
    window.at(start).charge(ONLY_SLOT, 10);
    window.at(start + 1_200).take(ONLY_SLOT, 10, new Float64Array(1));
    window.at(start + 1_300).giveBack(ONLY_SLOT, 10, start);
    expect(window.at(start + 1_300).hasRoom(ONLY_SLOT, 1)).toBe(false);
    // So it is where the window was shorter when it came free.
    window.at(start + 1_400).change(10, 60_000, start + 1_400);
    window.at(start + 1_400).giveBack(ONLY_SLOT, 10, start);
    expect(window.at(start + 1_400).hasRoom(ONLY_SLOT, 1)).toBe(false);
  });
});
