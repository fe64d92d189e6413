import { OffsetGone } from '@prorata/kafka-port';
import type { LogRecord, PartitionLog, TopicPartition } from '@prorata/kafka-port';

/** What one topic's partition held at a moment. */
export interface RecordedPartition {
  readonly records: readonly LogRecord[];
  /** The offset after its last entry, markers included. */
  readonly end: bigint;
}

/** A log that stands still: what a restore reads, and nothing that came later. */
export function recordedLog(
  partitionOf: (place: TopicPartition) => RecordedPartition,
): PartitionLog {
  return {
    beginningOffset: () => Promise.resolve(0n),
    endOffset: (place) => Promise.resolve(partitionOf(place).end),
    topicId: () => Promise.resolve(null),
    offsetAt: (place, timestampMs) => {
      const found = partitionOf(place).records.find((record) => record.timestampMs >= timestampMs);
      return Promise.resolve(found?.offset ?? null);
    },
    async readToEnd(place, from, onBatch) {
      const { records, end } = partitionOf(place);
      if (from > end) throw new OffsetGone(place, from);
      await onBatch(records.filter(({ offset }) => offset >= from && offset < end));
      return end;
    },
    follow: () => Promise.reject(new Error('Nothing follows a log that stands still.')),
  };
}
