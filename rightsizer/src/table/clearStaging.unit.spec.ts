import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { clearStaging, PROGRAM_PREFIX } from './clearStaging.ts';

it('removes what dead processes have staged, and nothing of a program that brings a file for hours', async () => {
  const staging = await mkdtemp(path.join(os.tmpdir(), 'staging-'));
  const [young, old, program] = ['young', 'old', `${PROGRAM_PREFIX}import`];
  await writeFile(path.join(staging, young), 'half');
  await writeFile(path.join(staging, old), 'half');
  await mkdir(path.join(staging, program));
  const hoursAgo = new Date(Date.now() - 3 * 3_600_000);
  for (const name of [old, program]) await utimes(path.join(staging, name), hoursAgo, hoursAgo);
  await clearStaging(staging);
  expect((await readdir(staging)).sort()).toEqual([program, young]);
  await rm(staging, { recursive: true });
});
