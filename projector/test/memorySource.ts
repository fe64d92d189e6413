import type { Codec } from '@prorata/schemas';
import type { AuditedTopic, AuditSource, RawRecord } from '../src/audit/auditSource.ts';
import { recordsOf } from './eventStamper.ts';
import type { Stamped } from './eventStamper.ts';

/** Records as they would stand in the log, to be tampered with and audited. */
export class MemorySource implements AuditSource {
  readonly partitions: number;
  records: RawRecord[];
  readonly #read = new Set<AuditedTopic>();

  constructor(partitions: number, records: readonly RawRecord[]) {
    this.partitions = partitions;
    this.records = [...records];
  }

  size(): Promise<null> {
    return Promise.resolve(null);
  }

  async read(
    topic: AuditedTopic,
    partition: number | null,
    onRecord: (record: RawRecord) => Promise<void>,
  ): Promise<void> {
    if (this.#read.has(topic)) return;
    this.#read.add(topic);
    for (const record of this.records) {
      if (record.topic !== topic) continue;
      if (partition === null || record.partition === partition) await onRecord(record);
    }
  }
}

/** What the writer would have written, with a transaction's marker after each command. */
export async function rawRecords(
  commands: readonly Stamped[],
  codec: Codec,
): Promise<readonly RawRecord[]> {
  const ends = new Map<string, bigint>();
  const records: RawRecord[] = [];
  for (const command of commands) {
    const touched = new Set<string>();
    for (const { topic, partition, key, value } of await recordsOf(command, codec, '')) {
      const place = `${topic} ${partition}`;
      const offset = ends.get(place) ?? 0n;
      ends.set(place, offset + 1n);
      touched.add(place);
      records.push({
        topic: topic as AuditedTopic,
        partition,
        offset,
        key,
        value,
        headers: new Map(),
        damage: null,
      });
    }
    for (const place of touched) ends.set(place, (ends.get(place) ?? 0n) + 1n);
  }
  return records;
}
