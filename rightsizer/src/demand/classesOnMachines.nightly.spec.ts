import { beforeAll, describe, expect, it } from 'vitest';
import { backtest } from '../backtest/backtest.ts';
import type { Figures } from '../backtest/figures.ts';
import { allPolicies } from '../backtest/policies.ts';
import { measuredMixture, officeMixture, restlessMixture } from './machineMixtures.ts';
import { WINDOWS_PER_DAY, virtualMachines } from './virtualMachines.ts';
import type { MachineMixture } from './virtualMachines.ts';

const terms = { warmUp: 7 * WINDOWS_PER_DAY, lag: 1, changeCost: 0.1 };
/** Some ten processor seconds, on a machine that may do much else. */
const PATIENCE_MS = 240_000;
const compared = [
  ...['prorata-batch', 'prorata-serving', 'prorata-guaranteed'],
  ...['static-max', 'vpa', 'krr-cpu', 'krr-memory', 'autopilot-p95', 'autopilot-p98'],
  ...['p99.5-14d', 'seasonal-naive', 'oracle-next-day', 'oracle-next-hour'],
];

function figuresOn(mixture: MachineMixture, seed: number, machines: number): Map<string, Figures> {
  const series = virtualMachines(mixture, seed, { machines, days: 30 }).map(({ name, peaks }) => ({
    name,
    from: 0n,
    stepMicros: 300_000_000n,
    values: peaks,
  }));
  const policies = allPolicies.filter(({ name }) => compared.includes(name));
  return new Map(policies.map((each) => [each.name, backtest(series, each, terms).pooled]));
}

/** Slack, windows short, unserved, percent, of 100 real machines' peaks, as they were published. */
const published: Readonly<Record<string, readonly [number, number, number]>> = {
  'static-max': [80.3, 0.17, 0.03],
  vpa: [46.9, 5.39, 4.63],
  'krr-cpu': [51.8, 5.47, 3.93],
  'krr-memory': [80.3, 0, 0],
  'autopilot-p95': [70.6, 0.67, 0.49],
  'autopilot-p98': [76.3, 0.14, 0.09],
  'p99.5-14d': [76.4, 0.26, 0.17],
  'seasonal-naive': [62.5, 2.71, 2.77],
  'oracle-next-day': [71.3, 0, 0],
  'oracle-next-hour': [45.3, 0, 0],
};

describe('on made-up machines shaped after real ones', () => {
  let found: Map<string, Figures>;
  beforeAll(() => {
    found = figuresOn(measuredMixture, 101, 40);
  }, PATIENCE_MS);

  it.each(Object.entries(published))(
    '%s comes to about what was published of it',
    (name, [slack, short, unserved]) => {
      const figures = found.get(name)!;
      expect(Math.abs(figures.slack - slack)).toBeLessThan(4);
      expect(Math.abs(figures.violations - short)).toBeLessThan(0.25 + 0.25 * short);
      expect(Math.abs(figures.unserved - unserved)).toBeLessThan(0.2 + 0.3 * unserved);
    },
  );

  it('serving stays within what was aimed at', () => {
    const { slack, violations, unserved, changesPerSeriesDay } = found.get('prorata-serving')!;
    expect(slack).toBeLessThan(69.5);
    expect(violations).toBeLessThan(0.6);
    expect(unserved).toBeLessThan(0.4);
    expect(changesPerSeriesDay).toBeLessThan(3);
  });
});

describe.each([
  ['the mixture that was tuned on, by another seed', measuredMixture, 104],
  ['office days', officeMixture, 102],
  ['restless machines', restlessMixture, 103],
] as const)('%s', (_, mixture, seed) => {
  let found: Map<string, Figures>;
  beforeAll(() => {
    found = figuresOn(mixture, seed, 20);
  }, PATIENCE_MS);
  const others = (): Figures[] =>
    [...found]
      .filter(([name]) => name in published && !name.startsWith('oracle'))
      .map(([, each]) => each);

  it.each([
    ['prorata-batch', 5],
    ['prorata-guaranteed', 100],
  ] as const)('%s costs less than every baseline where a shortage costs %i', (name, k) => {
    const least = Math.min(...others().map(({ J }) => J[k]));
    expect(found.get(name)!.J[k]).toBeLessThan(least);
  });

  it('no baseline beats any of ours on all four figures', () => {
    for (const name of ['prorata-batch', 'prorata-serving', 'prorata-guaranteed']) {
      const ours = found.get(name)!;
      const beaten = others().filter(
        (each) =>
          each.slack <= ours.slack &&
          each.violations <= ours.violations &&
          each.unserved <= ours.unserved &&
          each.changesPerSeriesDay <= ours.changesPerSeriesDay,
      );
      expect(beaten).toEqual([]);
    }
  });
});
