import { randomUUID } from 'node:crypto';
import { link, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { syncDirectory } from '../table/syncDirectory.ts';
import type { Positions } from '../table/tableVersion.ts';

/** Raised with every change of what the files hold or mean: older roll-ups are made anew then. */
const FORM = 2;
const NAME = /^index-(\d{12})\.json$/;
const nameOf = (generation: number): string => `index-${String(generation).padStart(12, '0')}.json`;

export const fileKinds = ['minutes', 'hours', 'days', 'payers'] as const;
export type FileKind = (typeof fileKinds)[number];

export interface RollupFile {
  /** Below `files/`. */
  readonly name: string;
  readonly bytes: number;
}

/** A stretch of time that was rolled up at once: [from, to), microseconds. */
export interface Cell {
  readonly from: bigint;
  readonly to: bigint;
  /** Absent: no rows, too short for this kind, or past its keeping. */
  readonly files: Readonly<Partial<Record<FileKind, RollupFile>>>;
}

/** All roll-ups at one moment. */
export interface RollupIndex {
  readonly generation: number;
  /** Of the usage table. */
  readonly version: number;
  readonly snapshotId: bigint;
  readonly positions: Positions;
  /** The table's files whose rows are rolled up: those that are new to it are looked through for new rows. */
  readonly read: ReadonlySet<string>;
  /** By time; none overlaps another, and no row is outside of all. */
  readonly cells: readonly Cell[];
  readonly ever: RollupFile | null;
}

export const emptyIndex: RollupIndex = {
  generation: 0,
  version: 0,
  snapshotId: -1n,
  positions: new Map(),
  read: new Set(),
  cells: [],
  ever: null,
};

export function filesOf({ cells, ever }: Pick<RollupIndex, 'cells' | 'ever'>): RollupFile[] {
  const files = cells.flatMap((cell) => fileKinds.map((kind) => cell.files[kind]));
  return [...files, ever].filter((file) => file != null);
}

/** The indexes of one folder, and the files that they name. A generation comes to be whole, and once. */
export class RollupStore {
  readonly #root: string;
  readonly files: string;
  /** What the indexes that are kept name, by generation: each is read once. */
  readonly #named = new Map<number, readonly string[]>();

  constructor(root: string) {
    this.#root = root;
    this.files = path.join(root, 'files');
  }

  /** Empty where there is none that could be used: of another form, broken, or with a file that is gone. */
  async newest(): Promise<RollupIndex> {
    const generation = (await this.#generations()).at(-1);
    if (generation === undefined) return emptyIndex;
    const index = await this.#read(generation);
    return index !== null && (await this.#isWhole(index)) ? index : { ...emptyIndex, generation };
  }

  /** null: of another form, broken, or gone. */
  async #read(generation: number): Promise<RollupIndex | null> {
    try {
      const text = await readFile(path.join(this.#root, nameOf(generation)), 'utf8');
      return parse(JSON.parse(text) as IndexJson, generation);
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof TypeError) return null;
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  /** @returns false: another process was first */
  async create(index: RollupIndex): Promise<boolean> {
    const staged = path.join(this.#root, `.staged-${randomUUID()}`);
    const handle = await open(staged, 'wx', 0o640);
    try {
      await handle.writeFile(JSON.stringify(jsonOf(index)));
      await handle.sync();
    } finally {
      await handle.close();
    }
    try {
      await link(staged, path.join(this.#root, nameOf(index.generation)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    } finally {
      await rm(staged, { force: true });
    }
    // Who slept while others went on finds the name of its generation free again, and is late all the same.
    if ((await this.#generations()).at(-1) !== index.generation) {
      await rm(path.join(this.#root, nameOf(index.generation)), { force: true });
      return false;
    }
    await syncDirectory(this.#root);
    return true;
  }

  /** The generation of the newest index, whatever it says; 0: there is none. */
  async newestGeneration(): Promise<number> {
    return (await this.#generations()).at(-1) ?? 0;
  }

  /**
   * Removes what no running query needs, and no index that was the newest one within `keptMs`: another process
   * may still go by it, or may be about to name what it has just written.
   * @param held of this process
   */
  async clean(held: readonly RollupIndex[], keptMs: number): Promise<void> {
    const names = new Set(held.flatMap(filesOf).map(({ name }) => name));
    for (const generation of await this.#keptGenerations(keptMs)) {
      for (const name of await this.#namesOf(generation)) names.add(name);
    }
    for (const [folder, file] of await this.#candidates()) {
      if (!names.has(file)) await removeOlder(path.join(folder, file), keptMs);
    }
  }

  /** Removes the indexes that have not been the newest one for `keptMs`. @returns the others */
  async #keptGenerations(keptMs: number): Promise<readonly number[]> {
    const generations = await this.#generations();
    const kept: number[] = [];
    for (const [at, generation] of generations.entries()) {
      const next = generations[at + 1];
      if (next === undefined || !(await isOlder(path.join(this.#root, nameOf(next)), keptMs))) {
        kept.push(generation);
        continue;
      }
      this.#named.delete(generation);
      await rm(path.join(this.#root, nameOf(generation)), { force: true });
    }
    return kept;
  }

  async #namesOf(generation: number): Promise<readonly string[]> {
    const known = this.#named.get(generation);
    if (known !== undefined) return known;
    const names = filesOf((await this.#read(generation)) ?? emptyIndex).map(({ name }) => name);
    this.#named.set(generation, names);
    return names;
  }

  async #candidates(): Promise<[string, string][]> {
    const staged = (await readdir(this.#root)).filter((name) => name.startsWith('.staged-'));
    const files = await readdir(this.files);
    return [
      ...staged.map((name): [string, string] => [this.#root, name]),
      ...files.map((name): [string, string] => [this.files, name]),
    ];
  }

  async #generations(): Promise<number[]> {
    return (await namesIn(this.#root))
      .map((name) => NAME.exec(name)?.[1])
      .filter((digits) => digits !== undefined)
      .map(Number)
      .sort((left, right) => left - right);
  }

  async #isWhole(index: RollupIndex): Promise<boolean> {
    const sizes = await Promise.all(
      filesOf(index).map(
        async ({ name, bytes }) => (await sizeOf(path.join(this.files, name))) === bytes,
      ),
    );
    return sizes.every(Boolean);
  }
}

/** Nothing of a folder that was deleted. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function sizeOf(file: string): Promise<number | null> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function removeOlder(file: string, olderThanMs: number): Promise<void> {
  if (await isOlder(file, olderThanMs)) await rm(file, { force: true });
}

/** By when it was last written; a file that is gone is not. */
async function isOlder(file: string, thanMs: number): Promise<boolean> {
  try {
    return Date.now() - (await stat(file)).mtimeMs >= thanMs;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** As stored: whole numbers of 64 bits as text. */
interface IndexJson {
  readonly form: number;
  readonly version: number;
  readonly snapshotId: string;
  readonly positions: Readonly<Record<string, string>>;
  readonly read: readonly string[];
  readonly cells: readonly (Pick<Cell, 'files'> & { readonly from: string; readonly to: string })[];
  readonly ever: RollupFile | null;
}

function jsonOf(index: RollupIndex): IndexJson {
  const positions = [...index.positions].map(([source, next]) => [source, next.toString()]);
  return {
    form: FORM,
    version: index.version,
    snapshotId: index.snapshotId.toString(),
    positions: Object.fromEntries(positions) as Record<string, string>,
    read: [...index.read],
    cells: index.cells.map(({ from, to, files }) => ({
      from: from.toString(),
      to: to.toString(),
      files,
    })),
    ever: index.ever,
  };
}

/** @throws TypeError | SyntaxError when it is of another form */
function parse(json: IndexJson, generation: number): RollupIndex {
  if (json.form !== FORM) throw new TypeError(`Form ${String(json.form)} is not ${FORM}.`);
  return {
    generation,
    version: json.version,
    snapshotId: BigInt(json.snapshotId),
    positions: new Map(
      Object.entries(json.positions).map(([source, next]) => [source, BigInt(next)]),
    ),
    read: new Set(json.read),
    cells: json.cells.map(({ from, to, files }) => ({ from: BigInt(from), to: BigInt(to), files })),
    ever: json.ever,
  };
}
