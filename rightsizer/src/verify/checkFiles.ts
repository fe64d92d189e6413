import type { StoredObject } from '../table/storage/tableStorage.ts';
import { TableFault } from '../table/tableFault.ts';
import type { RowsFile, TableVersion } from '../table/tableVersion.ts';
import type { Difference } from './difference.ts';

/** What was looked at. */
export interface FilesFound {
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
}

export interface FilesChecked extends FilesFound {
  readonly difference: Difference | null;
}

/** What the storage has of a table; keys as in `RowsFile`. */
export type StoredSizes = ReadonlyMap<string, number>;

export async function sizesOf(objects: AsyncIterable<StoredObject>): Promise<StoredSizes> {
  const sizes = new Map<string, number>();
  for await (const { key, bytes } of objects) sizes.set(key, bytes);
  return sizes;
}

/**
 * Each file beside what the version says of it: its size, its rows, and the times that readers leave
 * files out by. Ends at the first that differs, in the version's order.
 * @param columns that the times are of: where a row begins, where it ends
 */
export async function checkFiles(
  version: TableVersion,
  sizes: StoredSizes,
  columns: { readonly start: string; readonly end: string },
): Promise<FilesChecked> {
  let found: FilesFound = { files: 0, rows: 0, bytes: 0 };
  for (const file of await version.files()) {
    const difference = await checkFile(version, file, sizes, columns);
    if (difference !== null) return { ...found, difference };
    found = {
      files: found.files + 1,
      rows: found.rows + file.rows,
      bytes: found.bytes + file.bytes,
    };
  }
  return { ...found, difference: null };
}

async function checkFile(
  version: TableVersion,
  file: RowsFile,
  sizes: StoredSizes,
  { start, end }: { readonly start: string; readonly end: string },
): Promise<Difference | null> {
  const differs = (code: 'FILE_MISSING' | 'FILE_CHANGED', detail: string): Difference => ({
    code,
    place: file.key,
    offset: null,
    detail,
  });
  const bytes = sizes.get(file.key);
  if (bytes === undefined) return differs('FILE_MISSING', 'the storage has no such object');
  if (bytes !== file.bytes) {
    return differs('FILE_CHANGED', `${bytes} bytes, and the manifest says ${file.bytes}`);
  }
  try {
    const [rows, from, to] = await version.scan([file], async (source, connection) => {
      const result = await connection.runAndReadAll(
        `SELECT count(*), min(epoch_us(${start})), max(epoch_us(${end})) FROM ${source}`,
      );
      return result.getRows()[0] as [bigint, bigint | null, bigint | null];
    });
    if (rows !== BigInt(file.rows)) {
      return differs('FILE_CHANGED', `${rows} rows, and the manifest says ${file.rows}`);
    }
    const isInside = (from ?? file.windowStart) >= file.windowStart;
    if (!isInside || (to ?? file.windowEnd) > file.windowEnd) {
      return differs('FILE_CHANGED', 'it has rows outside the times that the manifest says');
    }
    return null;
  } catch (error) {
    if (error instanceof TableFault && error.code !== 'FILE_MISSING') throw error;
    const code = error instanceof TableFault ? 'FILE_MISSING' : 'FILE_CHANGED';
    return differs(code, (error as Error).message.split('\n')[0] ?? '');
  }
}
