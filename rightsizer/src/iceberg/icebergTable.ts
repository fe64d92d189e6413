import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { TableFault } from '../table/tableFault.ts';
import type { TableStorage } from '../table/storage/tableStorage.ts';
import type { DataFile } from './dataFile.ts';
import { withoutExpired } from './keptSnapshots.ts';
import type { LiveEntry } from './manifestCache.ts';
import { ManifestCache } from './manifestCache.ts';
import { manifestListToBytes } from './manifestList.ts';
import type { ListedManifest, ManifestList } from './manifestList.ts';
import { KEPT_VERSIONS, MetadataVersions } from './metadataVersions.ts';
import type { StepHook, TableState } from './metadataVersions.ts';
import { keyOf, SnapshotFiles } from './snapshotFiles.ts';
import type { WrittenManifest } from './snapshotFiles.ts';
import { currentSnapshot, newTable, withColumns } from './tableMetadata.ts';
import type { Snapshot, SnapshotSummary, TableForm, TableMetadata } from './tableMetadata.ts';

/** Writers of other partitions take turns with us; each turn is some milliseconds. */
const COMMIT_ATTEMPTS = 50;
/** The longest pause after a lost turn, milliseconds, times the attempts so far: writers drift apart. */
const PAUSE_MS = 5;
/**
 * From when files were written until they are committed, milliseconds: what is older and named by
 * nothing may have been removed, so a writer that slept so long has to write anew.
 */
export const COMMIT_AGE_MAX_MS = 900_000;
/** Ids below 10^15 are exact in any JSON reader. */
const SNAPSHOT_ID_END = 1_000_000_000_000_000n;

export interface IcebergOptions {
  readonly storage: TableStorage;
  /** What its keys begin with. */
  readonly name: string;
  readonly onStep?: StepHook;
  /** Milliseconds; the machine's clock if not told. It dates versions and decides nothing else but what expires. */
  readonly now?: () => number;
}

/** What one commit does. Neither added nor removed files: properties alone change, and no snapshot is made. */
export interface TableChange {
  readonly operation: 'append' | 'replace';
  /** Of the default partition spec, under addresses in the table's location. */
  readonly added: readonly DataFile[];
  /** Full addresses. */
  readonly removed: readonly string[];
  /** Beside the counts that each snapshot has. */
  readonly summary: Readonly<Record<string, string>>;
  /** What the snapshot's manifest list carries in its header. */
  readonly notes: Readonly<Record<string, string>>;
  /** Set; the others stay. */
  readonly properties: Readonly<Record<string, string>>;
}

/** One Iceberg table, format version 2: whoever makes the next version's metadata file has committed. */
export class IcebergTable {
  readonly name: string;
  readonly #storage: TableStorage;
  readonly #versions: MetadataVersions;
  readonly #cache: ManifestCache;
  readonly #files: SnapshotFiles;
  readonly #onStep: StepHook;
  readonly #now: () => number;
  /** Commits of one process wait for one another instead of racing. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor({ storage, name, onStep = () => undefined, now = Date.now }: IcebergOptions) {
    this.name = name;
    this.#storage = storage;
    this.#versions = new MetadataVersions(storage, name, onStep);
    this.#cache = new ManifestCache(storage);
    this.#files = new SnapshotFiles(storage, name, this.#cache);
    this.#onStep = onStep;
    this.#now = now;
  }

  /** null: it has not been made yet. @throws TableFault METADATA_BROKEN | STORAGE_UNAVAILABLE */
  newest(): Promise<TableState | null> {
    return this.#versions.newest();
  }

  /** Makes the table where it is absent, and adds the columns that it lacks. @throws TableFault */
  async ensure(form: TableForm): Promise<TableState> {
    const location = `${this.#storage.location}/${this.name}`;
    return this.#advance((base) => {
      const place = { location, uuid: randomUUID(), nowMs: this.#now() };
      if (base === null) return Promise.resolve(newTable(form, place));
      const metadata = withColumns(base.metadata, form.schema);
      return Promise.resolve(metadata === base.metadata ? null : this.#after(base, metadata));
    });
  }

