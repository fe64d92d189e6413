import { LogRefused } from '../port.ts';
import type { AccessRule, LogRecord, TopicPartition, WriterIdentity } from '../port.ts';
import { GroupCoordinator } from './groupCoordinator.ts';
import { MemoryPartition } from './memoryPartition.ts';
import { TransactionCoordinator } from './transactionCoordinator.ts';
import type { VirtualClock } from './virtualClock.ts';

/** What a simulation injects; each is asked at its moment and answers from the simulation's own seed. */
export interface MemoryFaults {
  /** At each commit: the append ends in `CommitUnknown`, and its records are in the log or are not. */
  unknownCommit?(identity: WriterIdentity): 'committed' | 'aborted' | undefined;
  /** At each question for a partition's bounds: true has it end in `LogUnavailable`. */
  boundsUnavailable?(partition: TopicPartition): boolean;
  /** At each delivery of a source: true hands the same batch over twice, as after a broken connection. */
  duplicateDelivery?(partition: TopicPartition): boolean;
  /**
   * Injects nothing: told of every record that is in the log for good, at that moment and in that
   * order; records of one transaction together, before any reader can see them.
   */
  inLog?(records: readonly LogRecord[]): void;
}

interface MemoryTopic {
  readonly partitions: readonly MemoryPartition[];
  readonly configuration: Readonly<Record<string, string>>;
  readonly id: string;
}

/** The state that all processes share: what a Kafka cluster is to them. */
export class MemoryBroker {
  readonly clock: VirtualClock;
  readonly random: () => number;
  readonly faults: MemoryFaults;
  readonly transactions: TransactionCoordinator;
  readonly groups: GroupCoordinator;
  readonly topics = new Map<string, MemoryTopic>();
  readonly accessRules: AccessRule[] = [];
  #topicsMade = 0;

  constructor(
    clock: VirtualClock,
    random: () => number,
    faults: MemoryFaults,
    markerDelayMs: () => number,
  ) {
    this.clock = clock;
    this.random = random;
    this.faults = faults;
    this.transactions = new TransactionCoordinator(clock, markerDelayMs, (records) =>
      faults.inLog?.(records),
    );
    this.groups = new GroupCoordinator(clock);
  }

  createTopic(
    topic: string,
    partitions: number,
    configuration: Readonly<Record<string, string>> = {},
  ): void {
    if (this.topics.has(topic)) return;
    const made = Array.from(
      { length: partitions },
      (_, partition) => new MemoryPartition({ topic, partition }),
    );
    this.#topicsMade += 1;
    const id = `topic-${this.#topicsMade}`;
    this.topics.set(topic, { partitions: made, configuration, id });
  }

  /** @throws LogRefused when there is no such topic. */
  topicId(topic: string): string {
    const found = this.topics.get(topic);
    if (!found) throw new LogRefused('UNKNOWN_TOPIC_OR_PARTITION', `There is no ${topic}.`);
    return found.id;
  }

  /** @throws LogRefused when there is no such partition. */
  partition({ topic, partition }: TopicPartition): MemoryPartition {
    const found = this.topics.get(topic)?.partitions[partition];
    if (!found)
      throw new LogRefused('UNKNOWN_TOPIC_OR_PARTITION', `There is no ${topic}[${partition}].`);
    return found;
  }
}
