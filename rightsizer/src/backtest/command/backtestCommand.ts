import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { timeToJson } from '@prorata/schemas';
import { printJson, UsageError } from '@prorata/service-runtime';
import { lengthOf } from '../../sources/timeText.ts';
import { backtest } from '../backtest.ts';
import type { BacktestTerms } from '../backtest.ts';
import { BacktestFault } from '../backtestFault.ts';
import type { DemandSeries } from '../demandSeries.ts';
import { CHANGE_COST } from '../figures.ts';
import { timeUnits } from '../files/columnTypes.ts';
import { readDemandFiles } from '../files/demandFiles.ts';
import type { DemandColumns } from '../files/demandFiles.ts';
import type { ReadDemand } from '../files/readWindows.ts';
import { reportLine, reportTable } from './backtestReport.ts';
import type { BacktestReport } from './backtestReport.ts';
import { pickPolicies } from './pickPolicies.ts';
import { readTableSeries } from './tableSeries.ts';
import { timeOf } from './whatIfCommand.ts';

export interface BacktestWords {
  readonly series?: string | undefined;
  readonly time?: string | undefined;
  readonly value?: string | undefined;
  readonly refused?: string | undefined;
  readonly 'time-unit'?: string | undefined;
  readonly step?: string | undefined;
  readonly lag?: string | undefined;
  readonly 'warm-up'?: string | undefined;
  readonly policy?: readonly string[] | undefined;
  readonly class?: string | undefined;
  readonly 'change-cost'?: string | undefined;
  readonly json?: boolean | undefined;
  readonly 'per-series'?: boolean | undefined;
  readonly table?: boolean | undefined;
  readonly subtree?: string | undefined;
  readonly resource?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

const STEP_PRESET = '5m';
const WARM_UP_PRESET = '7d';
/** c beyond this would make every change a catastrophe; it is more likely a mistake. */
const CHANGE_COST_MAX = 1_000;

/** Reads demand, holds the policies against it, and prints what came of it. @throws UsageError, BacktestFault */
export async function backtestCommand(
  files: readonly string[],
  words: BacktestWords,
): Promise<number> {
  const stepMicros = duration('--step', words.step ?? STEP_PRESET);
  const terms = termsOf(words, stepMicros);
  const policies = await pickPolicies(words.policy ?? [], words.class ?? null);
  const read = await readDemand(files, words, stepMicros);
  const judged = longEnough(read.series, terms);
  tellOddities(read, judged, words.step);
  const report: BacktestReport = {
    series: judged.map(({ name }) => name),
    skipped: read.series.length - judged.length,
    ignored: read.ignored,
    results: policies.map((policy) => backtest(judged, policy, terms)),
  };
  const perSeries = words['per-series'] === true;
  if (words.json === true) {
    for (const result of report.results) printJson(reportLine(report, result, perSeries));
    return 0;
  }
  for (const line of reportTable(report, perSeries)) process.stdout.write(`${line}\n`);
  return 0;
}

function readDemand(
  files: readonly string[],
  words: BacktestWords,
  stepMicros: bigint,
): Promise<ReadDemand> {
  if (words.table === true) {
    if (files.length > 0) throw new UsageError('--table reads no file.');
    return ofTable(words, stepMicros);
  }
  const foreign = tableWords.find((word) => words[word] !== undefined);
  if (foreign !== undefined) throw new UsageError(`--${foreign} is of --table.`);
  if (files.length === 0) throw new UsageError('A file of demand is missing, or --table.');
  const columns = columnsOf(words);
  return inScratchFolder((folder) => readDemandFiles(files, columns, stepMicros, folder));
}

const tableWords = ['subtree', 'resource', 'from', 'to'] as const;
const fileWords = ['series', 'time', 'value', 'refused', 'time-unit'] as const;

async function ofTable(words: BacktestWords, stepMicros: bigint): Promise<ReadDemand> {
  const foreign = fileWords.find((word) => words[word] !== undefined);
  if (foreign !== undefined)
    throw new UsageError(`--table has columns of its own: no --${foreign}.`);
  const asked = {
    subtree: words.subtree ?? null,
    resource: words.resource ?? null,
    from: timeOf('--from', words.from),
    to: timeOf('--to', words.to),
  };
  return { series: await readTableSeries(asked, stepMicros), ignored: 0 };
}

function columnsOf(words: BacktestWords): DemandColumns {
  if (words.time === undefined || words.value === undefined) {
    throw new UsageError('--time and --value say which columns have the time and the demand.');
  }
  const unit = words['time-unit'];
  const timeUnit = timeUnits.find((each) => each === unit) ?? null;
  if (unit !== undefined && timeUnit === null) {
    throw new UsageError(`--time-unit is one of ${timeUnits.join(', ')}.`);
  }
  return {
    series: words.series ?? null,
    time: words.time,
    value: words.value,
    refused: words.refused ?? null,
    timeUnit,
  };
}

function termsOf(words: BacktestWords, stepMicros: bigint): BacktestTerms {
  const windows = (option: string, text: string | undefined, preset: bigint): number => {
    if (text === '0') return 0;
    const micros = text === undefined ? preset : duration(option, text);
    return Number((micros + stepMicros - 1n) / stepMicros);
  };
  const lag = windows('--lag', words.lag, stepMicros);
  const warmUp = windows('--warm-up', words['warm-up'], duration('', WARM_UP_PRESET));
  if (warmUp <= lag) throw new UsageError('--warm-up must be longer than --lag.');
  const cost = words['change-cost'];
  const changeCost = cost === undefined ? CHANGE_COST : Number(cost);
  if (!(changeCost >= 0 && changeCost <= CHANGE_COST_MAX) || cost?.trim() === '') {
    throw new UsageError(`--change-cost is a number from 0 to ${CHANGE_COST_MAX}.`);
  }
  return { warmUp, lag, changeCost };
}

function duration(option: string, text: string): bigint {
  const micros = lengthOf(text);
  if (micros === null) throw new UsageError(`${option} is a time: 30s, 5m, 1h, 7d.`);
  return micros;
}

function longEnough(all: readonly DemandSeries[], { warmUp }: BacktestTerms): DemandSeries[] {
  const judged = all.filter(({ values }) => values.length > warmUp);
  if (judged.length > 0) return judged;
  const longest = all.reduce((most, { values }) => Math.max(most, values.length), 0);
  throw new BacktestFault(
    'TOO_SHORT',
    `the longest of ${all.length} series has ${longest} windows, and ${warmUp} are the warm-up: a shorter --warm-up or --step`,
  );
}

/** What may be a mistake of the caller's, on stderr: the figures stand as they are. */
function tellOddities(
  { series, ignored }: ReadDemand,
  judged: readonly DemandSeries[],
  step: string | undefined,
): void {
  const tell = (text: string): void => void process.stderr.write(`${text}\n`);
  const skipped = series.length - judged.length;
  if (skipped > 0) tell(`${skipped} of ${series.length} series end within the warm-up.`);
  if (ignored > 0) tell(`${ignored} rows have no time, or no amount of 0 or more.`);
  const windows = judged.reduce((sum, { values }) => sum + values.length, 0);
  const missing = judged.reduce(
    (sum, { values }) => sum + values.filter((value) => Number.isNaN(value)).length,
    0,
  );
  if (missing * 2 > windows) {
    tell(
      `${missing} of ${windows} windows of ${step ?? STEP_PRESET} have no row; a longer --step may be meant, or a time is wrong: they go ${extentOf(judged)}.`,
    );
  }
}

/** One wrong time stretches all that is judged over the years between. */
function extentOf(judged: readonly DemandSeries[]): string {
  const end = ({ from, stepMicros, values }: DemandSeries): bigint =>
    from + BigInt(values.length) * stepMicros;
  const first = judged.reduce(
    (least, { from }) => (from < least ? from : least),
    judged[0]?.from ?? 0n,
  );
  const last = judged.reduce((most, series) => (end(series) > most ? end(series) : most), first);
  return `from ${timeToJson(first)} to ${timeToJson(last)}`;
}

async function inScratchFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'prorata-backtest-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
