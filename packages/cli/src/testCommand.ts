import { globSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { checkoutDirectory, dataDirectory } from '@prorata/infra';
import { CommandError } from './commandError.ts';
import { answer, tell } from './print.ts';
import { runProgram } from './runProgram.ts';
import { addCounts, closingLine, countTests, exitCodeOf, noCounts } from './testCounts.ts';
import type { TestCounts, TestReport } from './testCounts.ts';

const reaches = ['unit', 'sim', 'int', 'e2e'] as const;
type Reach = (typeof reaches)[number];
export type TestChoice = Reach | 'nightly';

const lastPassedFile = path.join(dataDirectory, 'nightly-last-passed');

function hasSpecs(suffix: string): boolean {
  const folders = '{schemas,command-service,projector,enforcer-relay,rightsizer,infra,packages}';
  const found = globSync(`${folders}/**/*.${suffix}.spec.ts`, {
    cwd: checkoutDirectory,
    exclude: (name) => name.endsWith('node_modules'),
  });
  return found.length > 0;
}

async function readReport(file: string): Promise<TestReport | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as TestReport;
  } catch {
    // The runner ended before it could write one; its exit code says so as well.
    return undefined;
  }
}

async function runVitest(label: string, parameters: readonly string[]): Promise<TestCounts> {
  const file = path.join(dataDirectory, 'test-reports', `${label}.json`);
  await mkdir(path.dirname(file), { recursive: true });
  await rm(file, { force: true });
  const exitCode = await runProgram({
    command: process.execPath,
    arguments: [
      path.join(checkoutDirectory, 'node_modules/vitest/vitest.mjs'),
      'run',
      ...parameters,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ],
    workingDirectory: checkoutDirectory,
  });
  return countTests(await readReport(file), exitCode);
}

type Interrupted = () => boolean;

/** What shells say of a command that Ctrl-C has ended. */
const interruptedExit = 130;

/** The runner ends by itself when it is told; this keeps the next reach from starting after it. */
function watchForInterruption(): Interrupted {
  let told = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      told = true;
    });
  }
  return () => told;
}

/** One reach after another: those that measure or start servers would disturb each other on two cores. */
async function runReaches(chosen: readonly Reach[], interrupted: Interrupted): Promise<TestCounts> {
  let total = noCounts;
  for (const reach of chosen) {
    if (interrupted()) break;
    if (hasSpecs(reach)) total = addCounts(total, await runVitest(reach, ['--project', reach]));
    else tell(`There are no ${reach} specs.`);
  }
  return total;
}

async function runNightly(interrupted: Interrupted): Promise<TestCounts> {
  const last = await readFile(lastPassedFile, 'utf8').catch(() => 'never here');
  tell(`The nightly tests last passed: ${last}.`);
  const daily = await runReaches(reaches, interrupted);
  if (interrupted()) return daily;
  const nightly = await runVitest('nightly', ['--project', 'nightly']);
  const total = addCounts(daily, nightly);
  if (!interrupted() && exitCodeOf(total) === 0)
    await writeFile(lastPassedFile, new Date().toISOString());
  return total;
}

/** Runs the tests of one reach, or all; the last line says what they came to. */
export async function test(choice: string | undefined): Promise<number> {
  const known: readonly string[] = [...reaches, 'nightly'];
  if (choice !== undefined && !known.includes(choice)) {
    throw new CommandError(`no tests called ${choice}; there are ${known.join(', ')}`, 2);
  }
  const chosen = reaches.filter((reach) => choice === undefined || reach === choice);
  const interrupted = watchForInterruption();
  const counts = await (choice === 'nightly'
    ? runNightly(interrupted)
    : runReaches(chosen, interrupted));
  answer(closingLine(counts));
  return interrupted() ? interruptedExit : exitCodeOf(counts);
}
