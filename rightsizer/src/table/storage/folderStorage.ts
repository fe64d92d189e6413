import { randomUUID } from 'node:crypto';
import {
  copyFile,
  link,
  mkdir,
  open,
  opendir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  unlink,
} from 'node:fs/promises';
import path from 'node:path';
import { syncDirectory } from '../syncDirectory.ts';
import { TableFault } from '../tableFault.ts';
import { checkKey } from './objectKey.ts';
import type { LocalFiles, StoredObject, TableStorage } from './tableStorage.ts';

/** What is not an object yet, on the file system of the objects: a name can only be linked within one. */
const STAGED = '.staged';
/** A staged file lives for seconds: one this old belongs to a process that died. */
const STAGED_FILE_MS = 3_600_000;
/** Files looked at together: the thread pool has four threads. */
const LOOKS_AT_ONCE = 16;
/** Of a folder's names, read in one call: a table's metadata is some thousands. */
const ENTRIES_AT_ONCE = 1_024;

/**
 * Objects as files below one folder, of this machine or of a file system that several share. A name
 * comes to be by `link`, which one of many wins; `proveConditional` shows that the file system keeps to it.
 */
export class FolderStorage implements TableStorage {
  readonly location: string;
  readonly #root: string;
  /** Folders whose own names are durable. */
  readonly #made = new Set<string>();
  readonly #opened = new Map<string, number>();
  /** Removed here while a query of this process has them open. */
  readonly #leaving = new Set<string>();

  private constructor(root: string) {
    this.#root = root;
    // Not escaped: readers take what stands behind file:// for a path as it is.
    this.location = `file://${root}`;
  }

  /** Makes the folder where it is absent, and clears away what dead processes left half done. */
  static async open(directory: string): Promise<FolderStorage> {
    return told(directory, async () => {
      await mkdir(directory, { recursive: true, mode: 0o750 });
      const storage = new FolderStorage(await realpath(directory));
      await storage.#clean();
      return storage;
    });
  }

  async read(key: string): Promise<Buffer | null> {
    const file = this.#pathOf(key);
    return told(key, () => orNull(readFile(file)));
  }

  async create(key: string, content: Buffer): Promise<boolean> {
    const file = this.#pathOf(key);
    return told(key, async () => {
      const staged = await this.#stagedFile();
      try {
        await writeDurably(staged, content);
        if (await this.#inFolderOf(file, () => linkExclusively(staged, file))) return true;
        return (await orNull(readFile(file)))?.equals(content) ?? false;
      } finally {
        await rm(staged, { force: true });
      }
    });
  }

  async upload(localFile: string, key: string): Promise<number> {
    const file = this.#pathOf(key);
    return told(key, async () => {
      const { size } = await stat(localFile);
      await syncFile(localFile);
      await this.#inFolderOf(file, () => this.#move(localFile, file));
      return size;
    });
  }

  async *list(prefix: string): AsyncGenerator<StoredObject> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    let keys: string[] = [];
    for await (const key of this.#walk(folder)) {
      if (!key.startsWith(prefix)) continue;
      keys.push(key);
      if (keys.length < LOOKS_AT_ONCE) continue;
      yield* await this.#described(keys);
      keys = [];
    }
    yield* await this.#described(keys);
  }

