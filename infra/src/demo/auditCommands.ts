import { execFile } from 'node:child_process';
import path from 'node:path';
import { checkoutDirectory } from '../checkout.ts';
import type { LocalStack } from '../localStack.ts';

export interface AuditRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const LIMIT_MS = 120_000;
/** An export of the demo's log is some ten megabytes; the answer of `verify` a few lines. */
const OUTPUT_BYTES_MAX = 1024 * 1024;

/** Runs `./prorata audit …` as an auditor would, with an auditor's credentials. */
export function audit(stack: LocalStack, args: readonly string[]): Promise<AuditRun> {
  const program = path.join(checkoutDirectory, 'projector', 'src', 'audit', 'main.ts');
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [program, ...args],
      {
        env: { ...process.env, ...stack.environmentOf('auditor'), NODE_NO_WARNINGS: '1' },
        timeout: LIMIT_MS,
        maxBuffer: OUTPUT_BYTES_MAX,
      },
      (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ exitCode, stdout, stderr });
      },
    );
  });
}
