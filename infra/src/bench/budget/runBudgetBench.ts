import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { dataDirectory } from '../../checkout.ts';
import type { Progress } from '../../provision/progress.ts';
import { significant } from '../figure.ts';
import type { Figure } from '../figure.ts';
import { measuredSide } from '../measuredSide.ts';
import type { Measured } from '../measuredSide.ts';

export interface BudgetBenchOptions {
  /** Budgets that are looked at. */
  readonly budgets: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** Production looks every minute; a look has to leave most of it free. */
const AIM_SECONDS = 20;
const PROCESS_TIMEOUT_MS = 30 * 60_000;
const HEAP_MB_MAX = 2_000;
/** One source of rows. */
const PARTITIONS = 1;

/** Looks at budgets as the service does, over four weeks and a month's usage, beside one grouped scan of it. */
export async function runBudgetBench(options: BudgetBenchOptions): Promise<readonly Figure[]> {
  const directory = path.join(dataDirectory, 'bench', 'budget');
  await rm(directory, { recursive: true, force: true });
  try {
    options.progress(`making the usage of ${options.budgets} budgets, and rolling it up …`);
    await inProcess('make', directory, options);
    const floor = await inProcess('floor', directory, options);
    options.progress('looking at the budgets …');
    const ours = await inProcess('ours', directory, options);
    return figuresOf(ours, floor);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function inProcess(
  mode: 'make' | 'ours' | 'floor',
  directory: string,
  { budgets, signal, progress }: BudgetBenchOptions,
): Promise<Measured> {
  return measuredSide({
    program: 'rightsizer/src/bench/budgetBench.ts',
    ...{ mode, directory, size: budgets, signal, progress },
    ...{ heapMbMax: HEAP_MB_MAX, timeoutMs: PROCESS_TIMEOUT_MS },
  });
}

function figuresOf(ours: Measured, floor: Measured): readonly Figure[] {
  const of = (name: string): number => ours.get(name) ?? Number.NaN;
  const figure = (text: string, unit: string, name: string): Figure => ({
    ...{ bench: 'budget', figure: text, unit, ours: significant(of(name)), peers: {} },
    ...{ floor: null, partitions: PARTITIONS, cores: availableParallelism() },
  });
  const count = of('budgets').toLocaleString('en');
  return [
    {
      ...figure(`a look at ${count} budgets, with what it decides`, 's', 'cycle'),
      floor: significant(floor.get('cycle') ?? Number.NaN),
      aim: `≤ ${AIM_SECONDS} of the 60 between two looks`,
      held: of('cycle') <= AIM_SECONDS,
    },
    figure("the same, the processor's time", 's', 'cycle, processor'),
    figure('the first look, with four weeks before the window for forecasts', 's', 'first cycle'),
    figure('commands that it called for', 'commands', 'commands'),
    figure('a look at one budget alone', 's', 'one'),
    figure('peak memory of the process, its tree included', 'MB', 'memory'),
  ];
}
