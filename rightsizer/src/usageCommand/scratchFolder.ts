import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { PROGRAM_PREFIX } from '../table/clearStaging.ts';

/** What a program that was killed has left: bringing the largest file takes hours, not days. */
const LEFTOVER_MS = 7 * 86_400_000;

/** A folder of one program, below the work folder: what it stages and spills goes with it. */
export async function withScratchFolder<T>(
  staging: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  await mkdir(staging, { recursive: true });
  await sweep(staging);
  const folder = await mkdtemp(path.join(staging, PROGRAM_PREFIX));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function sweep(staging: string): Promise<void> {
  for (const name of await readdir(staging)) {
    if (!name.startsWith(PROGRAM_PREFIX)) continue;
    const leftover = path.join(staging, name);
    const found = await stat(leftover).catch(() => null);
    const isOld = found !== null && Date.now() - found.mtimeMs > LEFTOVER_MS;
    if (isOld) await rm(leftover, { recursive: true, force: true });
  }
}
