import { describe, expect, it } from 'vitest';
import { mase } from './forecastErrors.ts';
import { seasonalNaive } from './seasonalNaive.ts';
import { forecastSeries } from './seriesForecast.ts';
import {
  containers,
  inference,
  nabGroups,
  traceSeries,
  tracesDirectory,
} from './testing/traceSeries.ts';
import type { TraceGroup } from './testing/traceSeries.ts';

interface HeldOut {
  readonly group: TraceGroup;
  readonly step: string;
  readonly stepSeconds: number;
  readonly aggregate: 'max' | 'avg' | 'sum';
  readonly seasons: readonly number[];
  /** Steps ahead. */
  readonly horizon: number;
  /** Of each series the end that is held out, and how far apart forecasts are made in it, in steps. */
  readonly tail: number;
  readonly every: number;
}

const HOUR = 3_600;
const hourly = (group: TraceGroup, aggregate: 'max' | 'avg'): HeldOut => ({
  group,
  step: `hourly ${aggregate}, 24 h ahead`,
  stepSeconds: HOUR,
  aggregate,
  seasons: [24, 168],
  horizon: 24,
  tail: 96,
  every: 24,
});
const native = (group: TraceGroup, every: number): HeldOut => ({
  group,
  step: '5 min max, 1 h ahead',
  stepSeconds: 300,
  aggregate: 'max',
  seasons: [288],
  horizon: 12,
  tail: 288,
  every,
});
const groups = [...nabGroups, containers];
const cases: readonly HeldOut[] = [
  ...groups.map((group) => hourly(group, 'max')),
  ...groups.map((group) => hourly(group, 'avg')),
  ...nabGroups.map((group) => native(group, 72)),
  // Two series: each hour of the day.
  native(containers, 12),
  {
    group: inference,
    step: '10 s sum, 5 min ahead',
    stepSeconds: 10,
    aggregate: 'sum',
    seasons: [],
    horizon: 30,
    tail: 120,
    every: 30,
  },
];

interface Figures {
  ours: number;
  naive: number;
  forecasts: number;
  values: number;
  within80: number;
  within95: number;
}
const none = (): Figures => ({
  ours: 0,
  naive: 0,
  forecasts: 0,
  values: 0,
  within80: 0,
  within95: 0,
});
const table: string[] = [];
const all = none();

/** Each forecast knows what lies before it, and nothing else. */
function holdOut(
  series: readonly Float64Array[],
  { seasons, horizon, tail, every }: HeldOut,
): Figures {
  const figures = none();
  const [season = 1] = seasons;
  for (const values of series) {
    for (let end = values.length; end > values.length - tail; end -= every) {
      const history = values.subarray(0, end - horizon);
      const actual = values.subarray(end - horizon, end);
      const naive = mase(actual, seasonalNaive(season).forecast(history, horizon), history, season);
      if (history.length < 3 * season || Number.isNaN(naive)) continue;
      const found = forecastSeries({ values: history, horizon, seasons, least: 0 });
      figures.ours += mase(actual, found.point, history, season);
      figures.naive += naive;
      figures.forecasts += 1;
      for (const [step, value] of actual.entries()) {
        if (Number.isNaN(value)) continue;
        figures.values += 1;
        if (value >= found.low80[step]! && value <= found.high80[step]!) figures.within80 += 1;
        if (value >= found.low95[step]! && value <= found.high95[step]!) figures.within95 += 1;
      }
    }
  }
  for (const key of Object.keys(all) as (keyof Figures)[]) all[key] += figures[key];
  return figures;
}

const percent = (part: number, whole: number): string => ((100 * part) / whole).toFixed(1);

describe('forecastSeries on the held-out tail of measured series', () => {
  const directory = tracesDirectory();
  const noTraces = 'There are no traces: PRORATA_TRACES says where they are.';

  it.for(cases)(
    'misses by no more than a seasonal naive forecast: $group.name, $step',
    { timeout: 60_000 },
    async (held, { skip }) => {
      if (directory === null) return skip(noTraces);
      const figures = holdOut(
        await traceSeries(directory, held.group, held.stepSeconds, held.aggregate),
        held,
      );
      const [ours, naive] = [figures.ours / figures.forecasts, figures.naive / figures.forecasts];
      const { values, within80, within95, forecasts } = figures;
      table.push(
        `| ${held.group.name} | ${held.step} | ${forecasts} | ${ours.toFixed(2)} | ${naive.toFixed(2)} | ` +
          `${percent(within80, values)} | ${percent(within95, values)} |`,
      );
      expect(forecasts).toBeGreaterThan(0);
      expect(ours).toBeLessThanOrEqual(naive);
    },
  );

  it('has intervals of 80 and 95 % that hold as much of what came, within 5 points', ({ skip }) => {
    if (directory === null) skip(noTraces);
    const { values, within80, within95 } = all;
    table.push(`| all | | | | | ${percent(within80, values)} | ${percent(within95, values)} |`);
    process.stdout.write(`${table.join('\n')}\n`);
    expect(Math.abs(within80 / values - 0.8)).toBeLessThanOrEqual(0.05);
    expect(Math.abs(within95 / values - 0.95)).toBeLessThanOrEqual(0.05);
  });
});
