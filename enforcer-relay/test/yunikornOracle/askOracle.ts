import { execFile, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** A build from an empty module cache, on a slow machine, milliseconds. */
const BUILD_MS_MAX = 1_200_000;

export interface OracleLimits {
  readonly max: Readonly<Record<string, number>>;
  readonly guaranteed: Readonly<Record<string, number>>;
  readonly applications: number;
}

export interface OracleAnswer {
  readonly accepted: boolean;
  readonly reason: string;
  readonly checksum: string;
  readonly built: Readonly<Record<string, OracleLimits>> | null;
  readonly reloaded: Readonly<Record<string, OracleLimits>> | null;
}

export interface OracleQuestion {
  readonly text: string;
  /** What the scheduler had before; absent: nothing. */
  readonly former?: string;
}

export async function hasGo(): Promise<boolean> {
  return run('go', ['version']).then(
    () => true,
    () => false,
  );
}

/** The scheduler's own code, of the version that go.mod pins. @returns the program */
export async function buildOracle(): Promise<string> {
  const here = import.meta.dirname;
  const folder = path.join(here, '../../../.prorata/tools/yunikorn-oracle');
  await mkdir(folder, { recursive: true });
  const program = path.join(folder, 'oracle');
  await run('go', ['build', '-mod=readonly', '-o', program, '.'], {
    cwd: here,
    timeout: BUILD_MS_MAX,
  });
  return program;
}

/** All questions at once, answered in their order. */
export async function askOracle(
  program: string,
  questions: readonly OracleQuestion[],
): Promise<readonly OracleAnswer[]> {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(questions.map((each) => `${JSON.stringify(each)}\n`).join(''));
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) chunks.push(chunk);
  const lines = Buffer.concat(chunks).toString('utf8').trim().split('\n');
  if (lines.length !== questions.length) throw new Error('The oracle has ended early.');
  return lines.map((line) => JSON.parse(line) as OracleAnswer);
}
