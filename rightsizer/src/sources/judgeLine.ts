import { createHash } from 'node:crypto';
import type { UsageRecorded } from '@prorata/schemas';
import { objectionTo } from '../sink/judgeRecord.ts';
import type { QuarantineReason } from '../sink/judgeRecord.ts';
import type { QuarantineRow } from '../table/rows.ts';
import type { ImportReason, SourceRecord } from './usageSource.ts';

/** The beginning of a line that is kept for a person to look at. */
const VALUE_KEPT_BYTES = 4_096;

export type JudgedLine =
  | { readonly kind: 'usage'; readonly usages: readonly UsageRecorded[] }
  | {
      readonly kind: 'quarantine';
      readonly reason: ImportReason | QuarantineReason;
      readonly row: QuarantineRow;
    }
  | { readonly kind: 'passed' };

/**
 * What a line says, or why it does not count: by what judges a host's record, except that it may be as
 * old as it likes. All of a line counts, or nothing of it.
 * @param importedAt microseconds: stands in the rows as the time at which they were logged
 */
export function judgeLine(record: SourceRecord, importedAt: bigint): JudgedLine {
  switch (record.kind) {
    case 'passed':
      return { kind: 'passed' };
    case 'bad':
      return quarantined(record, importedAt, record.reason, record.detail);
    case 'usage':
      for (const usage of record.usages) {
        const objection = objectionTo(usage, importedAt);
        if (objection !== null) return quarantined(record, importedAt, ...objection);
      }
      return { kind: 'usage', usages: record.usages };
  }
}

function quarantined(
  { position, raw }: SourceRecord,
  importedAt: bigint,
  reason: ImportReason | QuarantineReason,
  detail: string,
): JudgedLine {
  return {
    kind: 'quarantine',
    reason,
    row: {
      offset: position,
      timestampMs: Number(importedAt / 1_000n),
      reason,
      detail,
      key: null,
      valueBytes: raw.length,
      valueSha256: createHash('sha256').update(raw).digest('hex'),
      value: Buffer.from(raw.subarray(0, VALUE_KEPT_BYTES)),
    },
  };
}
