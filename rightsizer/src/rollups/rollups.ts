import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Positions, TableVersion } from '../table/tableVersion.ts';
import type { UsageDatabase } from '../table/usageDatabase.ts';
import { cellsToMake, nextToMerge } from './cellPlan.ts';
import { CellWriter } from './cellWriter.ts';
import { isPast, touchedBy } from './newRows.ts';
import { emptyIndex, RollupStore } from './rollupIndex.ts';
import type { Cell, RollupIndex } from './rollupIndex.ts';
import type { PaidUsage, RolledUsage } from './rolledUsage.ts';
import { samePositions, TableUsage } from './tableUsage.ts';
import type { HeldIndex } from './tableUsage.ts';

export interface RollupKeeping {
  /** How long minutes are kept: the rightsizer looks at them over its history. Days and payers' hours stay. */
  readonly minutesMs: number;
  readonly hoursMs: number;
}

export interface RollupOptions {
  /** Its own: below the folder that the database may read and write. */
  readonly directory: string;
  readonly database: UsageDatabase;
  readonly keeping: RollupKeeping;
  /** Called at each step, so that a test can end the process there. */
  readonly onStep?: (step: string) => void;
}

/** How long indexes and their files stay when there is a newer one: no query takes longer, in whichever process. */
const KEPT_MS = 600_000;
/** Processes that share the folder make the next index at the same time now and then: one wins. */
const ATTEMPTS = 5;

/**
 * Aggregates of the usage table, kept up with it: minutes, hours and days of demand, and hours of what
 * payers used. All of it follows from the table: the folder can be deleted, and comes back equal. What
 * a new version brings is known by positions, so that a compaction, which moves rows into other files,
 * adds nothing; the stretches of time that new rows touch are made anew, and nothing else.
 */
