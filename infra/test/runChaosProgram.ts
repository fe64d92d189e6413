import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { ChaosResult } from '../src/chaos/chaosResult.ts';
import { checkoutDirectory } from '../src/checkout.ts';

const run = promisify(execFile);

/** Runs the program behind `./prorata chaos`. @throws Error with its output when its exit code is not 0 */
export async function runChaosProgram(parameters: readonly string[]): Promise<ChaosResult> {
  const program = path.join(checkoutDirectory, 'infra/src/chaos/main.ts');
  const { stdout } = await run(process.execPath, [program, ...parameters], {
    maxBuffer: 10_000_000,
  });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as ChaosResult;
}
