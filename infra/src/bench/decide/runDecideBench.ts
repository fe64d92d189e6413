import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { significant } from '../figure.ts';
import type { Figure } from '../figure.ts';
import type { Measured, RowName } from './contender.ts';
import type { WhileLoading } from './measureLoading.ts';

const OURS = 'ours';
const FLOOR = 'arithmetic';
/** What somebody would write instead of a package: shown beside them, and no package. */
const HAND_WRITTEN = 'hand-written';
const packageNames = [
  'limiter',
  'express-rate-limit',
  'rate-limiter-flexible',
  'cockatiel',
] as const;

/** A contender's rows take seconds; one that hangs must not keep the bench. */
const DEADLINE_MS = 300_000;

const LOADED_RULES = 100_000;
const LOADING_TIMES_QUIET_MAX = 2;
const HOT_TIMES_FLOOR_MAX = 5;
const RANDOM_TIMES_BEST_MAX = 0.5;
const REFUSAL_TIMES_ALLOW_MAX = 1.2;
const BYTES_PER_KEY_MAX = 64;

export interface DecideBench {
  /** How often all contenders take turns; of each the fastest counts. */
  readonly rounds: number;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

type Results = ReadonlyMap<string, Measured>;

/** What one decision takes in one process: each contender in a process of its own, in turns. */
export async function runDecideBench({
  rounds,
  signal,
  progress,
}: DecideBench): Promise<readonly Figure[]> {
  const results = new Map<string, Measured>();
  for (let round = 1; round <= rounds; round += 1) {
    for (const name of [OURS, FLOOR, HAND_WRITTEN, ...packageNames]) {
      progress(`round ${round} of ${rounds}: ${name}`);
      const measured = await measure(name, signal);
      results.set(name, better(results.get(name), measured));
    }
  }
  progress(`${LOADED_RULES.toLocaleString('en')} rules come into force`);
  return [...figuresOf(results), ...loadingFigures(await measureLoading(signal))];
}

async function measure(name: string, signal: AbortSignal): Promise<Measured> {
  return (await inProcess('measureContender.ts', name, signal)) as Measured;
}

async function measureLoading(signal: AbortSignal): Promise<WhileLoading> {
  return (await inProcess('measureLoading.ts', String(LOADED_RULES), signal)) as WhileLoading;
}

async function inProcess(file: string, argument: string, signal: AbortSignal): Promise<unknown> {
  const program = fileURLToPath(new URL(file, import.meta.url));
  const parameters = ['--expose-gc', program, argument];
  const { stdout } = await promisify(execFile)(process.execPath, parameters, {
    signal,
    timeout: DEADLINE_MS,
  });
  return JSON.parse(stdout);
}

/** The floor is the same host a moment before. */
function loadingFigures(loading: WhileLoading): Figure[] {
  const { quietP99Nanos, loadingP99Nanos, quietStopMs, loadingStopMs } = loading;
  const common = { bench: 'decide', peers: {}, partitions: 0, cores: availableParallelism() };
  const rules = LOADED_RULES.toLocaleString('en');
  return [
    {
      ...common,
      figure: `a decision while ${rules} rules load, p99`,
      unit: 'ns',
      ours: significant(loadingP99Nanos),
      floor: significant(quietP99Nanos),
      aim: 'as before, within what a p99 varies: ≤ 2 ×',
      held: loadingP99Nanos <= LOADING_TIMES_QUIET_MAX * quietP99Nanos,
    },
    {
      ...common,
      figure: 'the longest turn of the event loop meanwhile',
      unit: 'ms',
      ours: significant(loadingStopMs),
      floor: significant(quietStopMs),
    },
  ];
}

function better(former: Measured | undefined, now: Measured): Measured {
  if (former === undefined) return now;
  const nanos = { ...former.nanos };
  for (const [row, value] of Object.entries(now.nanos) as [RowName, number][]) {
    nanos[row] = Math.min(value, nanos[row] ?? Infinity);
  }
  return {
    nanos,
    bytesPerKey: least(former.bytesPerKey, now.bytesPerKey),
    bytesPerDecision: least(former.bytesPerDecision, now.bytesPerDecision),
  };
}

const least = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);

type Reading = (measured: Measured) => number | null | undefined;

/** @param held whether the aim was reached; null where something to compare with is missing */
function figureOf(
  results: Results,
  figure: string,
  unit: string,
  read: Reading,
  aim?: string,
  held?: boolean | null,
): Figure {
  const valueOf = (name: string): number | null => {
    const measured = results.get(name);
    const value = measured === undefined ? null : (read(measured) ?? null);
    return value === null ? null : significant(value);
  };
  const peers = [HAND_WRITTEN, ...packageNames].map((name) => [name, valueOf(name)] as const);
  return {
    bench: 'decide',
    figure,
    unit,
    ours: valueOf(OURS),
    peers: Object.fromEntries(peers.filter(([, value]) => value !== null)),
    floor: valueOf(FLOOR),
    partitions: 0,
    cores: availableParallelism(),
    ...(aim === undefined ? {} : { aim }),
    ...(held === undefined || held === null ? {} : { held }),
  };
}

function figuresOf(results: Results): Figure[] {
  const nanos =
    (row: RowName): Reading =>
    (measured) =>
      measured.nanos[row];
  const of = (name: string, row: RowName): number | undefined => results.get(name)?.nanos[row];
  const best = (row: RowName): number =>
    Math.min(...packageNames.map((name) => of(name, row) ?? Infinity));
  const atMost = (row: RowName, most: number): boolean | null => {
    const ours = of(OURS, row);
    return ours === undefined || !Number.isFinite(most) ? null : ours <= most;
  };
  const ahead = 'ahead of every package';
  const hotMost = (of(FLOOR, 'hot') ?? Infinity) * HOT_TIMES_FLOOR_MAX;
  const allow = of(OURS, 'hot') ?? Infinity;
  const bytes = results.get(OURS)?.bytesPerKey ?? null;
  const allocated = results.get(OURS)?.bytesPerDecision ?? null;
  const row = (figure: string, name: RowName, aim: string, most: number): Figure =>
    figureOf(results, figure, 'ns', nanos(name), aim, atMost(name, most));
  return [
    row('bound handle', 'hot', `${ahead}, ≤ 5 × the floor`, Math.min(hotMost, best('hot'))),
    row('one hot key', 'keyed', ahead, best('keyed')),
    row(
      '100,000 random keys',
      'random',
      '≤ 0.5 × the best package',
      best('random') * RANDOM_TIMES_BEST_MAX,
    ),
    row(
      'refusal',
      'refusal',
      `${ahead}, ≤ 1.2 × an allow`,
      Math.min(allow * REFUSAL_TIMES_ALLOW_MAX, best('refusal')),
    ),
    row('acquire and release', 'permit', ahead, best('permit')),
    figureOf(
      results,
      'memory a key, of 100,000',
      'B',
      (measured) => measured.bytesPerKey,
      '≤ 64 B',
      bytes === null ? null : bytes <= BYTES_PER_KEY_MAX,
    ),
    figureOf(
      results,
      'allocated a decision',
      'B',
      (measured) => measured.bytesPerDecision,
      '0 B',
      allocated === null ? null : allocated === 0,
    ),
  ];
}
