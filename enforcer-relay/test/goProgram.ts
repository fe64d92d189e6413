/** Programs in Go that know what another system takes: built from a pinned go.mod, asked line by line. */
import { execFile, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** A build from an empty module cache, on a slow machine, milliseconds. */
const BUILD_MS_MAX = 1_200_000;

/** Where what is built is kept. */
export const toolsFolder = path.join(import.meta.dirname, '../../.prorata/tools');

export async function hasProgram(command: string, ...parameters: string[]): Promise<boolean> {
  return run(command, parameters).then(
    () => true,
    () => false,
  );
}

export const hasGo = (): Promise<boolean> => hasProgram('go', 'version');

/**
 * @param folder with go.mod and go.sum
 * @param name of the folder among the tools
 * @returns the program
 */
export async function buildGoProgram(folder: string, name: string): Promise<string> {
  const kept = path.join(toolsFolder, name);
  await mkdir(kept, { recursive: true });
  const program = path.join(kept, 'oracle');
  await run('go', ['build', '-mod=readonly', '-o', program, '.'], {
    cwd: folder,
    timeout: BUILD_MS_MAX,
  });
  return program;
}

/** All questions at once, each a line of JSON, answered in their order by a line each. */
export async function askProgram<A>(program: string, questions: readonly unknown[]): Promise<A[]> {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(questions.map((each) => `${JSON.stringify(each)}\n`).join(''));
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) chunks.push(chunk);
  const lines = Buffer.concat(chunks).toString('utf8').trim().split('\n');
  if (lines.length !== questions.length) throw new Error('The oracle has ended early.');
  return lines.map((line) => JSON.parse(line) as A);
}
