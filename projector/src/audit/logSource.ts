import type { PartitionLog, TopicPartition } from '@prorata/kafka-port';
import { inNamespace } from '@prorata/schemas';
import type { AuditedTopic, AuditSource, RawRecord } from './auditSource.ts';

/** The running log. */
export class LogSource implements AuditSource {
  readonly partitions: number;
  readonly #log: PartitionLog;
  readonly #namespace: string;
  readonly #positions = new Map<string, bigint>();

  constructor(log: PartitionLog, namespace: string, partitions: number) {
    this.#log = log;
    this.#namespace = namespace;
    this.partitions = partitions;
  }

  async size(topic: AuditedTopic, partition: number | null): Promise<bigint> {
    let offsets = 0n;
    for (const place of this.#places(topic, partition)) {
      offsets += (await this.#log.endOffset(place)) - (await this.#log.beginningOffset(place));
    }
    return offsets;
  }

  async read(
    topic: AuditedTopic,
    partition: number | null,
    onRecord: (record: RawRecord) => Promise<void>,
  ): Promise<void> {
    for (const place of this.#places(topic, partition)) {
      const { partition: number } = place;
      const key = `${topic} ${number}`;
      const from = this.#positions.get(key) ?? (await this.#log.beginningOffset(place));
      const end = await this.#log.readToEnd(place, from, async (records) => {
        for (const { offset, key: recordKey, value, headers } of records) {
          const raw = { topic, partition: number, offset, key: recordKey, value, headers };
          await onRecord({ ...raw, damage: null });
        }
      });
      this.#positions.set(key, end);
    }
  }

  #places(topic: AuditedTopic, only: number | null): TopicPartition[] {
    const all = Array.from({ length: this.partitions }, (_, number) => number);
    const name = inNamespace(topic, this.#namespace);
    return (only === null ? all : [only]).map((partition) => ({ topic: name, partition }));
  }
}
