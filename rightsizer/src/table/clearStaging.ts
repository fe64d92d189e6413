import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';

/** Folders of programs for people: an import of hours uses its own to the end, and such programs clear theirs away. */
export const PROGRAM_PREFIX = 'program-';

/** What is staged lives for seconds, of a compaction for minutes: what is this old is of a process that died. */
const STAGED_MS = 3_600_000;

/** Half-made files on their way into the tables. @param directory `staging/` of the work folder */
export async function clearStaging(directory: string, nowMs = Date.now()): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.startsWith(PROGRAM_PREFIX)) continue;
    const entry = path.join(directory, name);
    const found = await stat(entry).catch(() => null);
    if (found !== null && nowMs - found.mtimeMs > STAGED_MS) {
      await rm(entry, { recursive: true, force: true });
    }
  }
}
