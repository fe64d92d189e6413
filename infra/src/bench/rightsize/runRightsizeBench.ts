import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { dataDirectory } from '../../checkout.ts';
import type { Progress } from '../../provision/progress.ts';
import { significant } from '../figure.ts';
import type { Figure } from '../figure.ts';
import { measuredSide } from '../measuredSide.ts';
import type { Measured } from '../measuredSide.ts';

export interface RightsizeBenchOptions {
  readonly limits: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** For a hundred thousand limits with fourteen days of windows of five minutes, on two cores. */
const AIMS = { limits: 100_000, seconds: 60, memoryMb: 4_096 } as const;
/** Making a day of windows, and rolling it up fifteen times over. */
const PROCESS_TIMEOUT_MS = 45 * 60_000;
const HEAP_MB_MAX = 2_000;
/** Nothing of it comes from a log. */
const PARTITIONS = 1;

type Mode = 'make' | 'floor' | 'peer' | 'ours';

/**
 * A whole evaluation of the rightsizer, every limit judged from the roll-ups, beside a bare scan of the windows that
 * they were made from and beside another's rule over them.
 */
export async function runRightsizeBench(
  options: RightsizeBenchOptions,
): Promise<readonly Figure[]> {
  const directory = path.join(dataDirectory, 'bench', 'rightsize');
  await rm(directory, { recursive: true, force: true });
  try {
    options.progress(`making the windows of ${options.limits} limits, and their roll-ups …`);
    await inProcess('make', directory, options);
    options.progress('scanning the windows …');
    const floor = await inProcess('floor', directory, options);
    options.progress("asking KRR's rule …");
    const peer = await inProcess('peer', directory, options);
    options.progress('deciding …');
    const ours = await inProcess('ours', directory, options);
    return figuresOf(options.limits, { ours, peer, floor });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function inProcess(
  mode: Mode,
  directory: string,
  { limits, signal, progress }: RightsizeBenchOptions,
): Promise<Measured> {
  return measuredSide({
    program: 'rightsizer/src/bench/rightsizeBench.ts',
    ...{ mode, directory, size: limits, signal, progress },
    ...{ heapMbMax: HEAP_MB_MAX, timeoutMs: PROCESS_TIMEOUT_MS },
  });
}

function figuresOf(
  limits: number,
  measured: Readonly<Record<'ours' | 'peer' | 'floor', Measured>>,
): readonly Figure[] {
  const of = (side: Measured, name: string): number => significant(side.get(name) ?? Number.NaN);
  const beside = (figure: string, unit: string, name: string): Figure => ({
    ...{ bench: 'rightsize', figure, unit, ours: of(measured.ours, name) },
    peers: { "KRR's rule as SQL over the windows": of(measured.peer, name) },
    ...{ floor: of(measured.floor, name), partitions: PARTITIONS, cores: availableParallelism() },
  });
  const aimed = (figure: Figure, most: number): Figure =>
    limits < AIMS.limits
      ? figure
      : { ...figure, aim: `≤ ${most} ${figure.unit}`, held: (figure.ours ?? Infinity) <= most };
  const count = limits.toLocaleString('en');
  return [
    aimed(beside(`deciding ${count} limits of 14 days`, 's', 'decided'), AIMS.seconds),
    beside("the same, the processor's time", 's', 'decided, processor'),
    aimed(beside('peak memory of it', 'MB', 'memory'), AIMS.memoryMb),
  ];
}
