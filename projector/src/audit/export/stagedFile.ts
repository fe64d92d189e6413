import { rmSync } from 'node:fs';
import { mkdtemp, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/** What ends a program from outside, and the number that its exit code then has above 128. */
const ENDINGS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;

/**
 * Has `write` fill a file in a folder beside the target, and gives it the target's name when it is whole and on
 * disk: there is never half a file of that name, and what was there before stays until then. The folder goes in
 * any case, also by Ctrl-C; only SIGKILL leaves one behind, `<file>.part-…`.
 */
export async function writeStaged<T>(
  file: string,
  write: (staged: string, folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(`${path.resolve(file)}.part-`);
  const forget = forgetOnEnding(folder);
  try {
    const staged = path.join(folder, 'whole');
    const result = await write(staged, folder);
    await makeDurable(staged);
    await rename(staged, file);
    await makeDurable(path.dirname(path.resolve(file)));
    return result;
  } finally {
    forget();
    await rm(folder, { recursive: true, force: true });
  }
}

async function makeDurable(place: string): Promise<void> {
  const handle = await open(place, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** @returns what ends the watch */
function forgetOnEnding(folder: string): () => void {
  const end = (signal: NodeJS.Signals): void => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(128 + ENDINGS[signal as keyof typeof ENDINGS]);
  };
  const signals = Object.keys(ENDINGS) as (keyof typeof ENDINGS)[];
  for (const signal of signals) process.on(signal, end);
  return () => {
    for (const signal of signals) process.off(signal, end);
  };
}
