import type { DuckDBConnection } from '@duckdb/node-api';
import { inNamespace, timeFromJson } from '@prorata/schemas';
import {
  assertTopics,
  connectLog,
  readSettings,
  requireSetting,
  UsageError,
} from '@prorata/service-runtime';
import type { Settings } from '@prorata/service-runtime';
import type { ImportTable } from '../sources/importTable.ts';
import { tableOfImports } from '../sources/tableOfImports.ts';
import { withScratchFolder } from './scratchFolder.ts';
import { tablePlaces, UsageDatabase } from '../table/usageDatabase.ts';
import type { TablePlaces } from '../table/usageDatabase.ts';
import { UsageReader } from '../table/usageReader.ts';
import type { UsageSnapshot } from '../table/usageReader.ts';
import { UsageTable } from '../table/usageTable.ts';
import type { TopicIdentity } from '../table/usageTable.ts';

/** The usage table, as a program for people opens it. */
export interface UsagePlace {
  readonly settings: Settings;
  readonly places: TablePlaces;
  /** For files of this program alone. */
  readonly scratch: string;
  readonly database: UsageDatabase;
  readonly reader: UsageReader;
}

/** Opens the table that the settings name, and closes it after `work`. @throws SettingsError, TableFault */
export async function withUsagePlace<T>(work: (place: UsagePlace) => Promise<T>): Promise<T> {
  const settings = readSettings();
  const directory = requireSetting(
    settings.usageDirectory,
    'PRORATA_USAGE_DIRECTORY',
    "the usage table's folder",
  );
  const places = await tablePlaces(directory, settings.usageStorage);
  try {
    return await withScratchFolder(places.staging, async (scratch) => {
      const folders = [places.root, ...places.folders];
      const database = await UsageDatabase.open(scratch, undefined, folders);
      const reader = new UsageReader(database, places);
      try {
        return await work({ settings, places, scratch, database, reader });
      } finally {
        database.close();
      }
    });
  } finally {
    await places.close();
  }
}

/** Where imports are written. */
export interface ImportPlace {
  readonly table: ImportTable;
  /** Below the one folder that the database sees. */
  readonly staging: string;
  readonly connect: () => Promise<DuckDBConnection>;
}

export function withImportTable<T>(work: (place: ImportPlace) => Promise<T>): Promise<T> {
  return withUsagePlace(async ({ settings, places, scratch, database, reader }) => {
    const topic = (await reader.newest())?.topic ?? (await topicOfLog(settings));
    const table = await UsageTable.open({ database, places, topic });
    try {
      return await work({
        table: tableOfImports(table, reader),
        staging: scratch,
        connect: () => database.connect(),
      });
    } finally {
      table.close();
    }
  });
}

/** Of a table that nobody has written to yet. */
async function topicOfLog(settings: Settings): Promise<TopicIdentity> {
  const log = connectLog(settings, 'usage');
  try {
    const admin = await log.admin();
    const partitions = await assertTopics(admin, settings, ['usage.events']);
    await admin.close();
    return { name: inNamespace('usage.events', settings.namespace), partitions };
  } finally {
    await log.close();
  }
}

/**
 * A connection with the views `usage` and `quarantine`, of the newest version or of an earlier one.
 * @param asOf a version's snapshot, or a time, for the version that was the newest then; the quarantine is
 *   always the newest one
 */
export function withQueryConnection<T>(
  asOf: string | null,
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  return withUsagePlace(async ({ reader }) => {
    const usage = await versionAt(reader, asOf);
    const quarantine = await reader.quarantine();
    if (usage === null || quarantine === null) {
      throw new Error('The usage table has nothing yet.');
    }
    return usage.scan(await usage.files(), async (rows, connection) =>
      // The files of the other stay readable as long as its own connection is open.
      quarantine.scan(await quarantine.files(), async (rejected) => {
        await connection.run(`CREATE TEMP VIEW usage AS SELECT * FROM ${rows}`);
        await connection.run(`CREATE TEMP VIEW quarantine AS SELECT * FROM ${rejected}`);
        return work(connection);
      }),
    );
  });
}

async function versionAt(reader: UsageReader, asOf: string | null): Promise<UsageSnapshot | null> {
  if (asOf === null) return reader.newest();
  if (/^\d{1,19}$/.test(asOf)) return reader.at(BigInt(asOf));
  const time = timeFromJson(asOf);
  if (time === null)
    throw new UsageError('--as-of is a number of a snapshot or a time (RFC 3339).');
  const found = await reader.newestBy(time);
  if (found === null) throw new Error('No version as old as that is kept.');
  return found;
}
