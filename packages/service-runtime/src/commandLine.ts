/** What the services' programs for people have in common: words, JSON lines, and how they end. */
import { parseArgs } from 'node:util';
import type { ParseArgsOptionsConfig } from 'node:util';

/** Exit code: what was asked could not be done. */
export const NOT_DONE = 2;

/** The words of the command line make no sense. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** @throws UsageError at an option that there is not */
export function parseWords<T extends ParseArgsOptionsConfig>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** `1 event`, `3 events`. */
export const countText = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`;

export function printJson(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Sets the exit code to what `run` resolves with; a fault is told on stderr, and ends with NOT_DONE. */
export function runCommand(run: (args: readonly string[]) => Promise<number>, usage: string): void {
  run(process.argv.slice(2)).then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      const text = error instanceof Error ? error.message : String(error);
      process.stderr.write(`${text}\n${error instanceof UsageError ? usage : ''}`);
      process.exitCode = NOT_DONE;
    },
  );
}
