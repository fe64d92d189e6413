import { TableFault } from '../table/tableFault.ts';
import type { TableStorage } from '../table/storage/tableStorage.ts';
import { metadataFromText, metadataToText } from './tableMetadata.ts';
import type { TableMetadata } from './tableMetadata.ts';

/**
 * Old metadata files kept: whoever has just listed them still finds the one it picked, and so does
 * an engine that was given an address a while ago.
 */
export const KEPT_VERSIONS = 100;
/** A newest file that vanishes between listing and reading was retired: more often than this is a fault. */
const READ_ATTEMPTS = 5;
const NAME = /\/v(\d+)\.metadata\.json$/;

/** Called at each step of a commit, so that a test can end the process there. */
export type StepHook = (step: string) => void;

export interface TableState {
  /** Counts up by one a commit. */
  readonly version: number;
  readonly metadata: TableMetadata;
}

/**
 * A table's versions: `metadata/v<N>.metadata.json`, the newest is the highest. Making one is a
 * compare-and-set, and nothing that was made is written over.
 */
export class MetadataVersions {
  readonly #storage: TableStorage;
  readonly #table: string;
  readonly #onStep: StepHook;
  #newest: TableState | null = null;

  /** @param table its name, which its keys begin with */
  constructor(storage: TableStorage, table: string, onStep: StepHook = () => undefined) {
    this.#storage = storage;
    this.#table = table;
    this.#onStep = onStep;
  }

  /** The newest that was read or made here; others may have made newer ones. */
  get known(): TableState | null {
    return this.#newest;
  }

  keyOf(version: number): string {
    return `${this.#table}/metadata/v${version}.metadata.json`;
  }

  /** null: there is no table yet. @throws TableFault METADATA_BROKEN | STORAGE_UNAVAILABLE */
  async newest(): Promise<TableState | null> {
    for (let attempt = 0; attempt < READ_ATTEMPTS; attempt += 1) {
      const version = (await this.#versions()).at(-1);
      if (version === undefined) return null;
      if (this.#newest?.version === version) return this.#newest;
      const bytes = await this.#storage.read(this.keyOf(version));
      if (bytes === null) continue;
      const state = { version, metadata: this.#parsed(version, bytes) };
      // Never back: we may have made a later one while this was read.
      if (version > (this.#newest?.version ?? 0)) this.#newest = state;
      return state;
    }
    throw new TableFault('METADATA_BROKEN', 'the newest metadata vanishes as it is read');
  }

  /** @returns false when somebody else made this version first: read the newest, and decide anew. */
  async create({ version, metadata }: TableState): Promise<boolean> {
    const content = Buffer.from(metadataToText(metadata), 'utf8');
    this.#onStep('metadata-begins');
    if (!(await this.#storage.create(this.keyOf(version), content))) return false;
    this.#onStep('metadata-created');
    const versions = await this.#versions();
    const newest = versions.at(-1) ?? version;
    if (version <= newest - KEPT_VERSIONS) {
      // We slept while others committed and retired: the name was free again, and is nobody's.
      await this.#storage.remove(this.keyOf(version));
      return false;
    }
    this.#newest = { version, metadata };
    // The oldest first, so that what is there has no gap but below.
    for (const old of versions) {
      if (old > newest - KEPT_VERSIONS) break;
      await this.#storage.remove(this.keyOf(old));
    }
    return true;
  }

  async #versions(): Promise<number[]> {
    const versions: number[] = [];
    for await (const { key } of this.#storage.list(`${this.#table}/metadata/v`)) {
      const digits = NAME.exec(key)?.[1];
      if (digits !== undefined) versions.push(Number(digits));
    }
    return versions.sort((left, right) => left - right);
  }

  #parsed(version: number, bytes: Buffer): TableMetadata {
    try {
      return metadataFromText(bytes.toString('utf8'));
    } catch (cause) {
      throw new TableFault('METADATA_BROKEN', `${this.keyOf(version)} cannot be read`, { cause });
    }
  }
}
