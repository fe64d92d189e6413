import type { Codec } from '@prorata/schemas';
import type { AuditSource, RawRecord } from '../auditSource.ts';
import { exportedRecord } from './exportedRecord.ts';
import type { ExportedRecord } from './exportedRecord.ts';
import type { ExportFilter } from './exportFilter.ts';

/** Where records go, one after the other; it holds no more of them than it has room for. */
export interface ExportTarget {
  add(record: ExportedRecord, raw: RawRecord): Promise<void>;
}

export interface ExportReport {
  /** Written. */
  readonly records: number;
  /** Of them, such as nobody can read. */
  readonly unreadable: number;
}

/**
 * Hands over what the filter takes, outcomes first, each partition in its order.
 * @param only the partition to read; null: all of them
 */
export async function exportLog(
  source: AuditSource,
  codec: Codec,
  filter: ExportFilter,
  only: number | null,
  target: ExportTarget,
): Promise<ExportReport> {
  let [records, unreadable] = [0, 0];
  for (const topic of filter.topics) {
    await source.read(topic, only, async (raw) => {
      if (!filter.mayHold(raw.key)) return;
      const record = await exportedRecord(codec, raw);
      if (!filter.takes(record)) return;
      await target.add(record, raw);
      records += 1;
      if (record.entry.kind === 'unreadable') unreadable += 1;
    });
  }
  return { records, unreadable };
}
