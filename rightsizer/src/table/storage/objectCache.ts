import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ownFolder, removeDeadFolders } from '../ownFolder.ts';
import { TableFault } from '../tableFault.ts';
import type { LocalFiles } from './tableStorage.ts';

/** Objects fetched at the same time: enough to hide a round trip, few enough for one connection pool. */
const FETCHES_AT_ONCE = 4;
/** A body that ends early is asked for again, as often as an answer that fails. */
const FETCH_ATTEMPTS = 3;

export interface ObjectBody {
  readonly bytes: number;
  readonly body: Readable;
}

/** @throws TableFault FILE_MISSING | STORAGE_UNAVAILABLE | STORAGE_REFUSED */
export type FetchObject = (key: string) => Promise<ObjectBody>;

interface CachedObject {
  readonly key: string;
  readonly file: string;
  bytes: number;
  /** Opens that have not been released. */
  holders: number;
  whole: Promise<void>;
  isWhole: boolean;
}

/**
 * Objects as local files, for DuckDB has no network. Bounded in bytes: who was used longest ago goes
 * first, and never one that is open. Each process has a folder of its own, which goes with it; it can
 * be deleted at any time, and what is asked for then is fetched again.
 */
export class ObjectCache {
  readonly #directory: string;
  readonly #bytesMax: number;
  readonly #fetchObject: FetchObject;
  /** In the order of their last use. */
  readonly #objects = new Map<string, CachedObject>();
  #bytes = 0;

  private constructor(directory: string, bytesMax: number, fetchObject: FetchObject) {
    this.#directory = directory;
    this.#bytesMax = bytesMax;
    this.#fetchObject = fetchObject;
  }

  /** @param parent holds the folder of this process, and those of dead ones, which are removed */
  static async open(
    parent: string,
    bytesMax: number,
    fetchObject: FetchObject,
  ): Promise<ObjectCache> {
    await mkdir(parent, { recursive: true, mode: 0o750 });
    await removeDeadFolders(parent);
    return new ObjectCache(ownFolder(parent), bytesMax, fetchObject);
  }

