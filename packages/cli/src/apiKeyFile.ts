import { open, readFile, rename, rm } from 'node:fs/promises';
import { apiKeysText, parseApiKeys } from '@prorata/service-runtime';
import type { ApiKeyRecord } from '@prorata/service-runtime';
import { CommandError } from './commandError.ts';

export async function readApiKeys(file: string): Promise<readonly ApiKeyRecord[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (isFileError(error, 'ENOENT')) return apiKeysText([]);
    throw error;
  });
  return parseApiKeys(text);
}

/**
 * Changes the file of keys as a whole: services that read it meanwhile find the old one or the new one.
 * @throws CommandError while another change is under way, or when one was cut off
 */
export async function changeApiKeys(
  file: string,
  change: (keys: readonly ApiKeyRecord[]) => readonly ApiKeyRecord[],
): Promise<void> {
  const staged = `${file}.new`;
  // Also the lock: who cannot make it would write over what another is about to write.
  const handle = await open(staged, 'wx', 0o600).catch((error: unknown) => {
    if (!isFileError(error, 'EEXIST')) throw error;
    throw new CommandError(`${file} is being changed; if it is not, remove ${staged}`);
  });
  try {
    await handle.writeFile(apiKeysText(change(await readApiKeys(file))));
    await handle.sync();
    await rename(staged, file);
  } catch (error) {
    await rm(staged, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

function isFileError(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}
