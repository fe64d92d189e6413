import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const run = promisify(execFile);
const LIMITS = 60;
let root: string;

beforeAll(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'rightsize-bench-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function figuresOf(mode: string): Promise<Readonly<Record<string, number>>> {
  const file = path.join(import.meta.dirname, 'rightsizeBench.ts');
  const { stdout } = await run(process.execPath, [file, mode, root, String(LIMITS)]);
  const lines = stdout.trim().split('\n');
  const figures = lines.map((line) => JSON.parse(line) as { figure: string; ours: number });
  return Object.fromEntries(figures.map(({ figure, ours }) => [figure, ours]));
}

it('decides every limit from roll-ups that were made beside their windows, and calls for changes of some', async () => {
  await figuresOf('make');
  // It fails where a limit was not judged by its demand.
  const ours = await figuresOf('ours');
  expect(ours['changes called for']).toBeGreaterThan(LIMITS / 4);
  expect(ours['changes called for']).toBeLessThan(LIMITS);
  expect(ours['decided']).toBeGreaterThan(0);
});
