import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { DataFile } from '../iceberg/dataFile.ts';
import { IcebergTable } from '../iceberg/icebergTable.ts';
import type { StepHook, TableState } from '../iceberg/metadataVersions.ts';
import { currentSnapshot } from '../iceberg/tableMetadata.ts';
import { dayText } from '../iceberg/transforms.ts';
import { writeParquet } from '../table/parquetFiles.ts';
import { OFFSETS_NOTE, offsetsOf, offsetsToText } from '../table/positions.ts';
import type { RowForm } from '../table/rowForms.ts';
import { rowsSql } from '../table/snapshotRows.ts';
import { TableFault } from '../table/tableFault.ts';
import type { TablePlaces, UsageDatabase } from '../table/usageDatabase.ts';
import { positionsOf, VERSION_SUMMARY } from '../table/usageTable.ts';
import { planCompaction } from './planCompaction.ts';
import type { CompactionGroup, CompactionRule } from './planCompaction.ts';
import { removeUnnamed } from './removeUnnamed.ts';
import type { RemovalRule, Removed } from './removeUnnamed.ts';

/** Who may compact: `{"epoch", "writer"}`, raised by whoever starts. */
const COMPACTOR_PROPERTY = 'prorata.compactor';
/** Groups that one commit replaces: a commit that is lost to another is tried again with little in it. */
const GROUPS_A_COMMIT = 8;

export interface CompactorOptions {
  readonly database: UsageDatabase;
  readonly places: TablePlaces;
  readonly form: RowForm;
  readonly onStep?: StepHook;
  /** Milliseconds. */
  readonly now?: () => number;
}

/** What one pass did. */
export interface Compacted {
  readonly replaced: number;
  readonly written: number;
  readonly rows: number;
}

/**
 * Writes the many small files of days that are over as few sorted ones, and removes what nothing
 * names any more. No row changes: a compacted file holds the rows of those it stands for, and where
 * partitions stand is carried along. One at a time compacts a table; who starts voids who did before.
 */
export class Compactor {
  readonly #database: UsageDatabase;
  readonly #places: TablePlaces;
  readonly #form: RowForm;
  readonly #table: IcebergTable;
  readonly #onStep: StepHook;
  readonly #now: () => number;
  readonly #writer = randomUUID();
  #epoch: number | null = null;

