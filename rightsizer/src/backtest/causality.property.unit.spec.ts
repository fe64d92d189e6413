import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DemandSeries } from './demandSeries.ts';
import type { CausalProvider } from './limitProvider.ts';
import { allPolicies, baselines, own } from './policies.ts';
import { replay } from './replay.ts';

/** Half an hour: eight days are 384 windows. */
const stepMicros = 1_800_000_000n;
const DAY = 48;
const WARM_UP = 7 * DAY;
const LENGTH = 9 * DAY;

const demand = fc
  .record({
    levels: fc.array(fc.nat(1_000), { minLength: 8, maxLength: 8 }),
    swing: fc.nat(500),
    spikes: fc.array(fc.tuple(fc.nat(LENGTH - 1), fc.nat(5_000)), { maxLength: 8 }),
    gaps: fc.array(fc.nat(LENGTH - 1), { maxLength: 20 }),
  })
  .map(({ levels, swing, spikes, gaps }) => {
    const values = new Float64Array(LENGTH);
    for (let at = 0; at < LENGTH; at += 1) {
      const level = levels[Math.floor((at * levels.length) / LENGTH)] ?? 0;
      values[at] = level + swing * ((at % DAY) / DAY);
    }
    for (const [at, height] of spikes) values[at] = height;
    for (const at of gaps) values[at] = NaN;
    return values;
  });

const seriesOf = (values: Float64Array): DemandSeries => ({
  name: 'one',
  from: 0n,
  stepMicros,
  values,
});

const limitsOf = (values: Float64Array, policy: CausalProvider, lag: number): Float64Array =>
  replay(seriesOf(values), policy, { warmUp: WARM_UP, lag }).limits;

describe.each([...own, ...baselines])('$name sees the past alone', (policy) => {
  it('chooses every limit up to t as before, whatever is from t on', () => {
    fc.assert(
      fc.property(
        demand,
        demand,
        fc.integer({ min: WARM_UP, max: LENGTH - 1 }),
        fc.constantFrom(1, 2, 6),
        (past, other, at, lag) => {
          const mutated = Float64Array.from(past, (value, index) =>
            index < at ? value : (other[index] ?? NaN) * 7 + 1,
          );
          const before = limitsOf(past, policy, lag).slice(0, at + lag + 1);
          expect(limitsOf(mutated, policy, lag).slice(0, at + lag + 1)).toEqual(before);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('chooses the same limits where the future has been deleted', () => {
    fc.assert(
      fc.property(demand, fc.integer({ min: WARM_UP + 1, max: LENGTH }), (values, length) => {
        const whole = limitsOf(values, policy, 1);
        expect(limitsOf(values.slice(0, length), policy, 1)).toEqual(whole.slice(0, length));
      }),
      { numRuns: 25 },
    );
  });
});

describe('what a policy is given', () => {
  it('has nothing of the future in it, not even in the memory behind', () => {
    const values = new Float64Array(LENGTH).fill(3);
    const spy: CausalProvider = {
      kind: 'baseline',
      name: 'spy',
      begin: ({ lag }) => ({
        limitAt(past, at) {
          expect(past.known).toBe(at - lag);
          const memory = new Float64Array(past.values.buffer);
          expect(memory.slice(past.known).every((value) => Number.isNaN(value))).toBe(true);
          return 4;
        },
      }),
    };
    replay(seriesOf(values), spy, { warmUp: WARM_UP, lag: 2 });
  });

  it('is judged by what it said, not by what it wrote', () => {
    const liar: CausalProvider = {
      kind: 'baseline',
      name: 'liar',
      begin: () => ({
        limitAt(past) {
          past.limits.fill(1e9);
          past.values.fill(0);
          return 1;
        },
      }),
    };
    const { tally, limits } = replay(seriesOf(new Float64Array(LENGTH).fill(3)), liar, {
      warmUp: WARM_UP,
      lag: 1,
    });
    expect(tally.short).toBe(LENGTH - WARM_UP);
    expect(limits[WARM_UP]).toBe(1);
  });

  it('has names that are unique', () => {
    const names = allPolicies.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
