import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { dataDirectory } from '@prorata/infra';

const fileIn = (directory: string): string => path.join(directory, 'nightly-last-passed');

/** When all nightly tests last passed in this checkout, as it was recorded. */
export async function nightlyLastPassed(directory = dataDirectory): Promise<string> {
  return (await readFile(fileIn(directory), 'utf8').catch(() => 'never here')).trim();
}

export async function recordNightlyPassed(at: Date, directory = dataDirectory): Promise<void> {
  await writeFile(fileIn(directory), `${at.toISOString()}\n`);
}
