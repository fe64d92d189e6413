import { mkdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';

export interface DatabaseLimits {
  readonly memoryMb: number;
  readonly threads: number;
}

/**
 * Enough for a month's sums of a project; larger queries spill to `spill/`. One thread: the process
 * has the log to read besides, and a query takes milliseconds.
 */
const presetLimits: DatabaseLimits = { memoryMb: 512, threads: 1 };
/** Spilled data at most: a runaway query fails before the disk that holds the table is full. */
const SPILL_MAX = '4GB';

export interface TablePlaces {
  readonly root: string;
  readonly data: string;
  readonly staging: string;
  readonly manifests: string;
}

/** Makes the table's folders where they are absent. */
export async function tablePlaces(directory: string): Promise<TablePlaces> {
  await mkdir(directory, { recursive: true, mode: 0o750 });
  const root = await realpath(directory);
  const places = {
    root,
    data: path.join(root, 'data'),
    staging: path.join(root, 'staging'),
    manifests: path.join(root, 'manifests'),
  };
  for (const place of [places.data, places.staging, places.manifests]) {
    await mkdir(place, { recursive: true, mode: 0o750 });
  }
  return places;
}

/**
 * The process's one DuckDB: in memory, able to read and write below the table's folder and nowhere
 * else, and locked so. Nothing is ever installed or loaded; parquet and icu are built in.
 */
export class UsageDatabase {
  readonly #instance: DuckDBInstance;

  private constructor(instance: DuckDBInstance) {
    this.#instance = instance;
  }

  static async open(root: string, limits: DatabaseLimits = presetLimits): Promise<UsageDatabase> {
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
      await connection.run(`SET allowed_directories = [${sqlText(root)}]`);
      await connection.run(`SET temp_directory = ${sqlText(path.join(root, 'spill'))}`);
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