export class Rollups {
  readonly #options: RollupOptions;
  readonly #store: RollupStore;
  readonly #writer: CellWriter;
  #index: RollupIndex = emptyIndex;
  /** The one before: for whoever still reads a version that the newest is ahead of. */
  #previous: RollupIndex = emptyIndex;
  readonly #held = new Map<RollupIndex, number>();
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: RollupOptions) {
    this.#options = options;
    this.#store = new RollupStore(options.directory);
    this.#writer = new CellWriter(options.database, this.#store.files);
  }

  static async open(options: RollupOptions): Promise<Rollups> {
    const rollups = new Rollups(options);
    await rollups.#makeFolder();
    rollups.#index = await rollups.#store.newest();
    return rollups;
  }

  /** Up to where the table is rolled up. */
  get positions(): Positions {
    return this.#index.positions;
  }

  /**
   * Rolls up what the version has and the roll-ups lack, and answers from them. A version older than
   * what is rolled up is answered from its rows.
   * @param now microseconds: decides how long the cells are that are made, never what they say
   */
  of(version: TableVersion, now: bigint): Promise<RolledUsage> {
    const result = this.#turn.then(async () => {
      await this.#bringUp(version, now);
      return this.at(version, version.positions);
    });
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** As the table was at these positions, which the version has all rows of; from its rows when they are not those rolled up. */
  at(version: TableVersion, positions: Positions): RolledUsage {
    const index = this.#index;
    const isRolledUp = samePositions(index.positions, positions);
    return new TableUsage({
      database: this.#options.database,
      writer: this.#writer,
      version,
      positions,
      hold: () => (isRolledUp ? this.#hold(index) : null),
    });
  }

  /**
   * What payers used up to the version: from what is rolled up, by whichever process, and the rows since.
   * Brings nothing up; from rows alone where nothing is rolled up, or what is lies ahead of the version.
   */
  async paid(version: TableVersion): Promise<PaidUsage> {
    await this.#follow();
    const { positions } = version;
    const index = [this.#index, this.#previous].find(
      (each) => each.positions.size > 0 && !isPast(each.positions, positions),
    );
    return new TableUsage({
      database: this.#options.database,
      writer: this.#writer,
      version,
      positions,
      hold: () => (index === undefined ? null : this.#hold(index)),
    });
  }

  /** Another process may have made a newer index, and removes what that one does not name; or the folder was deleted. */
  async #follow(): Promise<void> {
    const known = this.#index;
    if ((await this.#store.newestGeneration()) === known.generation) return;
    const newest = await this.#store.newest();
    if (this.#index === known) this.#become(newest);
  }

  #become(next: RollupIndex): void {
    const isNext = next.generation === this.#index.generation + 1 && next.positions.size > 0;
    // Files of what is further back may be gone.
    if (next.generation !== this.#index.generation)
      this.#previous = isNext ? this.#index : emptyIndex;
    this.#index = next;
  }

  /** The files of the newest two indexes stay; those of an older one while a query holds it. */
  #hold(index: RollupIndex): HeldIndex | null {
    const count = this.#held.get(index) ?? 0;
    if (index !== this.#index && index !== this.#previous && count === 0) return null;
    this.#held.set(index, count + 1);
    return {
      index,
      release: () => {
        const left = (this.#held.get(index) ?? 1) - 1;
        if (left === 0) this.#held.delete(index);
        else this.#held.set(index, left);
      },
    };
  }

  /** Again each time: it may be deleted while we run. */
  async #makeFolder(): Promise<void> {
    const files = path.join(this.#options.directory, 'files');
    await mkdir(files, { recursive: true, mode: 0o750 });
  }

  async #bringUp(version: TableVersion, now: bigint): Promise<void> {
    await this.#makeFolder();
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      // Files of an older index are removed after a while: who looks seldom goes on from what others made since.
      await this.#follow();
      if (version.version < this.#index.version) return;
      if (samePositions(version.positions, this.#index.positions) && this.#isSettled(now)) return;
      const next = await this.#next(version, now);
      if (await this.#store.create(next)) {
        this.#step('index-made');
        this.#become(next);
        await this.#store.clean([next, this.#previous, ...this.#held.keys()], KEPT_MS);
        return;
      }
    }
    throw new Error('Other processes make roll-ups in the same folder all the time.');
  }

  /** Nothing is left to be put together, or to be let go. */
  #isSettled(now: bigint): boolean {
    const { cells } = this.#index;
    return (
      nextToMerge(cells, now) === null && cells.every((cell) => this.#kept(cell, now) === cell)
    );
  }

  async #next(version: TableVersion, now: bigint): Promise<RollupIndex> {
    // A table that was put back from a backup lacks rows that are rolled up: all of it is made anew.
    const known = this.#index;
    const isBehind = isPast(known.positions, version.positions);
    const base = isBehind ? emptyIndex : known;
    const touched = await touchedBy(version, base);
    this.#step('rows-found');
    let { cells } = base;
    const made: Cell[] = [];
    for (const span of cellsToMake(touched, cells, now)) {
      const cell = await this.#writer.fromRows(version, span);
      this.#step('cell-made');
      made.push(cell);
      cells = replaced(cells, cell);
    }
    const ever = await this.#writer.ever(base.ever, made);
    cells = await this.#merged(cells, now);
    return {
      generation: known.generation + 1,
      version: version.version,
      snapshotId: version.snapshotId,
      positions: version.positions,
      read: new Set((await version.files()).map(({ key }) => key)),
      cells: cells.map((cell) => this.#kept(cell, now)),
      ever,
    };
  }

  async #merged(given: readonly Cell[], now: bigint): Promise<readonly Cell[]> {
    let cells = given;
    for (;;) {
      const next = nextToMerge(cells, now);
      if (next === null) return cells;
      cells = replaced(cells, await this.#writer.fromParts(next.whole, next.parts));
      this.#step('cells-merged');
    }
  }

  #kept(cell: Cell, now: bigint): Cell {
    const { minutes, hours, ...files } = cell.files;
    if (files.days === undefined) return cell;
    const age = (now - cell.to) / 1_000n;
    const { minutesMs, hoursMs } = this.#options.keeping;
    const isPastMinutes = minutes !== undefined && age > BigInt(minutesMs);
    const isPastHours = hours !== undefined && age > BigInt(hoursMs);
    if (!isPastMinutes && !isPastHours) return cell;
    return {
      ...cell,
      files: {
        ...files,
        ...(minutes === undefined || isPastMinutes ? {} : { minutes }),
        ...(hours === undefined || isPastHours ? {} : { hours }),
      },
    };
  }

  #step(name: string): void {
    this.#options.onStep?.(name);
  }
}

/** The cell in place of those that lie in it; by time. */
function replaced(cells: readonly Cell[], cell: Cell): Cell[] {
  const others = cells.filter(({ from, to }) => to <= cell.from || from >= cell.to);
  if (Object.keys(cell.files).length === 0) return others;
  return [...others, cell].sort((left, right) => (left.from < right.from ? -1 : 1));
}
