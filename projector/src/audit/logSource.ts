import type { PartitionLog } from '@prorata/kafka-port';
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

  async read(
    topic: AuditedTopic,
    partition: number | null,
    onRecord: (record: RawRecord) => Promise<void>,
  ): Promise<void> {
    const all = Array.from({ length: this.partitions }, (_, number) => number);
    for (const number of partition === null ? all : [partition]) {
      const place = { topic: inNamespace(topic, this.#namespace), partition: number };
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
}
