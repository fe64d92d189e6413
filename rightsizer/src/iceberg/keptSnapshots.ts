import type { Snapshot, TableMetadata } from './tableMetadata.ts';

/** The names that Iceberg has for these settings of a table. */
export const expiryProperties = {
  minSnapshots: 'history.expire.min-snapshots-to-keep',
  maxAgeMs: 'history.expire.max-snapshot-age-ms',
} as const;

/** A table that says nothing keeps these. */
const presetMinSnapshots = 20;
const PRESET_MAX_AGE_MS = 900_000;

/**
 * The table without the snapshots that have expired: beyond the newest few, and followed by another
 * for longer than the age. Whoever opened one while it was the newest can read it at least for that
 * age. Tagged and branched snapshots stay.
 */
export function withoutExpired(metadata: TableMetadata, nowMs: number): TableMetadata {
  const { properties, snapshots, refs } = metadata;
  const minSnapshots = Number(properties[expiryProperties.minSnapshots] ?? presetMinSnapshots);
  const maxAgeMs = Number(properties[expiryProperties.maxAgeMs] ?? PRESET_MAX_AGE_MS);
  const referenced = new Set(Object.values(refs).map((each) => BigInt(each['snapshot-id'])));
  const isKept = (snapshot: Snapshot, index: number): boolean => {
    const next = snapshots[index + 1];
    return (
      next === undefined ||
      index >= snapshots.length - minSnapshots ||
      next['timestamp-ms'] > nowMs - maxAgeMs ||
      referenced.has(BigInt(snapshot['snapshot-id']))
    );
  };
  const kept = snapshots.filter(isKept);
  if (kept.length === snapshots.length) return metadata;
  const ids = new Set(kept.map((snapshot) => BigInt(snapshot['snapshot-id'])));
  const log = metadata['snapshot-log'];
  const gone = log.findLastIndex((entry) => !ids.has(BigInt(entry['snapshot-id'])));
  return { ...metadata, snapshots: kept, 'snapshot-log': log.slice(gone + 1) };
}
