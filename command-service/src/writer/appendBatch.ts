import { appendLimits, recordBytes } from '@prorata/kafka-port';
import type { OutRecord } from '@prorata/kafka-port';

/** Commands of one append: a larger batch gains little and makes its first command wait. */
export const BATCH_COMMANDS_MAX = 1_000;
/** Bytes of one append for one topic's partition; the port takes 900,000. */
export const BATCH_BYTES_MAX = 700_000;

/** Records of one append, within its limits: what belongs together goes in whole or not at all. */
export class AppendBatch {
  readonly records: OutRecord[] = [];
  readonly #bytesByTopic = new Map<string, number>();
  readonly #bytesMax: number;

  constructor(bytesMax = BATCH_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  get isEmpty(): boolean {
    return this.records.length === 0;
  }

  /** false: it does not fit, and nothing was added. All records are for one partition number. */
  add(records: readonly OutRecord[]): boolean {
    if (this.records.length + records.length > appendLimits.recordsMax) return false;
    const sums = new Map(this.#bytesByTopic);
    for (const record of records) {
      const sum = (sums.get(record.topic) ?? 0) + recordBytes(record);
      if (sum > this.#bytesMax) return false;
      sums.set(record.topic, sum);
    }
    for (const [topic, sum] of sums) this.#bytesByTopic.set(topic, sum);
    this.records.push(...records);
    return true;
  }
}
