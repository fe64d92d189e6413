import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { checkoutDirectory, dataDirectory } from '@prorata/infra';
import { tell } from './print.ts';
import { runProgram } from './runProgram.ts';
import { closingLine, countTests } from './testCounts.ts';
import type { TestCounts, TestReport } from './testCounts.ts';
import type { TestPart } from './testParts.ts';

export interface TestPartResult {
  readonly part: TestPart;
  readonly counts: TestCounts;
  readonly seconds: number;
}

async function readReport(file: string): Promise<TestReport | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as TestReport;
  } catch {
    // The runner ended before it could write one; its exit code says so as well.
    return undefined;
  }
}

/** Runs one part to its end or its limit; one that wrote no report has failed. */
export async function runTestPart(part: TestPart): Promise<TestPartResult> {
  const label = part.name.replaceAll('/', '-').replace(/\.spec\.ts$/, '');
  const file = path.join(dataDirectory, 'test-reports', `${label}.json`);
  await mkdir(path.dirname(file), { recursive: true });
  await rm(file, { force: true });
  const startedMs = performance.now();
  const exitCode = await runProgram({
    command: process.execPath,
    arguments: [
      path.join(checkoutDirectory, 'node_modules/vitest/vitest.mjs'),
      'run',
      ...part.parameters,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ],
    workingDirectory: checkoutDirectory,
    limitMs: part.limitMs,
  });
  const tookMs = performance.now() - startedMs;
  if (tookMs >= part.limitMs) {
    tell(`${part.name} was ended after ${String(part.limitMs / 60_000)} minutes.`);
  }
  const counts = countTests(await readReport(file), exitCode);
  return { part, counts, seconds: Math.round(tookMs / 1_000) };
}

export function resultLine({ part, counts, seconds }: TestPartResult): string {
  return `  ${part.name}: ${closingLine(counts)}, in ${String(seconds)} s`;
}
