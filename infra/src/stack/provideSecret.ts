import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * Reads a secret, or makes it once, readable by its owner alone. The file is whole or absent, and
 * when two make it at once both get the same.
 */
export async function provideSecret(
  file: string,
  make: () => string | Promise<string>,
): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const staged = `${file}.${String(process.pid)}.${String(performance.now())}`;
  await writeFile(staged, await make(), { mode: 0o600 });
  try {
    await link(staged, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(staged, { force: true });
  }
  return readFile(file, 'utf8');
}