  /**
   * Rebases on the newest version until its turn comes. `decide` looks at that version each time,
   * and gives null when nothing is to be done.
   * @param begunMs when the first of the files that it adds was begun
   * @throws TableFault COMMIT_CONTENDED | FILES_REPLACED, and what `decide` throws
   */
  commit(
    decide: (base: TableState) => TableChange | null,
    begunMs = this.#now(),
  ): Promise<TableState> {
    const written: { manifest: WrittenManifest | null } = { manifest: null };
    return this.#advance(async (base) => {
      if (this.#now() - begunMs > COMMIT_AGE_MAX_MS) {
        const message = `its files are older than ${COMMIT_AGE_MAX_MS} ms: they may be gone`;
        throw new TableFault('COMMIT_CONTENDED', message);
      }
      if (base === null) throw new TableFault('METADATA_BROKEN', `the table ${this.name} is gone`);
      const change = decide(base);
      if (change === null) return null;
      const properties = { ...base.metadata.properties, ...change.properties };
      const metadata = this.#after(base, { ...base.metadata, properties });
      if (change.added.length === 0 && change.removed.length === 0) return metadata;
      if (change.added.length > 0) {
        written.manifest ??= await this.#files.added(base.metadata, change.added);
        this.#onStep('manifest-created');
      }
      return this.#withSnapshot(base.metadata, metadata, change, written.manifest);
    });
  }

  /** The manifests of a snapshot. @throws TableFault FILE_MISSING when it has expired */
  manifests(metadata: TableMetadata, snapshot: Snapshot): Promise<ManifestList> {
    return this.#cache.list(this.keyOf(metadata, snapshot['manifest-list']));
  }

  /** The files that a manifest names and that are live. */
  files(metadata: TableMetadata, manifest: ListedManifest): Promise<readonly LiveEntry[]> {
    return this.#files.live(metadata, manifest);
  }

  keyOf(metadata: TableMetadata, address: string): string {
    return keyOf(metadata, this.name, address);
  }

  #advance(
    change: (base: TableState | null) => Promise<TableMetadata | null>,
  ): Promise<TableState> {
    const result = this.#turn.then(() => this.#attempt(change));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #attempt(
    change: (base: TableState | null) => Promise<TableMetadata | null>,
  ): Promise<TableState> {
    for (let attempt = 1; attempt <= COMMIT_ATTEMPTS; attempt += 1) {
      // What is out of date loses its turn: looking first would cost each commit a listing more.
      const known = attempt === 1 ? this.#versions.known : null;
      const base = known ?? (await this.newest());
      const metadata = await change(base);
      if (metadata === null) {
        if (base === null) throw new TypeError('Nothing comes of nothing.');
        return base;
      }
      const next = {
        version: (base?.version ?? 0) + 1,
        metadata: withoutExpired(metadata, metadata['last-updated-ms']),
      };
      if (await this.#versions.create(next)) return next;
      await delay(Math.random() * PAUSE_MS * attempt);
    }
    throw new TableFault('COMMIT_CONTENDED', `no turn in ${COMMIT_ATTEMPTS} attempts`);
  }

  /** The version after `base`. */
  #after(base: TableState, metadata: TableMetadata): TableMetadata {
    const nowMs = Math.max(this.#now(), base.metadata['last-updated-ms']);
    const file = `${base.metadata.location}/metadata/v${base.version}.metadata.json`;
    const log = [
      ...base.metadata['metadata-log'],
      { 'timestamp-ms': base.metadata['last-updated-ms'], 'metadata-file': file },
    ];
    return {
      ...metadata,
      'last-updated-ms': nowMs,
      'metadata-log': log.slice(1 - KEPT_VERSIONS),
    };
  }

  async #withSnapshot(
    base: TableMetadata,
    metadata: TableMetadata,
    change: TableChange,
    added: WrittenManifest | null,
  ): Promise<TableMetadata> {
    const maker = {
      snapshotId: randomSnapshotId(),
      sequenceNumber: base['last-sequence-number'] + 1,
    };
    const parent = currentSnapshot(base);
    const before = parent === null ? [] : (await this.manifests(base, parent)).manifests;
    const living = before.filter(({ addedFiles, existingFiles }) => addedFiles + existingFiles > 0);
    const left =
      change.removed.length === 0
        ? living
        : await this.#files.without(base, living, new Set(change.removed), maker);
    const kept = await this.#files.merged(base, left, maker);
    const manifests = added === null ? kept : [...kept, this.#files.listed(added, maker)];
    const name = `metadata/snap-${maker.snapshotId}-${randomUUID()}.avro`;
    const parentId = parent === null ? null : BigInt(parent['snapshot-id']);
    const bytes = manifestListToBytes({ ...maker, parentId, notes: change.notes }, manifests);
    await this.#storage.create(`${this.name}/${name}`, bytes);
    this.#cache.keepList(`${this.name}/${name}`, { manifests, notes: change.notes });
    this.#onStep('manifest-list-created');
    const id = Number(maker.snapshotId);
    const snapshot: Snapshot = {
      'snapshot-id': id,
      ...(parent === null ? {} : { 'parent-snapshot-id': parent['snapshot-id'] }),
      'sequence-number': maker.sequenceNumber,
      'timestamp-ms': metadata['last-updated-ms'],
      'manifest-list': `${base.location}/${name}`,
      summary: summaryOf(change, manifests),
      'schema-id': metadata['current-schema-id'],
    };
    const moment = { 'timestamp-ms': metadata['last-updated-ms'], 'snapshot-id': id };
    return {
      ...metadata,
      'last-sequence-number': maker.sequenceNumber,
      'current-snapshot-id': id,
      snapshots: [...metadata.snapshots, snapshot],
      'snapshot-log': [...metadata['snapshot-log'], moment],
      refs: { ...metadata.refs, main: { 'snapshot-id': id, type: 'branch' } },
    };
  }
}

function summaryOf(change: TableChange, manifests: readonly ListedManifest[]): SnapshotSummary {
  const rows = (files: readonly DataFile[]): number =>
    files.reduce((sum, each) => sum + each.rows, 0);
  const bytes = (files: readonly DataFile[]): number =>
    files.reduce((sum, each) => sum + each.bytes, 0);
  const total = (count: (manifest: ListedManifest) => bigint): string =>
    String(manifests.reduce((sum, manifest) => sum + count(manifest), 0n));
  const added = {
    'added-data-files': String(change.added.length),
    'added-records': String(rows(change.added)),
    'added-files-size': String(bytes(change.added)),
  };
  const removed = change.removed.length;
  return {
    operation: change.operation,
    ...change.summary,
    ...(change.added.length === 0 ? {} : added),
    ...(removed === 0 ? {} : { 'deleted-data-files': String(removed) }),
    'total-data-files': total((each) => BigInt(each.addedFiles + each.existingFiles)),
    'total-records': total((each) => each.addedRows + each.existingRows),
    'total-delete-files': '0',
    'total-position-deletes': '0',
    'total-equality-deletes': '0',
  };
}

/** Never 0, and never so large that a reader of JSON would round it. */
function randomSnapshotId(): bigint {
  return (randomBytes(8).readBigUInt64LE() % (SNAPSHOT_ID_END - 1n)) + 1n;
}