  constructor(options: CompactorOptions) {
    const { places, onStep = (): undefined => undefined, now = Date.now } = options;
    this.#database = options.database;
    this.#places = places;
    this.#form = options.form;
    this.#onStep = onStep;
    this.#now = now;
    this.#table = new IcebergTable({
      storage: places.storage,
      name: options.form.name,
      onStep: (step) => onStep(`compaction-${step}`),
      now,
    });
  }

  /** All that is due. @throws TableFault WRITER_STALE when another compacts, and what the storage says */
  async compact(rule: CompactionRule): Promise<Compacted> {
    const done = { replaced: 0, written: 0, rows: 0 };
    const state = await this.#claimed();
    if (state === null) return done;
    const groups = planCompaction(await this.#liveFiles(state), this.#now(), rule);
    for (let at = 0; at < groups.length; at += GROUPS_A_COMMIT) {
      const due = groups.slice(at, at + GROUPS_A_COMMIT);
      const added = await this.#writeAll(state, due);
      const removed = due.flatMap(({ files }) => files.map((file) => file.path));
      // However long that took: only who has the claim removes, and no two at a time.
      await this.#replace(added, removed);
      done.replaced += removed.length;
      done.written += added.length;
      done.rows += added.reduce((sum, { rows }) => sum + rows, 0);
    }
    return done;
  }

  /** What no kept version names, and has not been named for long. @throws as `compact` */
  async removeUnnamed(rule: RemovalRule): Promise<Removed> {
    const state = await this.#claimed();
    if (state === null) return { files: 0, bytes: 0 };
    return removeUnnamed({
      table: this.#table,
      storage: this.#places.storage,
      rule,
      nowMs: this.#now(),
      onStep: this.#onStep,
      // A version made after the look: whoever based a commit on an earlier one has to look again.
      fence: () => this.#table.commit((base) => this.#claim(base, this.#mustOwn(base))),
    });
  }

  /** null: there is no table yet. */
  async #claimed(): Promise<TableState | null> {
    const newest = await this.#table.newest();
    if (newest === null || this.#epoch !== null) return newest;
    const state = await this.#table.commit((base) => {
      this.#epoch = ownerOf(base).epoch + 1;
      return this.#claim(base, this.#epoch);
    });
    this.#onStep('compaction-claimed');
    return state;
  }

  #claim(base: TableState, epoch: number) {
    return {
      operation: 'replace' as const,
      added: [],
      removed: [],
      summary: {},
      notes: {},
      properties: {
        [COMPACTOR_PROPERTY]: JSON.stringify({ epoch, writer: this.#writer, at: base.version }),
      },
    };
  }

  /** @throws TableFault WRITER_STALE */
  #mustOwn(base: TableState): number {
    const { epoch, writer } = ownerOf(base);
    if (epoch !== this.#epoch || writer !== this.#writer) {
      // The next pass takes it back: the other may have ended meanwhile.
      this.#epoch = null;
      throw new TableFault('WRITER_STALE', `another process compacts the table ${this.#form.name}`);
    }
    return epoch;
  }

  async #liveFiles({ metadata }: TableState): Promise<DataFile[]> {
    const snapshot = currentSnapshot(metadata);
    if (snapshot === null) return [];
    const { manifests } = await this.#table.manifests(metadata, snapshot);
    const files: DataFile[] = [];
    for (const manifest of manifests) {
      for (const { file } of await this.#table.files(metadata, manifest)) files.push(file);
    }
    return files;
  }

  async #replace(added: readonly DataFile[], removed: readonly string[]): Promise<void> {
    this.#onStep('compaction-commit-begins');
    await this.#table.commit((base) => {
      this.#mustOwn(base);
      const offsets = offsetsToText(offsetsOf(positionsOf(base)));
      return {
        operation: 'replace',
        added,
        removed,
        summary: { [VERSION_SUMMARY]: String(base.version + 1) },
        notes: { [OFFSETS_NOTE]: offsets },
        properties: {},
      };
    });
    this.#onStep('compaction-committed');
  }

  async #writeAll(state: TableState, groups: readonly CompactionGroup[]): Promise<DataFile[]> {
    const files: DataFile[] = [];
    // One after another: each may take as much memory as DuckDB may have.
    for (const group of groups) files.push(...(await this.#write(state, group)));
    return files;
  }

  async #write(
    { metadata }: TableState,
    { partition, files }: CompactionGroup,
  ): Promise<DataFile[]> {
    const { schema, name, sortedBy } = this.#form;
    const { storage, staging } = this.#places;
    const [day = 0, ...others] = partition;
    const stem = [`${name}-compacted`, this.#epoch, dayText(day), ...others, randomUUID()].join(
      '-',
    );
    const directory = path.join(staging, stem);
    await mkdir(directory, { recursive: true, mode: 0o750 });
    const local = await storage.open(files.map((file) => this.#table.keyOf(metadata, file.path)));
    const connection = await this.#database.connect();
    try {
      const written = await writeParquet(connection, {
        select: `SELECT ${schema.fields.map((field) => field.name).join(', ')}
          FROM ${rowsSql(schema.fields, local.paths)} ORDER BY ${sortedBy}`,
        schema,
        directory,
        splitBy: [],
      });
      this.#onStep('compaction-staged');
      checkRows(files, written);
      return await Promise.all(
        written.map(async (each, index) => {
          const key = `data/${stem}-${index}.parquet`;
          const bytes = await storage.upload(each.file, `${name}/${key}`);
          this.#onStep('compaction-uploaded');
          const { rows, columns: statistics } = each;
          const address = `${metadata.location}/${key}`;
          return { path: address, partition, rows, bytes, columns: statistics, sortOrderId: 1 };
        }),
      );
    } finally {
      connection.closeSync();
      local.release();
      await rm(directory, { recursive: true, force: true });
    }
  }
}

/** The pair of the counts that manifests carry: a row that was lost on the way ends the pass. */
function checkRows(from: readonly DataFile[], to: readonly { readonly rows: number }[]): void {
  const count = (files: readonly { readonly rows: number }[]): number =>
    files.reduce((sum, { rows }) => sum + rows, 0);
  if (count(from) !== count(to)) {
    throw new TableFault(
      'METADATA_BROKEN',
      `${from.length} files say that they hold ${count(from)} rows, and hold ${count(to)}`,
    );
  }
}

function ownerOf({ metadata }: TableState): { readonly epoch: number; readonly writer: string } {
  const text = metadata.properties[COMPACTOR_PROPERTY];
  if (text === undefined) return { epoch: 0, writer: '' };
  return JSON.parse(text) as { epoch: number; writer: string };
}
