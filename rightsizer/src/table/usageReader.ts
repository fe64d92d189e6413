import { IcebergTable } from '../iceberg/icebergTable.ts';
import type { TableState } from '../iceberg/metadataVersions.ts';
import { currentSnapshot, snapshotWith } from '../iceberg/tableMetadata.ts';
import type { Long, Snapshot } from '../iceberg/tableMetadata.ts';
import { OFFSETS_NOTE, offsetsFromText, offsetsOf } from './positions.ts';
import type { PartitionPositions } from './positions.ts';
import { quarantineForm, usageForm } from './rowForms.ts';
import { TableFault } from './tableFault.ts';
import { SnapshotRows } from './snapshotRows.ts';
import type { SnapshotPlace, SnapshotSource } from './snapshotRows.ts';
import type { Positions } from './tableVersion.ts';
import type { TablePlaces, UsageDatabase } from './usageDatabase.ts';
import { positionsOf, refuseOldForm, topicOf, VERSION_SUMMARY } from './usageTable.ts';
import type { TopicIdentity } from './usageTable.ts';

/** Opens versions of the tables, again and again. */
export class UsageReader {
  readonly #places: TablePlaces;
  readonly #usage: SnapshotSource;
  readonly #quarantine: SnapshotSource;

  constructor(database: UsageDatabase, places: TablePlaces) {
    const { storage } = places;
    this.#places = places;
    this.#usage = {
      database,
      storage,
      table: new IcebergTable({ storage, name: usageForm.name }),
      startColumn: 'window_start',
      endColumn: 'window_end',
    };
    this.#quarantine = {
      database,
      storage,
      table: new IcebergTable({ storage, name: quarantineForm.name }),
      startColumn: 'logged_at',
      endColumn: 'logged_at',
    };
  }

  /** null: nothing has been written yet. @throws TableFault TABLE_FORMAT_OLD | METADATA_BROKEN | STORAGE_UNAVAILABLE */
  async newest(): Promise<UsageSnapshot | null> {
    const state = await this.#usage.table.newest();
    if (state === null) {
      await refuseOldForm(this.#places);
      return null;
    }
    const partitions = positionsOf(state);
    return new UsageSnapshot(this.#usage, {
      ...newestPlace(state, offsetsOf(partitions)),
      partitions,
    });
  }

  /** One that is still kept. @throws TableFault SNAPSHOT_EXPIRED, and what `newest` throws */
  async at(snapshotId: bigint): Promise<UsageSnapshot> {
    const { table } = this.#usage;
    const state = await table.newest();
    const snapshot = state && snapshotWith(state.metadata, snapshotId);
    if (state === null || snapshot === null) {
      throw new TableFault('SNAPSHOT_EXPIRED', `the snapshot ${snapshotId} is no longer kept`);
    }
    const positions = await offsetsAt(table, state, snapshot);
    const version = Number(snapshot.summary[VERSION_SUMMARY] ?? state.version);
    const partitions = positionsOf(state);
    return new UsageSnapshot(this.#usage, { version, state, snapshot, positions, partitions });
  }

  /**
   * The version that was the newest at a time, if it is still kept; null: it is not.
   * @param time microseconds
   */
  async newestBy(time: bigint): Promise<UsageSnapshot | null> {
    const state = await this.#usage.table.newest();
    const then = state?.metadata.snapshots
      .filter((snapshot) => BigInt(snapshot['timestamp-ms']) * 1_000n <= time)
      .at(-1);
    return then === undefined ? null : this.at(BigInt(then['snapshot-id']));
  }

  /** Records that were not counted. Its rows' time is when they were logged; null: nothing has been written yet. */
  async quarantine(): Promise<SnapshotRows | null> {
    const state = await this.#quarantine.table.newest();
    if (state === null) return null;
    return new SnapshotRows(this.#quarantine, newestPlace(state, offsetsOf(positionsOf(state))));
  }
}

function newestPlace(state: TableState, positions: Positions): SnapshotPlace {
  const snapshot = currentSnapshot(state.metadata);
  return { version: state.version, state, snapshot, positions };
}

/** What another engine commits says nothing of positions: then those before it are still the ones. */
async function offsetsAt(
  table: IcebergTable,
  state: TableState,
  snapshot: Snapshot,
): Promise<Positions> {
  let at: Snapshot | null = snapshot;
  while (at !== null) {
    const note = (await table.manifests(state.metadata, at)).notes[OFFSETS_NOTE];
    if (note !== undefined) return offsetsFromText(note);
    const parent: Long | undefined = at['parent-snapshot-id'];
    at = parent === undefined ? null : snapshotWith(state.metadata, BigInt(parent));
  }
  throw new TableFault('SNAPSHOT_EXPIRED', 'no snapshot is left that says where it stood');
}

export interface UsagePlace extends SnapshotPlace {
  /** Of the newest version. */
  readonly partitions: PartitionPositions;
}

/** The table as one version names it. Its rows are distinct: the sink counts each usage id once. */
export class UsageSnapshot extends SnapshotRows {
  readonly topic: TopicIdentity | null;
  /** Where the newest version stands with each partition of each source. */
  readonly partitions: PartitionPositions;

  constructor(source: SnapshotSource, place: UsagePlace) {
    super(source, place);
    this.topic = topicOf(place.state.metadata);
    this.partitions = place.partitions;
  }

  /** The latest end of a usage window by application, among windows that end after `since`. */
  async newestUsage(since: bigint): Promise<ReadonlyMap<string, bigint>> {
    const rows = await this.#query(
      { from: since, to: END_OF_TIME },
      (source) => `
      SELECT application, max(epoch_us(window_end)) AS newest FROM ${source}
      WHERE epoch_us(window_end) > ${since} GROUP BY application`,
    );
    return new Map(rows.map((row) => [row['application'] as string, row['newest'] as bigint]));
  }

  /** For a person or a test: any query over `usage`. */
  ask(sql: string): Promise<Record<string, unknown>[]> {
    return this.#query(undefined, (source) => `WITH usage AS (SELECT * FROM ${source}) ${sql}`);
  }

  async #query(
    bounds: { from: bigint; to: bigint } | undefined,
    sqlOf: (source: string) => string,
  ): Promise<Record<string, unknown>[]> {
    return this.scan(await this.files(bounds), async (source, connection) =>
      (await connection.runAndReadAll(sqlOf(source))).getRowObjects(),
    );
  }
}

/** After every window: microseconds. */
const END_OF_TIME = 2n ** 62n;
