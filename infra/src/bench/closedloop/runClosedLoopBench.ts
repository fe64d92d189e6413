import path from 'node:path';
import { checkoutDirectory } from '../../checkout.ts';
import type { Progress } from '../../provision/progress.ts';
import { runBenchProcess } from '../benchProcess.ts';
import type { Figure } from '../figure.ts';

export interface ClosedLoopBenchOptions {
  readonly seeds: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** A seed takes half a minute on a machine that does nothing else. */
const SEED_TIMEOUT_MS = 10 * 60_000;
const HEAP_MB_MAX = 1_500;

/** A quarter in virtual time, held by a planner, by KRR and by the control loops, on the same demand. */
export async function runClosedLoopBench({
  seeds,
  signal,
  progress,
}: ClosedLoopBenchOptions): Promise<readonly Figure[]> {
  progress(`a quarter of ${seeds} seeds, by five arms …`);
  const figures: Figure[] = [];
  await runBenchProcess(
    {
      file: path.join(checkoutDirectory, 'rightsizer', 'src', 'simulation', 'main.ts'),
      parameters: ['--json', '--seeds', String(seeds)],
      environment: {},
      heapMbMax: HEAP_MB_MAX,
      timeoutMs: seeds * SEED_TIMEOUT_MS,
      signal,
    },
    (line) => figures.push(line as Figure),
  );
  return figures;
}
