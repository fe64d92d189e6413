import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Characters: a stack and what leads to it. */
const COMPLAINT_LENGTH_MAX = 4_000;

export interface BenchProcess {
  readonly file: string;
  readonly parameters: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly heapMbMax: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * A part of a bench that needs a service's own code, in a process of its own, which prints an object of JSON a line.
 * @param heard is called with each as it comes
 * @returns when the process has ended
 * @throws Error with the end of what it wrote to stderr, when it fails, lasts too long or is interrupted
 */
export async function runBenchProcess(
  { file, parameters, environment, heapMbMax, timeoutMs, signal }: BenchProcess,
  heard: (line: unknown) => void,
): Promise<void> {
  const child = spawn(
    process.execPath,
    [`--max-old-space-size=${heapMbMax}`, file, ...parameters],
    {
      env: { ...process.env, NODE_NO_WARNINGS: '1', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      signal,
    },
  );
  let complaint = '';
  child.stderr.on('data', (data: Buffer) => {
    complaint = `${complaint}${data.toString()}`.slice(-COMPLAINT_LENGTH_MAX);
  });
  createInterface(child.stdout).on('line', (line) => {
    if (line.startsWith('{"')) heard(JSON.parse(line));
  });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, killedBy) => {
      if (code === 0) resolve();
      else reject(new Error(`${file} ended with ${code ?? killedBy ?? '?'}: ${complaint}`));
    });
  });
}
