import { constants } from 'node:fs';
import { copyFile, link, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { BacktestFault } from '../backtestFault.ts';
import { fileKindOf } from './fileKind.ts';
import type { FileKind } from './fileKind.ts';

export interface StagedFile {
  /** As the caller called it. */
  readonly name: string;
  readonly kind: FileKind;
  /** In the folder that the database may read. */
  readonly place: string;
}

/**
 * Puts files into a folder of ours, which is all that the database may read: by a link where the file system
 * allows it, otherwise as a copy. Names with `*` or `[` would be patterns to DuckDB; the new ones have none.
 * @throws BacktestFault FILE_UNREADABLE
 */
export async function stageFiles(
  files: readonly string[],
  folder: string,
): Promise<readonly StagedFile[]> {
  const staged: StagedFile[] = [];
  for (const [index, name] of files.entries()) {
    const place = path.join(folder, `input-${index}${endingOf(name)}`);
    try {
      if (!(await stat(name)).isFile()) throw new Error('it is no file');
      await bring(await realpath(name), place);
      staged.push({ name, kind: await fileKindOf(place), place });
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause);
      throw new BacktestFault('FILE_UNREADABLE', `${name}: ${text}`, { cause });
    }
  }
  return staged;
}

async function bring(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch {
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  }
}

/** By which DuckDB knows what is compressed. */
function endingOf(name: string): string {
  return /\.(?:gz|zst)$/i.exec(name)?.[0].toLowerCase() ?? '';
}
