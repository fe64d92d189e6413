import type { DuckDBConnection } from '@duckdb/node-api';
import type { DataFile } from '../iceberg/dataFile.ts';
import type { IcebergTable } from '../iceberg/icebergTable.ts';
import type { ListedManifest } from '../iceberg/manifestList.ts';
import type { TableState } from '../iceberg/metadataVersions.ts';
import { fromSingleValue } from '../iceberg/singleValue.ts';
import type { SchemaField } from '../iceberg/schema.ts';
import { partitionBounds } from '../iceberg/snapshotFiles.ts';
import { currentSchema, snapshotWith } from '../iceberg/tableMetadata.ts';
import type { Snapshot } from '../iceberg/tableMetadata.ts';
import { sqlType } from './rowForms.ts';
import type { TableStorage } from './storage/tableStorage.ts';
import { TableFault } from './tableFault.ts';
import type { Positions, RowsFile, TableVersion } from './tableVersion.ts';
import { sqlText } from './usageDatabase.ts';
import type { UsageDatabase } from './usageDatabase.ts';

const DAY_MICROS = 86_400_000_000n;
/** A usage window is a day long at most, so what starts on a day ends before the next one does. */
const WINDOW_MAX_MICROS = DAY_MICROS;

export interface SnapshotSource {
  readonly database: UsageDatabase;
  readonly storage: TableStorage;
  readonly table: IcebergTable;
  /** Names of the columns that say when a row begins and ends, which may be one. */
  readonly startColumn: string;
  readonly endColumn: string;
}

export interface SnapshotPlace {
  readonly version: number;
  readonly state: TableState;
  /** null: before the first rows. */
  readonly snapshot: Snapshot | null;
  readonly positions: Positions;
}

interface OpenedRows {
  /** SQL that reads them. */
  readonly rows: string;
  readonly connection: DuckDBConnection;
  close(): void;
}

/** The files of one snapshot, and DuckDB over them. */
export class SnapshotRows implements TableVersion {
  readonly version: number;
  readonly snapshotId: bigint;
  readonly positions: Positions;
  readonly #source: SnapshotSource;
  readonly #state: TableState;
  readonly #snapshot: Snapshot | null;

  constructor(source: SnapshotSource, { version, state, snapshot, positions }: SnapshotPlace) {
    this.#source = source;
    this.#state = state;
    this.#snapshot = snapshot;
    this.version = version;
    this.positions = positions;
    this.snapshotId = snapshot === null ? -1n : BigInt(snapshot['snapshot-id']);
  }

  /** As the snapshot itself says, without looking into manifests. */
  get totals(): { readonly files: number; readonly rows: number } {
    const summary = this.#snapshot?.summary;
    const total = (name: string): number => Number(summary?.[name] ?? 0);
    return { files: total('total-data-files'), rows: total('total-records') };
  }

  /** By name. @throws TableFault SNAPSHOT_EXPIRED when it has been kept no longer, FILE_MISSING */
  async files(bounds?: { from: bigint; to: bigint }): Promise<readonly RowsFile[]> {
    const snapshot = this.#snapshot;
    return snapshot === null ? [] : this.#unlessExpired(() => this.#filesOf(snapshot, bounds));
  }

