import { TableFault } from '../table/tableFault.ts';
import type { TableStorage } from '../table/storage/tableStorage.ts';
import { entryStatus, manifestFromBytes } from './manifestFile.ts';
import type { ManifestEntry } from './manifestFile.ts';
import { manifestListFromBytes } from './manifestList.ts';
import type { ListedManifest, ManifestList } from './manifestList.ts';
import type { PartitionSpec } from './schema.ts';

/** A live file, and when it came in. */
export interface LiveEntry extends ManifestEntry {
  readonly snapshotId: bigint;
  readonly sequenceNumber: bigint;
  readonly fileSequenceNumber: bigint;
}

/** About 2 KB each. */
const CACHED_ENTRIES_MAX = 50_000;
/** Lists are small once their manifests are merged. */
const CACHED_LISTS_MAX = 16;

/** Manifests and their lists never change, so what was read or written once is not read again. */
export class ManifestCache {
  readonly #storage: TableStorage;
  readonly #entries = new Map<string, readonly LiveEntry[]>();
  readonly #lists = new Map<string, ManifestList>();
  #size = 0;

  constructor(storage: TableStorage) {
    this.#storage = storage;
  }

  /** @throws TableFault METADATA_BROKEN | FILE_MISSING */
  async list(key: string): Promise<ManifestList> {
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    const list = parsed(key, await this.#read(key), manifestListFromBytes);
    if (list.manifests.some(({ content }) => content !== 0)) {
      throw new TableFault(
        'METADATA_BROKEN',
        `${key} names deleted rows, and rows never change here`,
      );
    }
    this.keepList(key, list);
    return list;
  }

  keepList(key: string, list: ManifestList): void {
    this.#lists.set(key, list);
    const [oldest] = this.#lists.keys();
    if (this.#lists.size > CACHED_LISTS_MAX && oldest !== undefined) this.#lists.delete(oldest);
  }

  /** The files of one manifest that are live. @throws TableFault METADATA_BROKEN | FILE_MISSING */
  async live(
    key: string,
    listed: ListedManifest,
    spec: PartitionSpec,
  ): Promise<readonly LiveEntry[]> {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      // The one asked for last goes last.
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known;
    }
    const entries = parsed(key, await this.#read(key), (bytes) => manifestFromBytes(bytes, spec));
    return this.keep(key, listed, entries);
  }

  keep(
    key: string,
    listed: ListedManifest,
    entries: readonly ManifestEntry[],
  ): readonly LiveEntry[] {
    const live = entries
      .filter(({ status }) => status !== entryStatus.deleted)
      .map((entry) => inherited(entry, listed));
    // Two may have read it at the same time.
    this.#size += live.length - (this.#entries.get(key)?.length ?? 0);
    this.#entries.set(key, live);
    for (const [oldest, { length }] of this.#entries) {
      if (this.#size <= CACHED_ENTRIES_MAX || oldest === key) break;
      this.#entries.delete(oldest);
      this.#size -= length;
    }
    return live;
  }

  async #read(key: string): Promise<Buffer> {
    const bytes = await this.#storage.read(key);
    if (bytes === null)
      throw new TableFault('FILE_MISSING', `${key} is named by the table and gone`);
    return bytes;
  }
}

/** What an entry leaves out as it is written is what its manifest's list says. */
function inherited(entry: ManifestEntry, listed: ListedManifest): LiveEntry {
  return {
    ...entry,
    snapshotId: entry.snapshotId ?? listed.addedSnapshotId,
    sequenceNumber: entry.sequenceNumber ?? listed.sequenceNumber,
    fileSequenceNumber: entry.fileSequenceNumber ?? listed.sequenceNumber,
  };
}

function parsed<T>(key: string, bytes: Buffer, parse: (bytes: Buffer) => T): T {
  try {
    return parse(bytes);
  } catch (cause) {
    throw new TableFault('METADATA_BROKEN', `${key} cannot be read`, { cause });
  }
}
