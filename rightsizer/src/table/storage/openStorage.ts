import path from 'node:path';
import type { UsageStorageSettings } from '@prorata/service-runtime';
import { FolderStorage } from './folderStorage.ts';
import { S3Storage } from './s3Storage.ts';
import type { S3Place } from './s3Storage.ts';
import type { TableStorage } from './tableStorage.ts';

/** As much as a query may spill: a day of a large fleet, and a small part of a disk. */
const CACHE_MB_PRESET = 4_096;
/** An endpoint of one's own has no regions, and what is signed has to name one. */
const ANY_REGION = 'us-east-1';

export interface OpenedStorage {
  readonly storage: TableStorage;
  /** Whose files DuckDB has to reach, beside those of the work folder. */
  readonly folders: readonly string[];
  readonly close: () => Promise<void>;
}

/**
 * The place of the tables by its setting: the work folder unless it says otherwise.
 * @throws TableFault STORAGE_UNAVAILABLE
 */
export async function openStorage(
  settings: UsageStorageSettings | undefined,
  workFolder: string,
): Promise<OpenedStorage> {
  const location = settings?.location ?? workFolder;
  if (settings === undefined || !location.startsWith('s3://')) {
    const storage = await FolderStorage.open(location);
    const folder = storage.location.slice('file://'.length);
    return { storage, folders: [folder], close: () => Promise.resolve() };
  }
  const cache = path.join(workFolder, 'cache');
  const bytesMax = (settings.cacheMb ?? CACHE_MB_PRESET) * 1_000_000;
  const storage = await S3Storage.open(s3PlaceOf(location, settings.s3), {
    directory: cache,
    bytesMax,
  });
  return { storage, folders: [], close: () => storage.close() };
}

function s3PlaceOf(
  location: string,
  { endpoint, region, pathStyle }: UsageStorageSettings['s3'],
): S3Place {
  const [bucket = '', ...prefix] = location.slice('s3://'.length).split('/');
  return {
    bucket,
    prefix: prefix.join('/'),
    endpoint,
    region: region ?? (endpoint === null ? null : ANY_REGION),
    pathStyle: pathStyle ?? endpoint !== null,
  };
}
