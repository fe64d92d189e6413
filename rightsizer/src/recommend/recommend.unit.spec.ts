import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classPolicies, unsqueezable } from './classes.ts';
import { limitProvider } from './limitProvider.ts';
import { recommend } from './recommend.ts';
import type { DemandHistory } from './recommendation.ts';
import { HOUR, STEP, decided, follow, historyOf, officeDays } from './testing/histories.ts';

const classes = Object.values(classPolicies);
const { serving, guaranteed } = classPolicies;
const DAYS_STEPS = 288;

const demands = fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 30, maxLength: 340 });
const limits = fc.bigInt({ min: 0n, max: 200_000n });
const policies = fc.constantFrom(...classes, ...classes.map(unsqueezable));

describe('a recommendation', () => {
  it('is the same for the same inputs, hash and all', () => {
    fc.assert(
      fc.property(demands, limits, policies, (slots, limit, policy) => {
        const one = historyOf({ slots, limit });
        const other = historyOf({ slots: [...slots], limit });
        expect(recommend(one.history, policy, one.now)).toEqual(
          recommend(other.history, policy, other.now),
        );
      }),
    );
  });

  it('has another hash where anything is another', () => {
    const { history, now } = historyOf({ slots: officeDays(8) });
    const hash = (changes: Partial<DemandHistory>, at = now, policy = serving): string =>
      recommend({ ...history, ...changes }, policy, at).inputsHash;
    const values = history.slots.values.map((slot, index) =>
      index === 5 ? slot + 1e-9 * slot : slot,
    );
    const hashes = [
      hash({}),
      hash({ limit: 999n }),
      hash({ loweredAt: 0n }),
      hash({ changedAt: 7n }),
      hash({ slots: { ...history.slots, values } }),
      hash({}, now + 1n),
      hash({}, now, guaranteed),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('grows by as much as demand does', () => {
    fc.assert(
      fc.property(
        demands,
        limits,
        policies,
        fc.constantFrom(2, 4, 1_024),
        (slots, limit, policy, by) => {
          const told = historyOf({ slots, limit });
          const more = historyOf({
            slots: slots.map((slot) => slot * by),
            limit: limit * BigInt(by),
          });
          const [one, other] = [
            recommend(told.history, policy, told.now),
            recommend(more.history, policy, more.now),
          ];
          expect(other.reasons).toEqual(one.reasons);
          // Both are rounded up to whole units.
          const gap = Number(one.value) * by - Number(other.value);
          expect(gap).toBeGreaterThanOrEqual(0);
          expect(gap).toBeLessThan(by);
        },
      ),
    );
  });

  it('does not know what day it is', () => {
    fc.assert(
      fc.property(
        demands,
        limits,
        policies,
        fc.integer({ min: 1, max: 1e6 }),
        (slots, limit, policy, hours) => {
          const one = historyOf({ slots, limit });
          const later = historyOf({ slots, limit, from: BigInt(hours) * HOUR });
          const { value, lower, upper, reasons } = recommend(one.history, policy, one.now);
          expect(recommend(later.history, policy, later.now)).toMatchObject({
            value,
            lower,
            upper,
            reasons,
          });
        },
      ),
    );
  });

  it('is never lower where more was wanted lately', () => {
    fc.assert(
      fc.property(
        demands,
        limits,
        policies,
        fc.array(fc.integer({ min: 0, max: 50_000 }), { minLength: 48, maxLength: 48 }),
        (slots, limit, policy, more) => {
          const steps = more.map(() => slots.at(-1) ?? 0);
          const one = historyOf({ slots, steps, limit });
          const other = historyOf({
            slots,
            steps: steps.map((step, at) => step + (more[at] ?? 0)),
            limit,
          });
          const [less, most] = [
            recommend(one.history, policy, one.now),
            recommend(other.history, policy, other.now),
          ];
          expect(most.value).toBeGreaterThanOrEqual(less.value);
        },
      ),
    );
  });

  it('is never further above the highest seen than is sane', () => {
    fc.assert(
      fc.property(demands, limits, policies, (slots, limit, policy) => {
        const told = historyOf({ slots, limit });
        const { value, skip } = recommend(told.history, policy, told.now);
        const most = Math.ceil(Math.max(...slots) * policy.sanityFactor);
        expect(skip !== null || Number(value) <= most).toBe(true);
      }),
    );
  });

  it('never goes below what was seen, exactly, of what cannot be squeezed', () => {
    // Above 2^53 a number does not hold it.
    const highest = 2n ** 60n + 1n;
    const { history, now } = historyOf({ slots: officeDays(14, 10, Number(2n ** 60n)) });
    const found = recommend(
      { ...history, highest },
      { ...unsqueezable(serving), highestMargin: 1 },
      now,
    );
    expect(found.value).toBe(highest);
  });

  it('says why there is none', () => {
    const skip = (told: Parameters<typeof historyOf>[0], later = 0n) => {
      const { history, now } = historyOf(told);
      return recommend(history, serving, now + later).skip;
    };
    expect(skip({ slots: [] })).toBe('NO_DATA');
    expect(skip({ slots: new Array<number>(400).fill(NaN) })).toBe('NO_DATA');
    expect(skip({ slots: new Array<number>(23).fill(5) })).toBe('WARMING_UP');
    expect(skip({ slots: officeDays(14) }, 5n * HOUR)).toBe('USAGE_STALE');
    expect(skip({ slots: officeDays(14) }, 4n * HOUR)).toBeNull();
  });

  it('stays what it was (vectors of our own)', () => {
    const values = classes.map((policy) => {
      const { history, now } = historyOf({
        slots: [...officeDays(13, 211, 797), ...officeDays(1, 223, 811).slice(0, 14)],
        limit: 1_500n,
      });
      const { value, lower, upper, reasons } = recommend(history, policy, now);
      return [policy.workload, value, lower, upper, reasons.join(' ')].join(' ');
    });
    expect(values).toMatchInlineSnapshot(`
      [
        "batch 811 434 1159 RECENT",
        "serving 811 694 1082 RECENT",
        "guaranteed 852 741 1002 HIGHEST_SEEN",
      ]
    `);
  });
});

describe('a limit that follows demand', () => {
  it.each(classes)('settles on one value where demand is constant ($workload)', (policy) => {
    const { limits: found, changes } = follow(
      new Array<number>(12 * DAYS_STEPS).fill(500),
      2 * DAYS_STEPS,
      policy,
    );
    expect(changes).toBeLessThanOrEqual(2);
    expect(new Set(found.slice(DAYS_STEPS)).size).toBe(1);
  });

  it.each(classes)(
    'comes to rest where demand alternates from step to step or hour to hour ($workload)',
    (policy) => {
      for (const length of [1, 12]) {
        const demand = Array.from({ length: 6 * DAYS_STEPS }, (_, at) =>
          Math.floor(at / length) % 2 === 0 ? 900 : 100,
        );
        const { limits: found } = follow(demand, 2 * DAYS_STEPS, policy);
        expect(new Set(found.slice(DAYS_STEPS)).size).toBe(1);
      }
    },
  );

  it('follows the day in a few moves, and is short in none of its hours', () => {
    const demand = officeDays(14).flatMap((slot) => new Array<number>(12).fill(slot));
    const { limits: found, changes } = follow(demand, 7 * DAYS_STEPS, serving);
    // Up in two steps, since the night is less than half of the day, and down in one.
    expect(changes).toBeLessThanOrEqual(7 * 3);
    const short = found.filter((limit, at) => limit < (demand[7 * DAYS_STEPS + at] ?? 0));
    expect(short).toEqual([]);
  });

  it('gives itself no reason to be raised', () => {
    // One jump: what was refused under the old limit is asked for once.
    const demand = Array.from({ length: 9 * DAYS_STEPS }, (_, at) =>
      at < 8 * DAYS_STEPS ? 100 : 500,
    );
    const { limits: found } = follow(demand, 7 * DAYS_STEPS, serving);
    expect(Math.max(...found)).toBeLessThanOrEqual(Math.ceil(500 * serving.shortageMargin));
  });

  it('is what the backtest follows', () => {
    const demand = officeDays(10, 230, 870).flatMap((slot, hour) =>
      Array.from({ length: 12 }, (_, step) => slot + ((hour * 7 + step * 13) % 40)),
    );
    const warm = 7 * DAYS_STEPS;
    for (const policy of classes) {
      const rule = limitProvider(policy.workload).begin({
        name: 's',
        from: 0n,
        stepMicros: STEP,
        warmUp: warm,
        lag: 0,
      });
      const values = Float64Array.from(demand);
      const told = new Float64Array(demand.length).fill(NaN);
      const backtested = demand.slice(warm).map((_, index) => {
        const at = warm + index;
        told[at] = rule.limitAt({ values, known: at, limits: told }, at);
        return told[at];
      });
      const { limits: found } = follow(demand, warm, policy);
      // The backtest counts in finer units, so that the last whole one may differ.
      for (const [at, limit] of found.entries()) {
        expect(Math.abs(limit - (backtested[at] ?? 0))).toBeLessThanOrEqual(1);
      }
    }
  });
});

describe('a series of which nothing is known where its warm-up ends', () => {
  it.each(classes)(
    'begins with the highest that was seen, not with nothing ($workload)',
    (policy) => {
      const known = 7 * DAYS_STEPS;
      const values = new Float64Array(8 * DAYS_STEPS).fill(NaN);
      values.fill(640, 0, known - 5 * 12);
      const told = new Float64Array(values.length).fill(NaN);
      const facts = { name: 's', from: 0n, stepMicros: STEP, warmUp: known, lag: 0 };
      const rule = limitProvider(policy.workload).begin(facts);
      expect(rule.limitAt({ values, known, limits: told }, known)).toBe(640);
    },
  );
});

describe('what went wrong elsewhere does not here', () => {
  it('kubernetes/autoscaler#9521: raises after shortages do not feed on each other', () => {
    const demand = Array.from({ length: 9 * DAYS_STEPS }, (_, at) => (at % 50 === 0 ? 1_000 : 100));
    const { limits: found } = follow(demand, 7 * DAYS_STEPS, guaranteed);
    expect(Math.max(...found)).toBeLessThanOrEqual(1_000 * guaranteed.shortageMargin);
  });

  it('#4981, #6236: refusals raise where there was never a sample', () => {
    const steps = new Array<number>(3).fill(NaN);
    expect(
      decided(historyOf({ slots: [], steps, pressed: [0, 5, 40], limit: 100n }), serving),
    ).toMatchObject({
      kind: 'raise',
      reasons: ['REFUSED'],
    });
  });

  it('#3975: a job of one step a day is in the profile', () => {
    const slots = officeDays(14, 10, 10).map((slot, hour) => (hour % 24 === 3 ? 5_000 : slot));
    const { history, now } = historyOf({ slots });
    expect(recommend(history, guaranteed, now).value).toBeGreaterThanOrEqual(5_000n);
  });

  it('#4148, #6010, #6362, #9362: two recommendations do not take turns', () => {
    const demand = Array.from({ length: 6 * DAYS_STEPS }, (_, at) => (at % 6 < 3 ? 1_000 : 900));
    expect(follow(demand, 2 * DAYS_STEPS, serving).changes).toBeLessThanOrEqual(2);
  });

  it('#2016: a mean does not hide a peak, for the profile keeps the highest step', () => {
    const slots = officeDays(14, 100, 100);
    const steps = [...new Array<number>(47).fill(100), 1_500];
    expect(decided(historyOf({ slots, steps, limit: 1_000n }), serving).kind).toBe('raise');
  });

  it('#1182: an upper bound is near the highest seen', () => {
    const { history, now } = historyOf({ slots: officeDays(2), limit: 100n });
    expect(recommend(history, serving, now).upper).toBeLessThanOrEqual(2n * 800n * 2n);
  });

  it('gardener/autoscaler#69: history that is blind to spikes does not keep a raise back', () => {
    const steps = [...new Array<number>(46).fill(10), 700, 900];
    const move = decided(historyOf({ slots: officeDays(14, 10, 10), steps, limit: 50n }), serving);
    expect(move).toMatchObject({ kind: 'raise', value: 714n });
  });

  it('krr#379, #110, #294: what cannot be squeezed is not lowered below a rare spike', () => {
    const slots = officeDays(14, 100, 100).map((slot, hour) => (hour === 20 ? 990 : slot));
    const move = decided(historyOf({ slots, limit: 1_000n }), unsqueezable(classPolicies.batch));
    expect(move.kind).toBe('hold');
  });

  it('krr#174: every limit that is left alone has a reason', () => {
    fc.assert(
      fc.property(demands, limits, policies, (slots, limit, policy) => {
        const move = decided(historyOf({ slots, limit }), policy);
        expect(move.kind === 'hold' ? move.reason : move.reasons.join()).not.toBe('');
      }),
    );
  });
});
