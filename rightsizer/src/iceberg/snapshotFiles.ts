import { randomUUID } from 'node:crypto';
import { TableFault } from '../table/tableFault.ts';
import type { TableStorage } from '../table/storage/tableStorage.ts';
import type { DataFile } from './dataFile.ts';
import type { LiveEntry, ManifestCache } from './manifestCache.ts';
import { entryStatus, manifestToBytes } from './manifestFile.ts';
import type { ManifestEntry } from './manifestFile.ts';
import type { ListedManifest, PartitionSummary } from './manifestList.ts';
import { resultType } from './schema.ts';
import type { PartitionSpec, Schema } from './schema.ts';
import { fromSingleValue, toSingleValue } from './singleValue.ts';
import type { SingleValue } from './singleValue.ts';
import { currentSchema, specWith } from './tableMetadata.ts';
import type { TableMetadata } from './tableMetadata.ts';

/** So many manifests of about one size become one: a list stays at some tens, and a file is copied few times. */
const MERGED_AT = 32;
/** A manifest that names so many files is left as it is: reading it whole would take a second. */
const MERGED_FILES_MAX = 20_000;

/** What a manifest says of itself in a list, once it is known which snapshot brings it. */
export interface WrittenManifest {
  readonly key: string;
  readonly path: string;
  readonly bytes: number;
  readonly specId: number;
  readonly entries: readonly ManifestEntry[];
  readonly partitions: readonly PartitionSummary[];
}

export interface ManifestMaker {
  readonly snapshotId: bigint;
  readonly sequenceNumber: number;
}

/** Writes the manifests of one table. */
export class SnapshotFiles {
  readonly #storage: TableStorage;
  readonly #table: string;
  readonly #cache: ManifestCache;

  constructor(storage: TableStorage, table: string, cache: ManifestCache) {
    this.#storage = storage;
    this.#table = table;
    this.#cache = cache;
  }

  /** Of files that a snapshot yet to come adds: it stands on nothing that others could change meanwhile. */
  added(metadata: TableMetadata, files: readonly DataFile[]): Promise<WrittenManifest> {
    const entries = files.map((file) => ({
      status: entryStatus.added,
      snapshotId: null,
      sequenceNumber: null,
      fileSequenceNumber: null,
      file,
    }));
    return this.#write(metadata, specWith(metadata, metadata['default-spec-id']), entries);
  }

  /**
   * The list with these files taken out. The manifests that name one are written anew, and say that it is deleted.
   * @throws TableFault FILES_REPLACED when one of them is not live any more
   */
  async without(
    metadata: TableMetadata,
    manifests: readonly ListedManifest[],
    removed: ReadonlySet<string>,
    maker: ManifestMaker,
  ): Promise<ListedManifest[]> {
    const left = new Set(removed);
    const result: ListedManifest[] = [];
    for (const manifest of manifests) {
      const live = await this.live(metadata, manifest);
      const entries = live.map((entry) =>
        this.#outcome(entry, left.delete(entry.file.path), maker),
      );
      const isTouched = entries.some(({ status }) => status === entryStatus.deleted);
      if (!isTouched) result.push(manifest);
      else {
        const spec = specWith(metadata, manifest.specId);
        const written = await this.#write(metadata, spec, entries);
        result.push(this.listed(written, maker));
      }
    }
    if (left.size > 0) {
      throw new TableFault(
        'FILES_REPLACED',
        `${left.size} of ${removed.size} files are no longer there`,
      );
    }
    return result;
  }

  /** The list with manifests of about one size merged, where there are many of them. */
  async merged(
    metadata: TableMetadata,
    manifests: readonly ListedManifest[],
    maker: ManifestMaker,
  ): Promise<ListedManifest[]> {
    const due = [...Map.groupBy(manifests, sizeClass).entries()].find(
      ([key, group]) => key !== null && group.length >= MERGED_AT,
    )?.[1];
    const [first] = due ?? [];
    if (due === undefined || first === undefined) return [...manifests];
    const entries: ManifestEntry[] = [];
    for (const manifest of due) {
      for (const entry of await this.live(metadata, manifest)) {
        entries.push({ ...entry, status: entryStatus.existing });
      }
    }
    const merged = await this.#write(metadata, specWith(metadata, first.specId), entries);
    const gone = new Set(due);
    const rest = manifests.filter((manifest) => !gone.has(manifest));
    return [this.listed(merged, maker), ...rest];
  }