  /** Those of them that are still there. */
  async #described(keys: readonly string[]): Promise<StoredObject[]> {
    const objects = await Promise.all(
      keys.map(async (key) => {
        const found = await told(key, () => orNull(stat(path.join(this.#root, key))));
        return found && { key, bytes: found.size, modifiedAtMs: found.mtimeMs };
      }),
    );
    return objects.filter((object) => object !== null);
  }

  async remove(key: string): Promise<void> {
    const file = this.#pathOf(key);
    if (this.#opened.has(key)) this.#leaving.add(key);
    else await told(key, () => orNull(unlink(file)));
  }

  /**
   * What this process removes meanwhile goes at the release. What another process removes does not
   * wait: whoever expires files leaves them for longer than a query takes.
   */
  async open(keys: readonly string[]): Promise<LocalFiles> {
    const paths = keys.map((key) => this.#pathOf(key));
    for (const key of keys) this.#opened.set(key, (this.#opened.get(key) ?? 0) + 1);
    let released = false;
    const release = (): void => {
      if (!released) for (const key of keys) this.#release(key);
      released = true;
    };
    try {
      for (let at = 0; at < keys.length; at += LOOKS_AT_ONCE) {
        await Promise.all(keys.slice(at, at + LOOKS_AT_ONCE).map((key) => this.#mustBeThere(key)));
      }
    } catch (error) {
      release();
      throw error;
    }
    return { paths, release };
  }

  #release(key: string): void {
    const holders = (this.#opened.get(key) ?? 0) - 1;
    if (holders > 0) {
      this.#opened.set(key, holders);
      return;
    }
    this.#opened.delete(key);
    // One that cannot be removed now is an orphan, which are removed by their age.
    if (this.#leaving.delete(key)) void this.remove(key).catch(() => undefined);
  }

  async #mustBeThere(key: string): Promise<void> {
    const found = await told(key, () => orNull(stat(this.#pathOf(key))));
    if (found === null) throw new TableFault('FILE_MISSING', `${key} is not in ${this.location}`);
  }

  async *#walk(folder: string): AsyncGenerator<string> {
    const directory = path.join(this.#root, folder);
    const entries = await told(folder, () =>
      orNull(opendir(directory, { bufferSize: ENTRIES_AT_ONCE })),
    );
    if (entries === null) return;
    for await (const entry of entries) {
      const key = folder + entry.name;
      if (entry.isDirectory() && entry.name !== STAGED) yield* this.#walk(`${key}/`);
      else if (entry.isFile()) yield key;
    }
  }

  /** Does what puts a name into the file's folder, which is made where it is absent, and makes the name durable. */
  async #inFolderOf<T>(file: string, putName: () => Promise<T>): Promise<T> {
    const folder = path.dirname(file);
    await this.#makeFolder(folder);
    let result: T;
    try {
      result = await putName();
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      // Somebody removed the folder behind our back.
      this.#made.clear();
      await this.#makeFolder(folder);
      result = await putName();
    }
    await syncDirectory(folder);
    return result;
  }

  async #makeFolder(folder: string): Promise<void> {
    if (this.#made.has(folder) || folder === this.#root) return;
    const parent = path.dirname(folder);
    await this.#makeFolder(parent);
    await mkdir(folder, { recursive: true, mode: 0o750 });
    await syncDirectory(parent);
    this.#made.add(folder);
  }

  async #move(from: string, to: string): Promise<void> {
    try {
      await rename(from, to);
    } catch (error) {
      if (codeOf(error) !== 'EXDEV') throw error;
      // The work folder is on another file system.
      const staged = await this.#stagedFile();
      await copyFile(from, staged);
      await syncFile(staged);
      await rename(staged, to);
      await rm(from);
    }
  }

  /** Its folder is made by whoever writes first: a reader may have no right to. */
  async #stagedFile(): Promise<string> {
    const directory = path.join(this.#root, STAGED);
    await mkdir(directory, { recursive: true, mode: 0o750 });
    return path.join(directory, randomUUID());
  }

  async #clean(): Promise<void> {
    const directory = path.join(this.#root, STAGED);
    const entries = await orNull(opendir(directory));
    if (entries === null) return;
    for await (const { name } of entries) {
      const file = path.join(directory, name);
      const found = await orNull(stat(file));
      if (found !== null && Date.now() - found.mtimeMs > STAGED_FILE_MS)
        await rm(file, { force: true });
    }
  }

  #pathOf(key: string): string {
    return path.join(this.#root, checkKey(key));
  }
}

/** Whatever the file system says is of the moment, as far as we know: full, not mounted, not allowed. */
async function told<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof TableFault || codeOf(cause) === undefined) throw cause;
    const message = `${what}: the file system says ${codeOf(cause) ?? ''}`;
    throw new TableFault('STORAGE_UNAVAILABLE', message, { cause });
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

async function writeDurably(file: string, content: Buffer): Promise<void> {
  const handle = await open(file, 'wx', 0o640);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function linkExclusively(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}
