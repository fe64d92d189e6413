/** One object that the storage holds. */
export interface StoredObject {
  /** Relative to the table's location: `usage/metadata/v7.metadata.json`. */
  readonly key: string;
  readonly bytes: number;
  /** By the storage's clock. */
  readonly modifiedAtMs: number;
}

/** Objects as local files that DuckDB may open, and that stay where they are until released. */
export interface LocalFiles {
  /** In the order of the keys asked for. */
  readonly paths: readonly string[];
  release(): void;
}

/**
 * Where the tables' objects live: a folder, or a prefix of a bucket. Objects are immutable: a key
 * is written once and then at most removed, so that whatever was read under it may be kept.
 */
export interface TableStorage {
  /** As Iceberg metadata names it, without a slash at its end: `file:///data/usage`, `s3://bucket/prefix`. */
  readonly location: string;
  /** null: there is no such object. @throws TableFault STORAGE_UNAVAILABLE */
  read(key: string): Promise<Buffer | null>;
  /**
   * Compare-and-set: the object comes to be whole and durable, or not at all.
   * @returns false when the key is taken, also by an earlier attempt of ours whose answer was lost
   *   and whose content was another; true when it was ours with this content
   * @throws TableFault STORAGE_UNAVAILABLE
   */
  create(key: string, content: Buffer): Promise<boolean>;
  /**
   * A finished local file becomes an object; durable when this returns. The local file is gone then.
   * A key is uploaded to by its one owner alone, again with the same bytes at most.
   * @returns bytes
   */
  upload(localFile: string, key: string): Promise<number>;
  /** In no order. */
  list(prefix: string): AsyncIterable<StoredObject>;
  /** Nothing happens when it is gone already. */
  remove(key: string): Promise<void>;
  /** @throws TableFault FILE_MISSING | STORAGE_UNAVAILABLE */
  open(keys: readonly string[]): Promise<LocalFiles>;
}
