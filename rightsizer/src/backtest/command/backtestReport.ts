import { tableLines } from '../../query/answerText.ts';
import type { Backtested } from '../backtest.ts';
import { beats } from '../dominance.ts';
import { quantile, SHORTAGE_COSTS } from '../figures.ts';
import type { Figures } from '../figures.ts';

export interface BacktestReport {
  /** Names of those that were judged. */
  readonly series: readonly string[];
  /** Series that end within the warm-up. */
  readonly skipped: number;
  /** Rows that were not counted. */
  readonly ignored: number;
  readonly results: readonly Backtested[];
}

/** What scripts read: shares in percent, six digits after the point. */
export function reportLine(
  report: BacktestReport,
  result: Backtested,
  perSeries: boolean,
): Readonly<Record<string, unknown>> {
  const over = (q: number): object => rounded(overSeries(result, q));
  return {
    policy: result.policy,
    ...rounded(result.pooled),
    kind: result.kind,
    series: report.series.length,
    skipped: report.skipped,
    windows: result.windows,
    missing: result.missing,
    ignored: report.ignored,
    beatenBy: beatersOf(report, result),
    median: over(0.5),
    p90: over(0.9),
    ...(perSeries
      ? {
          perSeries: result.perSeries.map((figures, at) => ({
            series: report.series[at],
            ...rounded(figures),
          })),
        }
      : {}),
  };
}

/** What people read. */
export function reportTable(report: BacktestReport, perSeries: boolean): readonly string[] {
  const { results, series } = report;
  const [first] = results;
  const heads = ['policy', ...figureHeads, 'beaten by'];
  const rows = results.map((result) => [
    result.policy,
    ...figureCells(result.pooled),
    beatersOf(report, result).join(' '),
  ]);
  return [
    ...tableLines(heads, rows),
    '',
    `${series.length} series, ${first?.windows ?? 0} windows, ${first?.missing ?? 0} of them without a row. Slack, short and unserved in percent, changes per series and day;`,
    'J<k> is slack + k · unserved + c · changes. Beaten by: no worse in the first four, and better in one.',
    ...lowestLines(report),
    ...(perSeries ? ['', ...seriesTable(report)] : []),
  ];
}

/** Which policy cost least by each price of a shortage, and which of ours: oracles cannot be had, others not turned on. */
function lowestLines({ results }: BacktestReport): readonly string[] {
  const real = results.filter(({ kind }) => kind !== 'oracle');
  if (real.length < 2) return [];
  const ours = real.filter(({ kind }) => kind === 'ours');
  const lowest = SHORTAGE_COSTS.map((k) => {
    const best = leastBy(real, k);
    const own = leastBy(ours, k);
    return `J${k} ${best}${own === '' || own === best ? '' : ` (of ours ${own})`}`;
  });
  return [`Lowest but for oracles: ${lowest.join('; ')}.`];
}

function leastBy(results: readonly Backtested[], k: (typeof SHORTAGE_COSTS)[number]): string {
  const least = Math.min(...results.map(({ pooled }) => pooled.J[k]));
  const names = results.filter(({ pooled }) => pooled.J[k] === least).map(({ policy }) => policy);
  return names.join(', ');
}

function seriesTable({ results, series }: BacktestReport): readonly string[] {
  const rows = series.flatMap((name, at) =>
    results.map(({ policy, perSeries }) => {
      const figures = perSeries[at];
      return [name, policy, ...(figures === undefined ? [] : figureCells(figures))];
    }),
  );
  return tableLines(['series', 'policy', ...figureHeads], rows);
}

export const figureHeads = [
  'slack',
  'short',
  'unserved',
  'changes',
  ...SHORTAGE_COSTS.map((k) => `J${k}`),
];

export function figureCells(figures: Figures): readonly string[] {
  return [
    figures.slack.toFixed(1),
    figures.violations.toFixed(2),
    figures.unserved.toFixed(2),
    figures.changesPerSeriesDay.toFixed(2),
    ...SHORTAGE_COSTS.map((k) => figures.J[k].toFixed(1)),
  ];
}

/** Oracles know the future: to be beaten by one says nothing. */
function beatersOf({ results }: BacktestReport, { policy, pooled }: Backtested): readonly string[] {
  return results
    .filter(({ kind, pooled: other }) => kind !== 'oracle' && beats(other, pooled))
    .map((result) => result.policy)
    .filter((name) => name !== policy);
}

const spread = ['slack', 'violations', 'unserved', 'changesPerSeriesDay'] as const;

/** Each figure by itself, over the series. */
function overSeries({ perSeries }: Backtested, q: number): object {
  return Object.fromEntries(
    spread.map((name) => [
      name,
      quantile(
        perSeries.map((figures) => figures[name]),
        q,
      ),
    ]),
  );
}

const DIGITS = 1e6;

export function rounded<T extends object>(figures: T): T {
  const entries = Object.entries(figures).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === 'number'
      ? Math.round(value * DIGITS) / DIGITS
      : rounded(value as Readonly<Record<string, unknown>>),
  ]);
  return Object.fromEntries(entries) as T;
}
