import { COMMIT_AGE_MAX_MS } from '../iceberg/icebergTable.ts';
import type { IcebergTable } from '../iceberg/icebergTable.ts';
import type { StepHook, TableState } from '../iceberg/metadataVersions.ts';
import type { StoredObject, TableStorage } from '../table/storage/tableStorage.ts';

export interface RemovalRule {
  /** Objects younger than this may be on their way into a commit. At least twice what a commit may take. */
  readonly unnamedMs: number;
}

export interface Removed {
  readonly files: number;
  readonly bytes: number;
}

export interface RemovalParts {
  readonly table: IcebergTable;
  readonly storage: TableStorage;
  readonly rule: RemovalRule;
  readonly nowMs: number;
  readonly onStep: StepHook;
  /** Makes a version, and gives it. */
  fence(): Promise<TableState>;
}

/**
 * Removes data files, manifests and lists that no kept snapshot names: of snapshots that expired, of
 * files that were compacted, of writers that died. Nothing that may yet be committed goes: an object
 * is looked at only when it is older than any commit may be, and then a version is made, so that a
 * writer that slept has to look again and finds itself too late.
 */
export async function removeUnnamed(parts: RemovalParts): Promise<Removed> {
  const { table, storage, rule, nowMs } = parts;
  const before = await table.newest();
  if (before === null) return { files: 0, bytes: 0 };
  const oldMs = nowMs - Math.max(rule.unnamedMs, 2 * COMMIT_AGE_MAX_MS);
  const named = await namedKeys(table, before);
  const unnamed = (object: StoredObject): boolean =>
    object.modifiedAtMs < oldMs && !named.has(object.key) && !isVersion(object.key);
  const candidates: StoredObject[] = [];
  for (const folder of ['data', 'metadata']) {
    for await (const object of storage.list(`${table.name}/${folder}/`)) {
      if (unnamed(object)) candidates.push(object);
    }
  }
  if (candidates.length === 0) return { files: 0, bytes: 0 };
  const still = await namedKeys(table, await parts.fence());
  parts.onStep('removal-begins');
  const gone = candidates.filter(({ key }) => !still.has(key));
  for (const { key } of gone) {
    await storage.remove(key);
    parts.onStep('removal-removed');
  }
  return { files: gone.length, bytes: gone.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Whatever a kept snapshot needs. */
async function namedKeys(table: IcebergTable, { metadata }: TableState): Promise<Set<string>> {
  const named = new Set<string>();
  for (const snapshot of metadata.snapshots) {
    named.add(table.keyOf(metadata, snapshot['manifest-list']));
    for (const manifest of (await table.manifests(metadata, snapshot)).manifests) {
      const key = table.keyOf(metadata, manifest.path);
      if (named.has(key)) continue;
      named.add(key);
      for (const { file } of await table.files(metadata, manifest)) {
        named.add(table.keyOf(metadata, file.path));
      }
    }
  }
  return named;
}

/** Versions are retired by those who make them. */
function isVersion(key: string): boolean {
  return key.endsWith('.metadata.json');
}
