import { MetadataVersions } from '../iceberg/metadataVersions.ts';
import { TableFault } from '../table/tableFault.ts';
import type { TableStorage } from '../table/storage/tableStorage.ts';

/** The newest version of a table, as its file says it: nothing is read as numbers and written again. */
export interface ServedTable {
  /** Full address of the metadata file. Another version has another. */
  readonly address: string;
  /** JSON. */
  readonly metadata: string;
}

/** A version is retired a hundred commits later: one that vanishes as it is read was read very slowly. */
const READ_ATTEMPTS = 3;

/** The Iceberg tables of one storage, for engines that only read. */
export class ServedTables {
  readonly location: string;
  readonly #storage: TableStorage;
  readonly #versions: ReadonlyMap<string, MetadataVersions>;
  /** The one last read of each: versions are immutable. */
  readonly #newest = new Map<string, ServedTable>();

  constructor(storage: TableStorage, names: readonly string[]) {
    this.#storage = storage;
    this.location = storage.location;
    this.#versions = new Map(names.map((name) => [name, new MetadataVersions(storage, name)]));
  }

  /** Those that have been made. @throws TableFault METADATA_BROKEN | STORAGE_UNAVAILABLE */
  async names(): Promise<string[]> {
    const found = await Promise.all(
      [...this.#versions].map(async ([name, versions]) =>
        (await versions.newest()) === null ? [] : [name],
      ),
    );
    return found.flat();
  }

  /** null: there is no such table, or it has not been made yet. @throws TableFault METADATA_BROKEN | STORAGE_UNAVAILABLE */
  async newest(name: string): Promise<ServedTable | null> {
    const versions = this.#versions.get(name);
    if (versions === undefined) return null;
    for (let attempt = 0; attempt < READ_ATTEMPTS; attempt += 1) {
      const state = await versions.newest();
      if (state === null) return null;
      const key = versions.keyOf(state.version);
      const address = `${this.location}/${key}`;
      const known = this.#newest.get(name);
      if (known?.address === address) return known;
      const content = await this.#storage.read(key);
      if (content === null) continue;
      const table = { address, metadata: content.toString('utf8') };
      this.#newest.set(name, table);
      return table;
    }
    throw new TableFault(
      'METADATA_BROKEN',
      `the newest metadata of ${name} vanishes as it is read`,
    );
  }
}
