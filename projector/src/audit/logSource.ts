import type { PartitionLog, TopicPartition } from '@prorata/kafka-port';
import { inNamespace } from '@prorata/schemas';
import type { AuditedTopic, AuditSource, RawRecord } from './auditSource.ts';

/**
 * A record's decision stands before its writing. What was written so long before a time is left out when records
 * are wanted that were decided from then on; longer than the clock of any writer is ahead, milliseconds.
 */
const CLOCK_AHEAD_MAX_MS = 86_400_000;

/** The running log. */
export class LogSource implements AuditSource {
  readonly partitions: number;
  readonly #log: PartitionLog;
  readonly #namespace: string;
  readonly #positions = new Map<string, bigint>();

  readonly #from: bigint | null;

  /** @param from microseconds: what was decided before need not be handed over; null: everything is */
  constructor(
    log: PartitionLog,
    namespace: string,
    partitions: number,
    from: bigint | null = null,
  ) {
    this.#from = from;
    this.#log = log;
    this.#namespace = namespace;
    this.partitions = partitions;
  }

  async size(topic: AuditedTopic, partition: number | null): Promise<bigint> {
    let offsets = 0n;
    for (const place of this.#places(topic, partition)) {
      offsets += (await this.#log.endOffset(place)) - (await this.#beginning(place));
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
      const from = this.#positions.get(key) ?? (await this.#beginning(place));
      const end = await this.#log.readToEnd(place, from, async (records) => {
        for (const { offset, key: recordKey, value, headers } of records) {
          const raw = { topic, partition: number, offset, key: recordKey, value, headers };
          await onRecord({ ...raw, damage: null });
        }
      });
      this.#positions.set(key, end);
    }
  }

  async #beginning(place: TopicPartition): Promise<bigint> {
    if (this.#from === null) return this.#log.beginningOffset(place);
    const writtenMs = Number(this.#from / 1_000n) - CLOCK_AHEAD_MAX_MS;
    const offset = await this.#log.offsetAt(place, Math.max(0, writtenMs));
    return offset ?? this.#log.endOffset(place);
  }

  #places(topic: AuditedTopic, only: number | null): TopicPartition[] {
    const all = Array.from({ length: this.partitions }, (_, number) => number);
    const name = inNamespace(topic, this.#namespace);
    return (only === null ? all : [only]).map((partition) => ({ topic: name, partition }));
  }
}
