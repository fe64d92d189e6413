import { randomUUID } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** A folder of another machine's process (a shared disk) counts as dead when nothing was put there for so long. */
const OTHERS_FOLDER_MS = 86_400_000;
const NAME = /^(.+)\.(\d+)\.[0-9a-f-]{36}$/;

/** Of this process: in a container, who died had the same host and number. */
const own = new Set<string>();

/** A path below `parent` that no other process, and nothing else in this one, uses; nothing is made there. */
export function ownFolder(parent: string): string {
  const name = `${os.hostname()}.${process.pid}.${randomUUID()}`;
  own.add(name);
  return path.join(parent, name);
}

/** What processes have left that ended without a word. @param parent of folders that `ownFolder` named; it must be there */
export async function removeDeadFolders(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const folder = path.join(parent, name);
    if (await isDead(folder)) await rm(folder, { recursive: true, force: true });
  }
}

async function isDead(folder: string): Promise<boolean> {
  const name = path.basename(folder);
  const [, host, pid] = NAME.exec(name) ?? [];
  if (host === os.hostname()) {
    return Number(pid) === process.pid ? !own.has(name) : !isRunning(Number(pid));
  }
  const found = await stat(folder).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs > OTHERS_FOLDER_MS;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