  listed(written: WrittenManifest, maker: ManifestMaker): ListedManifest {
    const sequenceNumber = BigInt(maker.sequenceNumber);
    const of = (status: number): readonly ManifestEntry[] =>
      written.entries.filter((entry) => entry.status === status);
    const rows = (entries: readonly ManifestEntry[]): bigint =>
      entries.reduce((sum, { file }) => sum + BigInt(file.rows), 0n);
    const [existing, added, deleted] = [
      of(entryStatus.existing),
      of(entryStatus.added),
      of(entryStatus.deleted),
    ];
    const listed: ListedManifest = {
      path: written.path,
      bytes: BigInt(written.bytes),
      specId: written.specId,
      content: 0,
      sequenceNumber,
      minSequenceNumber: existing.reduce(
        (least, entry) => smaller(least, entry.sequenceNumber ?? sequenceNumber),
        sequenceNumber,
      ),
      addedSnapshotId: maker.snapshotId,
      addedFiles: added.length,
      existingFiles: existing.length,
      deletedFiles: deleted.length,
      addedRows: rows(added),
      existingRows: rows(existing),
      deletedRows: rows(deleted),
      partitions: written.partitions,
    };
    this.#cache.keep(written.key, listed, written.entries);
    return listed;
  }

  live(metadata: TableMetadata, listed: ListedManifest): Promise<readonly LiveEntry[]> {
    const key = keyOf(metadata, this.#table, listed.path);
    return this.#cache.live(key, listed, specWith(metadata, listed.specId));
  }

  #outcome(entry: LiveEntry, isRemoved: boolean, maker: ManifestMaker): ManifestEntry {
    if (!isRemoved) return { ...entry, status: entryStatus.existing };
    return { ...entry, status: entryStatus.deleted, snapshotId: maker.snapshotId };
  }

  async #write(
    metadata: TableMetadata,
    spec: PartitionSpec,
    entries: readonly ManifestEntry[],
  ): Promise<WrittenManifest> {
    const schema = currentSchema(metadata);
    const bytes = manifestToBytes({ schema, spec }, entries);
    const name = `metadata/${randomUUID()}-m0.avro`;
    const key = `${this.#table}/${name}`;
    await this.#storage.create(key, bytes);
    return {
      key,
      path: `${metadata.location}/${name}`,
      bytes: bytes.length,
      specId: spec['spec-id'],
      entries,
      partitions: summaries(entries, spec, schema),
    };
  }
}

/** @throws TableFault FILE_MISSING for an address outside the table, which its storage cannot reach */
export function keyOf({ location }: TableMetadata, table: string, address: string): string {
  if (!address.startsWith(`${location}/`)) {
    throw new TableFault('FILE_MISSING', `${address} does not lie in ${location}`);
  }
  return `${table}/${address.slice(location.length + 1)}`;
}

/** Manifests of one class are merged together; null: never. */
function sizeClass(manifest: ListedManifest): string | null {
  const files = manifest.addedFiles + manifest.existingFiles;
  if (files >= MERGED_FILES_MAX) return null;
  return `${manifest.specId}/${Math.floor(Math.log(Math.max(files, 1)) / Math.log(MERGED_AT))}`;
}

function summaries(
  entries: readonly ManifestEntry[],
  spec: PartitionSpec,
  schema: Schema,
): PartitionSummary[] {
  return spec.fields.map((field, index) => {
    const type = resultType(field, schema);
    const values = entries.map(({ file }) => file.partition[index] ?? null);
    const known = values.filter((value) => value !== null);
    const [first] = known;
    const bound = (isBetter: (left: SingleValue, right: SingleValue) => boolean): Buffer | null =>
      first === undefined
        ? null
        : toSingleValue(
            type,
            known.reduce((best, each) => (isBetter(each, best) ? each : best), first),
          );
    return {
      containsNull: known.length < values.length,
      lower: bound((left, right) => left < right),
      upper: bound((left, right) => left > right),
    };
  });
}

/** The bounds of a partition field over a whole manifest; null: it may hold anything. */
export function partitionBounds(
  listed: ListedManifest,
  metadata: TableMetadata,
  index: number,
): { lower: SingleValue; upper: SingleValue } | null {
  const field = specWith(metadata, listed.specId).fields[index];
  const summary = listed.partitions[index];
  if (field === undefined || summary?.lower == null || summary.upper === null) return null;
  const type = resultType(field, currentSchema(metadata));
  return {
    lower: fromSingleValue(type, summary.lower),
    upper: fromSingleValue(type, summary.upper),
  };
}

function smaller(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}
