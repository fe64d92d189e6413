import path from 'node:path';
import { checkoutDirectory } from '../checkout.ts';
import type { Progress } from '../provision/progress.ts';
import { runBenchProcess } from './benchProcess.ts';
import { significant } from './figure.ts';

/** What one side of a bench came to, by the names that its process prints. */
export type Measured = ReadonlyMap<string, number>;

export interface MeasuredSide {
  /** From the checkout's root. */
  readonly program: string;
  /** The side: the program's first parameter. */
  readonly mode: string;
  readonly directory: string;
  /** How much there is of what is measured. */
  readonly size: number;
  readonly heapMbMax: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** Runs one side in a process of its own, so that its peak memory is its own. @throws Error see `runBenchProcess` */
export async function measuredSide(side: MeasuredSide): Promise<Measured> {
  const { program, mode, directory, size, heapMbMax, timeoutMs, signal, progress } = side;
  const measured = new Map<string, number>();
  const bench = {
    file: path.join(checkoutDirectory, program),
    parameters: [mode, directory, String(size)],
    environment: {},
    heapMbMax,
    timeoutMs,
    signal,
  };
  await runBenchProcess(bench, (line) => {
    const { figure, ours } = line as { readonly figure: string; readonly ours: number };
    measured.set(figure, ours);
    progress(`${mode}: ${figure} ${significant(ours)}`);
  });
  return measured;
}
