import { randomUUID } from 'node:crypto';
import { link, open, readFile, readdir, rm, unlink } from 'node:fs/promises';
import path from 'node:path';
import { manifestFromText, manifestToText } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import { TableFault } from './tableFault.ts';
import { syncDirectory } from './syncDirectory.ts';

/**
 * Old manifests kept: a reader that has just listed the folder still finds the one it picked, and a
 * person can look at the last states.
 */
const KEPT_MANIFESTS = 20;
/** A newest manifest that vanishes between listing and reading was retired: more often than this is a fault. */
const READ_ATTEMPTS = 5;
const NAME = /^manifest-(\d{12})\.json$/;

const nameOf = (version: number): string => `manifest-${String(version).padStart(12, '0')}.json`;

/** Called at each step of a commit, so that a test can end the process there. */
export type StepHook = (step: string) => void;

/**
 * The table's versions in one folder. `create` is a compare-and-set: a version comes to be by
 * `link`, whole and durable, and only one writer can make it.
 */
export class ManifestStore {
  readonly #directory: string;
  readonly #onStep: StepHook;
  #newest: Manifest | null = null;

  constructor(directory: string, onStep: StepHook = () => undefined) {
    this.#directory = directory;
    this.#onStep = onStep;
  }

  /** null: the table has no version yet. @throws TableFault MANIFEST_BROKEN */
  async newest(): Promise<Manifest | null> {
    for (let attempt = 0; attempt < READ_ATTEMPTS; attempt += 1) {
      const version = (await this.#versions()).at(-1);
      if (version === undefined) return null;
      if (this.#newest?.version === version) return this.#newest;
      const text = await this.#read(version);
      if (text === null) continue;
      this.#newest = manifestFromText(text);
      if (this.#newest.version !== version) {
        throw new TableFault('MANIFEST_BROKEN', `${nameOf(version)} calls itself another version`);
      }
      return this.#newest;
    }
    throw new TableFault('MANIFEST_BROKEN', 'the newest manifest vanishes as it is read');
  }

  /** @returns false when somebody else made this version first: read the newest, and decide anew. */
  async create(manifest: Manifest): Promise<boolean> {
    const staged = path.join(this.#directory, `.staged-${randomUUID()}`);
    const final = path.join(this.#directory, nameOf(manifest.version));
    await writeDurably(staged, manifestToText(manifest));
    this.#onStep('manifest-staged');
    try {
      if (!(await linkExclusively(staged, final))) return false;
    } finally {
      await rm(staged, { force: true });
    }
    if (await this.#isStale(manifest.version)) {
      await rm(final, { force: true });
      return false;
    }
    await syncDirectory(this.#directory);
    this.#onStep('manifest-linked');
    this.#newest = manifest;
    await this.#retire(manifest.version);
    return true;
  }

  /** Half-made manifests of processes that died; only for whoever knows that no other writes. */
  async clean(olderThanMs: number): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      if (!name.startsWith('.staged-')) continue;
      const file = path.join(this.#directory, name);
      if (await isOlderThan(file, olderThanMs)) await rm(file, { force: true });
    }
  }

  /**
   * A writer that slept while others committed and retired finds its version's name free again.
   * Versions are retired oldest first, so then its predecessor is gone too.
   */
  async #isStale(version: number): Promise<boolean> {
    return version > 1 && (await this.#read(version - 1)) === null;
  }

  async #retire(newest: number): Promise<void> {
    for (const version of await this.#versions()) {
      if (version > newest - KEPT_MANIFESTS) return;
      await unlinkIfThere(path.join(this.#directory, nameOf(version)));
    }
  }

  async #versions(): Promise<number[]> {
    const names = await readdir(this.#directory);
    return names
      .map((name) => NAME.exec(name)?.[1])
      .filter((digits) => digits !== undefined)
      .map(Number)
      .sort((left, right) => left - right);
  }

  async #read(version: number): Promise<string | null> {
    try {
      return await readFile(path.join(this.#directory, nameOf(version)), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o640);
  try {
    await handle.writeFile(text);
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
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function isOlderThan(file: string, milliseconds: number): Promise<boolean> {
  try {
    const handle = await open(file, 'r');
    try {
      return Date.now() - (await handle.stat()).mtimeMs > milliseconds;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function unlinkIfThere(file: string): Promise<void> {
  try {
    await unlink(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