  /** What they hold together, bytes; never more than was allowed. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * All of them at once, whole. Two that ask for one object fetch it once.
   * @throws TableFault CACHE_TOO_SMALL when they do not fit beside what others have open;
   *   FILE_MISSING | STORAGE_UNAVAILABLE | STORAGE_REFUSED
   */
  async open(keys: readonly string[]): Promise<LocalFiles> {
    const held: CachedObject[] = [];
    const release = (): void => {
      for (const object of held.splice(0)) object.holders -= 1;
    };
    const files = new Map<string, string>();
    const waiting = [...new Set(keys)];
    const work = async (): Promise<void> => {
      for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) {
        const object = await this.#hold(key, held);
        files.set(key, object.file);
      }
    };
    const done = await Promise.allSettled(Array.from({ length: FETCHES_AT_ONCE }, work));
    const failed = done.find((each) => each.status === 'rejected');
    if (failed !== undefined) {
      release();
      throw failed.reason;
    }
    return { paths: keys.map((key) => files.get(key) ?? ''), release };
  }

  /** Takes over a local file that has just become an object: whoever wrote it will be asked for it soon. */
  async adopt(key: string, localFile: string, bytes: number): Promise<void> {
    const object = this.#newObject(key);
    const leaving = this.#objects.has(key) ? null : this.#take(object, bytes);
    if (leaving === null) return rm(localFile, { force: true });
    this.#objects.set(key, object);
    object.whole = removeFiles(leaving).then(() => this.#put(localFile, object));
    // What fails here is in the storage all the same, and that is what counts.
    await object.whole.catch(() => rm(localFile, { force: true }));
  }

  async close(): Promise<void> {
    this.#objects.clear();
    this.#bytes = 0;
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** `held` gets what is held at once, so that a failure elsewhere releases it. */
  async #hold(key: string, held: CachedObject[]): Promise<CachedObject> {
    const known = this.#objects.get(key);
    if (known !== undefined) {
      known.holders += 1;
      this.#objects.delete(key);
      this.#objects.set(key, known);
      await known.whole;
      if (await isThere(known)) {
        held.push(known);
        return known;
      }
      // Somebody deleted the cache. Whoever else comes to see it finds the new one.
      known.holders -= 1;
      this.#drop(known);
      return this.#hold(key, held);
    }
    const object = this.#newObject(key);
    object.holders = 1;
    object.whole = this.#fetch(object);
    this.#objects.set(key, object);
    held.push(object);
    await object.whole;
    return object;
  }

  async #fetch(object: CachedObject): Promise<void> {
    try {
      for (let attempt = 1; ; attempt += 1) {
        const { bytes, body } = await this.#fetchObject(object.key);
        await this.#reserve(object, bytes, body);
        const written = await writeWhole(body, object.file, bytes);
        if (written === true) break;
        if (attempt === FETCH_ATTEMPTS) {
          throw new TableFault('STORAGE_UNAVAILABLE', `${object.key} came in part: ${written}`);
        }
      }
      object.isWhole = true;
    } catch (error) {
      this.#drop(object);
      await rm(object.file, { force: true });
      throw error;
    }
  }

  async #reserve(object: CachedObject, bytes: number, body: Readable): Promise<void> {
    const leaving = this.#take(object, bytes);
    if (leaving === null) {
      body.destroy();
      const [needs, has] = [bytes, this.#bytesMax].map((each) => `${Math.ceil(each / 1e6)} MB`);
      throw new TableFault(
        'CACHE_TOO_SMALL',
        `${object.key} (${needs}) does not fit beside what is open; the cache has ${has}: raise PRORATA_USAGE_CACHE_MB, or ask for less time at once`,
      );
    }
    await removeFiles(leaving);
    await mkdir(this.#directory, { recursive: true, mode: 0o750 });
  }

  /**
   * Gives the object its bytes in one step, so that others who ask meanwhile see them taken.
   * @returns the files that leave for it; null when even without all that nobody has open there is no room
   */
  #take(object: CachedObject, bytes: number): readonly CachedObject[] | null {
    this.#bytes -= object.bytes;
    object.bytes = 0;
    const leaving: CachedObject[] = [];
    let over = this.#bytes + bytes - this.#bytesMax;
    for (const other of this.#objects.values()) {
      if (over <= 0) break;
      if (other.holders > 0 || !other.isWhole) continue;
      leaving.push(other);
      over -= other.bytes;
    }
    if (over > 0) return null;
    for (const other of leaving) this.#drop(other);
    object.bytes = bytes;
    this.#bytes += bytes;
    return leaving;
  }

  async #put(localFile: string, object: CachedObject): Promise<void> {
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o750 });
      await rename(localFile, object.file);
      object.isWhole = true;
    } catch (error) {
      this.#drop(object);
      throw error;
    }
  }

  #newObject(key: string): CachedObject {
    const hash = createHash('sha256').update(key).digest('hex').slice(0, 32);
    // Never the same name twice: one that is dropped may still be written to.
    const file = path.join(this.#directory, `${hash}.${randomUUID()}`);
    return { key, file, bytes: 0, holders: 0, whole: Promise.resolve(), isWhole: false };
  }

  #drop(object: CachedObject): void {
    if (this.#objects.get(object.key) !== object) return;
    this.#objects.delete(object.key);
    this.#bytes -= object.bytes;
  }
}

async function removeFiles(objects: readonly CachedObject[]): Promise<void> {
  await Promise.all(objects.map(({ file }) => rm(file, { force: true })));
}

/** @returns true, or what went wrong */
async function writeWhole(body: Readable, file: string, bytes: number): Promise<true | string> {
  try {
    const target = createWriteStream(file, { mode: 0o640 });
    await pipeline(body, target);
    if (target.bytesWritten === bytes) return true;
    return `${target.bytesWritten} of ${bytes} bytes`;
  } catch (error) {
    const { code, name } = error as NodeJS.ErrnoException;
    return code ?? name;
  }
}

async function isThere({ file, bytes }: CachedObject): Promise<boolean> {
  return (await stat(file).catch(() => null))?.size === bytes;
}
