import { arms } from './closedLoop.ts';
import type { ArmFigures } from './closedLoop.ts';
import type { ClosedLoopRun } from './closedLoopRuns.ts';
import { intervalOf } from './interval.ts';
import type { Interval } from './interval.ts';

type Figure = keyof ArmFigures;

const figures: readonly { readonly key: Figure; readonly title: string; readonly unit: string }[] =
  [
    { key: 'waste', title: 'waste', unit: '% of the room' },
    { key: 'refused', title: 'refused work', unit: '% of the demand' },
    { key: 'short', title: 'short', unit: '% of windows' },
    { key: 'overBudget', title: 'over budget', unit: '% of budgets' },
    { key: 'changes', title: 'changes', unit: 'per quota and day' },
    { key: 'cuts', title: 'cuts and lifts', unit: 'per quota and day' },
  ];

/** What each part adds: the first arm less the second, on the same demand. */
const pairs: readonly (readonly [title: string, arm: string, than: string])[] = [
  ['rightsizer, than the planner', 'rightsizer', 'static peak × 1.15'],
  ['rightsizer, than KRR', 'rightsizer', 'KRR'],
  ['throttle, than the planner', 'throttle', 'static peak × 1.15'],
  ['both loops, than the planner', 'both loops', 'static peak × 1.15'],
  ['both loops, than KRR', 'both loops', 'KRR'],
  ['throttle beside the rightsizer', 'both loops', 'rightsizer'],
  ['rightsizer beside the throttle', 'both loops', 'throttle'],
];

/** The tables of docs/explanation/closed-loop-report.md, from the lines that a run left. */
export function reportOf(runs: readonly ClosedLoopRun[]): string {
  const seeds = new Set(runs.map(({ seed }) => seed)).size;
  const days = runs[0]?.days ?? 0;
  return [
    `${seeds} seeds, ${days} days each, the first two weeks not judged; means and 95 % intervals.`,
    '',
    ...table(
      'arm',
      arms.map(({ name }) => [name, (key) => intervalOf(valuesOf(runs, name, key))]),
    ),
    '',
    'The differences on the same demand, seed by seed, with the interval of the difference:',
    '',
    ...table(
      'less or more',
      pairs.map(([title, arm, than]) => [title, (key) => differenceOf(runs, arm, than, key)]),
    ),
    '',
  ].join('\n');
}

/** Lines of the form of every bench: ours is both loops, the other arms stand beside them. */
export function* benchLines(runs: readonly ClosedLoopRun[]): Generator<object> {
  const seeds = new Set(runs.map(({ seed }) => seed)).size;
  for (const { key, title, unit } of figures) {
    const means = arms.map(({ name }) => {
      const { mean, margin } = intervalOf(valuesOf(runs, name, key));
      return [name, { mean: rounded(mean), margin: rounded(margin) }] as const;
    });
    const peers = Object.fromEntries(means.map(([name, { mean }]) => [name, mean]));
    const margins = Object.fromEntries(means.map(([name, { margin }]) => [name, margin]));
    const { 'both loops': ours, ...others } = peers;
    const terms = { floor: null, partitions: 1, cores: 1, seeds, margins };
    yield { bench: 'closedloop', figure: title, unit, ours, peers: others, ...terms };
  }
}

type Cell = (key: Figure) => Interval;

function table(head: string, rows: readonly (readonly [name: string, cell: Cell])[]): string[] {
  const titles = figures.map(({ title, unit }) => `${title}, ${unit}`);
  return [
    `| ${[head, ...titles].join(' | ')} |`,
    `| ${['---', ...titles.map(() => '---:')].join(' | ')} |`,
    ...rows.map(
      ([name, cell]) => `| ${[name, ...figures.map(({ key }) => text(cell(key)))].join(' | ')} |`,
    ),
  ];
}

function valuesOf(runs: readonly ClosedLoopRun[], arm: string, key: Figure): number[] {
  return runs.filter((run) => run.arm === arm).map((run) => run[key]);
}

function differenceOf(
  runs: readonly ClosedLoopRun[],
  arm: string,
  than: string,
  key: Figure,
): Interval {
  const others = new Map(runs.filter((run) => run.arm === than).map((run) => [run.seed, run[key]]));
  const differences = runs
    .filter((run) => run.arm === arm)
    .map((run) => run[key] - (others.get(run.seed) ?? NaN));
  return intervalOf(differences);
}

function text({ mean, margin }: Interval): string {
  return `${digits(mean)} ± ${digits(margin)}`;
}

/** Three digits that mean something, and no more places than two. */
function digits(value: number): string {
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(Math.abs(value) < 0.1 ? 3 : 2);
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
