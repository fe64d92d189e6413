import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { dataDirectory } from '../../checkout.ts';
import type { Progress } from '../../provision/progress.ts';
import { significant } from '../figure.ts';
import type { Figure } from '../figure.ts';
import { measuredSide } from '../measuredSide.ts';
import type { Measured } from '../measuredSide.ts';

export interface RollupsBenchOptions {
  readonly rows: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

const AIM = 1.5;
/** A hundred million rows are made, and rolled up by both sides. */
const PROCESS_TIMEOUT_MS = 45 * 60_000;
const HEAP_MB_MAX = 1_000;
/** One source of rows. */
const PARTITIONS = 1;

/** Rolling rows up by days as they come, beside statements written by hand over all of them in one sorted file. */
export async function measureRollups(options: RollupsBenchOptions): Promise<readonly Figure[]> {
  const directory = path.join(dataDirectory, 'bench', 'rollups');
  await rm(directory, { recursive: true, force: true });
  try {
    options.progress(`making ${options.rows} rows …`);
    await inProcess('make', directory, options);
    options.progress('rolling them up by hand-written statements …');
    const peer = await inProcess('peer', directory, options);
    options.progress('rolling them up a day at a time …');
    const ours = await inProcess('ours', directory, options);
    return figuresOf(options.rows, ours, peer);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function inProcess(
  mode: 'make' | 'ours' | 'peer',
  directory: string,
  { rows, signal, progress }: RollupsBenchOptions,
): Promise<Measured> {
  return measuredSide({
    program: 'rightsizer/src/bench/rollupsBench.ts',
    ...{ mode, directory, size: rows, signal, progress },
    ...{ heapMbMax: HEAP_MB_MAX, timeoutMs: PROCESS_TIMEOUT_MS },
  });
}

function figuresOf(rows: number, ours: Measured, peer: Measured): readonly Figure[] {
  const of = (from: Measured, name: string): number => from.get(name) ?? Number.NaN;
  const beside = (figure: string, unit: string, name: string): Figure => ({
    ...{ bench: 'usage', figure, unit, ours: significant(of(ours, name)) },
    peers: { 'hand-written SQL, one sorted file': significant(of(peer, name)) },
    ...{ floor: null, partitions: PARTITIONS, cores: availableParallelism() },
  });
  const aimed = (figure: Figure, name: string): Figure => {
    const ratio = of(ours, name) / of(peer, name);
    return { ...figure, aim: `≤ ${AIM} × by hand (${ratio.toFixed(2)})`, held: ratio <= AIM };
  };
  const [few, many] = [of(ours, 'a day more, of a few'), of(ours, 'a day more, of many')];
  const count = rows.toLocaleString('en');
  return [
    aimed(beside(`rolling up ${count} rows of 14 days`, 's', 'rolled up'), 'rolled up'),
    beside("the same, the processor's time", 's', 'rolled up, processor'),
    beside('peak memory of it', 'MB', 'memory'),
    aimed(beside('percentiles of 100 quotas over 14 days', 's', 'percentiles'), 'percentiles'),
    {
      ...beside(
        "a day more in a table of 14 days, the processor's time",
        's',
        'a day more, of many',
      ),
      peers: { 'in a table of 2 days': significant(few) },
      aim: `no dearer as the table grows (${(many / few).toFixed(2)} ×)`,
      held: many <= few * AIM,
    },
  ];
}
