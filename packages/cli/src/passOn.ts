import path from 'node:path';
import { checkoutDirectory, environmentOf, findPlan } from '@prorata/infra';
import { runProgram } from './runProgram.ts';
import { stackDirectory } from './stackDirectory.ts';

/** Runs a folder's own entry with the rest of the command line, in the caller's folder. */
function runEntry(
  entry: string,
  rest: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<number> {
  return runProgram({
    command: process.execPath,
    arguments: [path.join(checkoutDirectory, entry), ...rest],
    environment: { NODE_NO_WARNINGS: '1', ...environment },
  });
}

export function demo(rest: readonly string[]): Promise<number> {
  return runEntry('infra/src/demo/main.ts', rest);
}

/** As the stack's auditor, who can read and nothing else; or as whom the environment says. */
export async function audit(rest: readonly string[]): Promise<number> {
  const elsewhere = process.env['KAFKA_BROKERS'] !== undefined;
  const plan = elsewhere ? undefined : await findPlan(stackDirectory());
  const environment = plan === undefined ? {} : environmentOf(plan, 'auditor');
  return runEntry('projector/src/audit/main.ts', rest, environment);
}

export function check(): Promise<number> {
  return runProgram({
    command: 'npm',
    arguments: ['run', '--silent', 'check'],
    workingDirectory: checkoutDirectory,
  });
}
