import { mkdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { UsageStorageSettings } from '@prorata/service-runtime';
import { ownFolder, removeDeadFolders } from './ownFolder.ts';
import { openStorage } from './storage/openStorage.ts';
import type { TableStorage } from './storage/tableStorage.ts';

export interface DatabaseLimits {
  readonly memoryMb: number;
  readonly threads: number;
}

/**
 * Enough for a month's sums of a project; larger queries spill to a folder below `spill/`. One thread: the process
 * has the log to read besides, and a query takes milliseconds.
 */
const presetLimits: DatabaseLimits = { memoryMb: 512, threads: 1 };
/** Spilled data at most: a runaway query fails before the disk that holds the table is full. */
const SPILL_MAX = '4GB';

export interface TablePlaces {
  /** The work folder: what is staged, spilled and kept in copies. */
  readonly root: string;
  /** For files on their way into the storage. */
  readonly staging: string;
  /** Where the tables live. */
  readonly storage: TableStorage;
  /** Beside the work folder what DuckDB has to reach: the tables' folder, where it is another one. */
  readonly folders: readonly string[];
  readonly close: () => Promise<void>;
}

/**
 * Makes the work folder where it is absent; the tables live in it as well, unless the settings name
 * another folder or a prefix of a bucket.
 * @throws TableFault STORAGE_UNAVAILABLE
 */
export async function tablePlaces(
  directory: string,
  settings?: UsageStorageSettings,
): Promise<TablePlaces> {
  await mkdir(path.join(directory, 'staging'), { recursive: true, mode: 0o750 });
  const root = await realpath(directory);
  const { storage, folders, close } = await openStorage(settings, root);
  return { root, staging: path.join(root, 'staging'), storage, folders, close };
}

/**
 * The process's one DuckDB: in memory, able to read and write below the work folder, and the tables'
 * where that is another, and nowhere else, and locked so. Nothing is ever installed or loaded; parquet and icu are built in.
 */
export class UsageDatabase {
  readonly #instance: DuckDBInstance;

  private constructor(instance: DuckDBInstance) {
    this.#instance = instance;
  }

  /** @param folders that it reaches beside the work folder */
  static async open(
    root: string,
    limits: DatabaseLimits = presetLimits,
    folders: readonly string[] = [],
  ): Promise<UsageDatabase> {
    // Two databases that spill into one folder write over each other's files.
    const spill = path.join(root, 'spill');
    await mkdir(spill, { recursive: true, mode: 0o750 });
    await removeDeadFolders(spill);
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: `${limits.memoryMb}MB`,
      threads: String(limits.threads),
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    const connection = await instance.connect();
    try {
      // The order matters: once access or the configuration is locked, nothing else can be set.
      await connection.run("SET GLOBAL TimeZone = 'UTC'");
      const allowed = [root, ...folders].map(sqlText).join(', ');
      await connection.run(`SET allowed_directories = [${allowed}]`);
      await connection.run(`SET temp_directory = ${sqlText(ownFolder(spill))}`);
      await connection.run(`SET max_temp_directory_size = '${SPILL_MAX}'`);
      await connection.run('SET enable_external_access = false');
      await connection.run('SET lock_configuration = true');
    } finally {
      connection.closeSync();
    }
    return new UsageDatabase(instance);
  }

  connect(): Promise<DuckDBConnection> {
    return this.#instance.connect();
  }

  close(): void {
    this.#instance.closeSync();
  }
}

/** A text literal: for places where DuckDB takes no parameter, such as COPY's file. */
export function sqlText(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