  async #filesOf(
    snapshot: Snapshot,
    bounds?: { from: bigint; to: bigint },
  ): Promise<readonly RowsFile[]> {
    const { table } = this.#source;
    const { metadata } = this.#state;
    const { manifests } = await table.manifests(metadata, snapshot);
    const found: RowsFile[] = [];
    for (const manifest of manifests) {
      if (bounds !== undefined && !this.#mayHold(manifest, bounds)) continue;
      for (const { file } of await table.files(metadata, manifest)) {
        const rows = this.#rowsFile(file);
        const { windowStart, windowEnd } = rows;
        if (bounds === undefined || (windowStart < bounds.to && windowEnd > bounds.from)) {
          found.push(rows);
        }
      }
    }
    return found.sort((left, right) => (left.key < right.key ? -1 : 1));
  }

  async scan<T>(
    files: readonly RowsFile[],
    work: (rows: string, connection: DuckDBConnection) => Promise<T>,
  ): Promise<T> {
    const opened = await this.open(files);
    try {
      return await work(opened.rows, opened.connection);
    } finally {
      opened.close();
    }
  }

  /** As `scan`, for whoever takes rows while others wait: what is opened must be closed. */
  protected async open(files: readonly RowsFile[]): Promise<OpenedRows> {
    const { storage, database } = this.#source;
    const local = await this.#unlessExpired(() => storage.open(files.map(({ key }) => key)));
    try {
      const connection = await database.connect();
      return {
        rows: rowsSql(currentSchema(this.#state.metadata).fields, local.paths),
        connection,
        close() {
          connection.closeSync();
          local.release();
        },
      };
    } catch (error) {
      local.release();
      throw error;
    }
  }

  /** Whoever held an old version for too long is told so, and not that the table is broken. */
  async #unlessExpired<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TableFault) || error.code !== 'FILE_MISSING') throw error;
      const newest = await this.#source.table.newest();
      if (newest === null || snapshotWith(newest.metadata, this.snapshotId) !== null) throw error;
      const message = `the snapshot ${this.snapshotId} is no longer kept`;
      throw new TableFault('SNAPSHOT_EXPIRED', message, { cause: error });
    }
  }

  /** By the days of the manifest's files. */
  #mayHold(manifest: ListedManifest, { from, to }: { from: bigint; to: bigint }): boolean {
    const days = partitionBounds(manifest, this.#state.metadata, 0);
    if (days === null) return true;
    const start = BigInt(days.lower as number) * DAY_MICROS;
    const end = (BigInt(days.upper as number) + 1n) * DAY_MICROS + WINDOW_MAX_MICROS;
    return start < to && end > from;
  }

  #rowsFile(file: DataFile): RowsFile {
    const { table, startColumn, endColumn } = this.#source;
    const { metadata } = this.#state;
    const lastLoggedAt = this.#bound(file, 'logged_at', 'upper');
    const day = BigInt((file.partition[0] as number | null) ?? 0) * DAY_MICROS;
    return {
      key: table.keyOf(metadata, file.path),
      rows: file.rows,
      bytes: file.bytes,
      windowStart: this.#bound(file, startColumn, 'lower') ?? day,
      windowEnd: this.#bound(file, endColumn, 'upper') ?? day + DAY_MICROS + WINDOW_MAX_MICROS,
      ...(lastLoggedAt !== null && { lastLoggedAt }),
    };
  }

  /** null: whoever wrote the file did not say. */
  #bound(file: DataFile, column: string, side: 'lower' | 'upper'): bigint | null {
    const field = currentSchema(this.#state.metadata).fields.find(({ name }) => name === column);
    const bytes = field === undefined ? null : file.columns.get(field.id)?.[side];
    return bytes == null ? null : (fromSingleValue('timestamptz', bytes) as bigint);
  }
}

/**
 * SQL that reads Parquet files of the table. Columns go by their ids, so that a file from before a
 * column was added reads as null there.
 */
export function rowsSql(fields: readonly SchemaField[], paths: readonly string[]): string {
  if (paths.length === 0) {
    const none = fields.map(({ name, type }) => `NULL::${sqlType(type)} AS ${name}`);
    return `(SELECT ${none.join(', ')} WHERE false)`;
  }
  const columns = fields.map(
    ({ id, name, type }) =>
      `${id}: {name: ${sqlText(name)}, type: ${sqlText(sqlType(type))}, default_value: NULL}`,
  );
  const list = paths.map(sqlText).join(', ');
  return `read_parquet([${list}], schema = MAP {${columns.join(', ')}}, hive_partitioning = false)`;
}
