import { spawn } from 'node:child_process';
import { constants } from 'node:os';

export interface Program {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly workingDirectory?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Runs a program in this terminal and returns its exit code, 128 and the signal's number when a
 * signal ended it. Ctrl-C reaches it through the terminal; we wait for what it makes of that.
 */
export function runProgram(program: Program): Promise<number> {
  const child = spawn(program.command, program.arguments, {
    stdio: 'inherit',
    cwd: program.workingDirectory,
    env: { ...process.env, ...program.environment },
  });
  const ignore = (): void => undefined;
  const forward = (): void => {
    child.kill('SIGTERM');
  };
  process.on('SIGINT', ignore);
  process.on('SIGTERM', forward);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      process.off('SIGINT', ignore);
      process.off('SIGTERM', forward);
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
