import { randomUUID } from 'node:crypto';
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { holdingOf } from '../checksum.ts';
import { TargetChanged, TargetRefused, TargetUnreachable } from '../dispatcher.ts';
import type { Holding, Place, TargetAccess } from '../dispatcher.ts';

/** A larger file is none of ours, and is not read into memory, bytes. */
const FILE_BYTES_MAX = 128 * 1024 * 1024;
/** No file takes so long to be written, milliseconds: what is older, a crash has left behind. */
const LEFT_BEHIND_MS = 10 * 60_000;
/** Only the operator can help with these. */
const refusals = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'EISDIR',
  'ENOTDIR',
  'ENAMETOOLONG',
  'ELOOP',
]);

export interface FileTarget {
  /** Relative, below the application's folder; the registration was refused for anything else. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
}

/**
 * One file below the application's folder. It is replaced as a whole: written beside, synced, renamed, and the
 * folder synced, so that a reader and a crash find the old text or the new.
 */
export function filePlace({ path: target, mode }: FileTarget, access: TargetAccess): Place {
  const { directory, application } = access;
  const file = (): string => {
    if (directory !== null) return path.join(directory, application, target);
    throw new TargetRefused('The operator gives no folder for files: PRORATA_DISPATCH_DIRECTORY.');
  };
  return {
    read: () => told(() => readText(file()).then(holdingOf)),
    write: (text, former) => told(() => replace(file(), text, mode, former)),
  };
}

async function readText(file: string): Promise<string | null> {
  try {
    const { size } = await stat(file);
    if (size > FILE_BYTES_MAX)
      throw new TargetRefused(`The file has ${size} bytes and is not ours.`);
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function replace(file: string, text: string, mode: number, former: Holding): Promise<void> {
  const folder = path.dirname(file);
  await mkdir(folder, { recursive: true });
  await removeLeftBehind(folder, path.basename(file));
  const beside = path.join(folder, `.${path.basename(file)}.${randomUUID()}.part`);
  try {
    await writeSynced(beside, text);
    await chmod(beside, mode);
    const now = holdingOf(await readText(file));
    if (now.checksum !== former.checksum) {
      throw new TargetChanged('Somebody else wrote the file in the same moment.');
    }
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

async function writeSynced(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Without it the rename itself may be lost with the power. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function removeLeftBehind(folder: string, name: string): Promise<void> {
  for (const each of await readdir(folder)) {
    if (!each.startsWith(`.${name}.`) || !each.endsWith('.part')) continue;
    const left = path.join(folder, each);
    const age = Date.now() - (await stat(left).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
    if (age > LEFT_BEHIND_MS) await rm(left, { force: true });
  }
}

async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    if (refusals.has(code)) throw new TargetRefused(`The file cannot be used (${code}).`);
    throw new TargetUnreachable(`The file cannot be used (${code}).`);
  }
}
