import { AppendTooLarge } from './port.ts';
import type { OutRecord } from './port.ts';

/**
 * One append goes to each partition as one record batch, which Kafka never splits, so the cap stays
 * under the broker's default `message.max.bytes` of 1,048,588 with room for a batch's own header.
 */
export const appendLimits = {
  /** Records in one call: bounds the time one transaction takes to build. */
  recordsMax: 10_000,
  /** Bytes for one partition in one call. */
  partitionBytesMax: 900_000,
  /** Bytes in one call over all partitions: bounds the memory of a request. */
  appendBytesMax: 8_000_000,
} as const;

/** Length, attributes, deltas and the lengths of key, value and headers, each at its largest varint. */
const recordOverheadBytes = 40;
const headerOverheadBytes = 10;

/** The bytes a record takes at most in an uncompressed batch. */
export function recordBytes(record: OutRecord): number {
  let bytes = recordOverheadBytes + (record.key?.length ?? 0) + (record.value?.length ?? 0);
  for (const [name, value] of Object.entries(record.headers ?? {})) {
    bytes += headerOverheadBytes + Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  return bytes;
}

/** @throws AppendTooLarge when the records may not go into one transaction. */
export function checkAppendLimits(records: readonly OutRecord[]): void {
  if (records.length > appendLimits.recordsMax) {
    throw new AppendTooLarge(
      `${records.length} records in one append, ${appendLimits.recordsMax} at most.`,
    );
  }
  const bytesByPartition = new Map<string, number>();
  let total = 0;
  for (const record of records) {
    const bytes = recordBytes(record);
    const place = `${record.topic}[${record.partition}]`;
    const inPartition = (bytesByPartition.get(place) ?? 0) + bytes;
    bytesByPartition.set(place, inPartition);
    total += bytes;
    if (inPartition > appendLimits.partitionBytesMax) {
      throw new AppendTooLarge(
        `More than ${appendLimits.partitionBytesMax} bytes for ${place} in one append.`,
      );
    }
  }
  if (total > appendLimits.appendBytesMax) {
    throw new AppendTooLarge(
      `${total} bytes in one append, ${appendLimits.appendBytesMax} at most.`,
    );
  }
}
