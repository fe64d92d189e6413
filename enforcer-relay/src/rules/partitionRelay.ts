import { setTimeout as sleep } from 'node:timers/promises';
import type { LogPort, LogRecord, PartitionWriter, TopicPartition } from '@prorata/kafka-port';
import { BrokenStream } from '@prorata/quota-model';
import type { Codec, EventMessage, RuleSetComplete } from '@prorata/schemas';
import { fullNameOf, inNamespace, UnreadableRecord, UnwritableRecord } from '@prorata/schemas';
import { breathing } from '@prorata/service-runtime';
import type { TraceRecords } from '@prorata/service-runtime';
import type { FleetRules } from '../leases/fleetRules.ts';
import type { PartitionDeliveries } from '../reports/deliveryReports.ts';
import { RuleFold } from './ruleFold.ts';
import type { RuleTopics } from './ruleTopics.ts';
import { writeChanges } from './ruleWriter.ts';

export interface PartitionRelayParts {
  readonly port: Pick<LogPort, 'writers' | 'log'>;
  readonly codec: Codec;
  readonly topics: RuleTopics;
  readonly namespace: string;
  /** Called after each successful append with the number of rules, tombstones among them. */
  readonly wrote: (rules: number) => void;
  /** Called with the applications whose topic has been brought up to the events, once a restore has looked at all. */
  readonly delivered?: ((applications: readonly string[]) => void) | undefined;
  /** Absent: nothing is traced. A restore never is: what it reads is long over. */
  readonly trace?: TraceRecords | undefined;
}

/** Bytes in the log that nobody can go past: a person has to look. */
export class PartitionPoisoned extends Error {
  override readonly name = 'PartitionPoisoned';
  readonly partition: TopicPartition;
  readonly offset: bigint;
  constructor(partition: TopicPartition, offset: bigint, cause: unknown) {
    super(`${partition.topic}[${partition.partition}] cannot be folded past ${offset}.`, { cause });
    this.partition = partition;
    this.offset = offset;
  }
}

/** The partition is served no more by this owner. */
export class PartitionSpent extends Error {
  override readonly name = 'PartitionSpent';
  constructor({ topic, partition }: TopicPartition) {
    super(`${topic}[${partition}] is served no more by this owner.`);
  }
}

/** Between two looks whether events have been folded, milliseconds. */
const CATCH_UP_MS = 20;

export const RELAY_GROUP = 'enforcer-relay';

/**
 * One owned partition of events: fenced and restored by `restore`, then serving. After any error of
 * either method it is spent, and its successor fences and restores: an append whose outcome is
 * unknown needs no other treatment.
 */
export class PartitionRelay {
  readonly partition: TopicPartition;
  readonly #parts: PartitionRelayParts;
  readonly #fold = new RuleFold();
  readonly #known = new Set<string>();
  readonly #writer: PartitionWriter;
  /** One event may change a million rules, and the group's heartbeats do not wait for them. */
  readonly #breathe = breathing();
  #next = 0n;
  /** What the topics have, by application, and the first event that they do not account for. */
  readonly #delivered = new Map<string, RuleSetComplete>();
  #accountedBefore = 0n;
  /** What is being served; null: nothing. */
  #serving: Promise<void> | null = null;
  #isSpent = false;

  private constructor(
    partition: TopicPartition,
    parts: PartitionRelayParts,
    writer: PartitionWriter,
  ) {
    this.partition = partition;
    this.#parts = parts;
    this.#writer = writer;
  }

  /**
   * Ends every predecessor, folds all events, and writes where the rule topics differ. The fence
   * comes first: what is read after it, nobody older can change any more.
   */
  static async restore(
    partition: TopicPartition,
    parts: PartitionRelayParts,
  ): Promise<PartitionRelay> {
    const group = inNamespace(RELAY_GROUP, parts.namespace);
    const writer = await parts.port.writers.fence({ group, ...partition });
    const relay = new PartitionRelay(partition, parts, writer);
    try {
      await relay.#restore();
      return relay;
    } catch (error) {
      await relay.close();
      throw error;
    }
  }

  /** The first event not yet folded. */
  get next(): bigint {
    return this.#next;
  }

  /** The rollouts that are on, by the events folded so far. */
  get rollouts(): RuleFold['rollouts'] {
    return this.#fold.rollouts;
  }

  /** What is written, and the last event that it accounts for. */
  get deliveries(): PartitionDeliveries {
    return { sets: [...this.#delivered.values()], accountedTo: this.#accountedBefore - 1n };
  }

  /** Those whose limits the fleet shares; they change as events come. */
  get fleetRules(): FleetRules {
    return this.#fold.fleetRules;
  }

  /** @throws PartitionPoisoned, or what the log or the registry throws. */
  async serve(records: readonly LogRecord[]): Promise<void> {
    const serving = this.#serve(records);
    this.#serving = serving;
    try {
      await serving;
    } catch (error) {
      this.#isSpent = true;
      throw error;
    } finally {
      this.#serving = null;
    }
  }

  /**
   * What `read` makes of the fold between two batches: never of half an event, and never of a partition that is
   * somebody else's to serve.
   * @throws PartitionSpent
   */
  async atRest<T>(read: (fold: RuleFold) => T): Promise<T> {
    while (this.#serving !== null) await this.#serving.catch(() => undefined);
    if (this.#isSpent) throw new PartitionSpent(this.partition);
    return read(this.#fold);
  }

  /**
   * Resolves when every event is folded that the log holds at the call, whoever else may have taken over meanwhile.
   * @throws PartitionSpent, the signal's reason, or what the log throws
   */
  async caughtUp(abort: AbortSignal): Promise<void> {
    let last = -1n;
    await this.#parts.port.log.readToEnd(this.partition, this.#next, (records) => {
      last = records.at(-1)?.offset ?? last;
    });
    while (this.#next <= last) {
      abort.throwIfAborted();
      if (this.#isSpent) throw new PartitionSpent(this.partition);
      await sleep(CATCH_UP_MS);
    }
  }

  async #serve(records: readonly LogRecord[]): Promise<void> {
    const spans = this.#parts.trace?.(records.filter(({ offset }) => offset >= this.#next));
    let written = this.#next;
    try {
      await this.#apply(records);
      await this.#createTopics();
      await this.#write();
      written = this.#next;
    } finally {
      spans?.ended(written);
    }
  }

  async close(): Promise<void> {
    this.#isSpent = true;
    await this.#writer.close();
  }

  async #restore(): Promise<void> {
    const { port, topics } = this.#parts;
    const end = await port.log.readToEnd(this.partition, 0n, (records) => this.#apply(records));
    this.#next = end;
    await this.#createTopics();
    for (const application of this.#fold.applications) {
      const written = await topics.written(application);
      const rules = this.#fold.comparing(application, written, end);
      while (rules.next().done !== true) await this.#breathe();
    }
    await this.#write();
    this.#setDelivered(this.#fold.complete);
  }

  async #apply(records: readonly LogRecord[]): Promise<void> {
    for (const record of records) {
      if (record.offset < this.#next) continue;
      try {
        const rules = this.#fold.applying(await this.#eventIn(record), record.offset);
        while (rules.next().done !== true) await this.#breathe();
      } catch (error) {
        if (error instanceof UnreadableRecord || error instanceof BrokenStream) {
          throw new PartitionPoisoned(this.partition, record.offset, error);
        }
        throw error;
      }
      this.#next = record.offset + 1n;
    }
  }

  async #eventIn(record: LogRecord): Promise<EventMessage> {
    const message = await this.#parts.codec.decode(record.value);
    if (!fullNameOf[message.type].startsWith('io.prorata.event.')) {
      throw new UnreadableRecord(`A ${message.type} is no event.`);
    }
    return message as EventMessage;
  }

  async #createTopics(): Promise<void> {
    const absent = this.#fold.applications.filter((application) => !this.#known.has(application));
    await this.#parts.topics.create(absent);
    for (const application of absent) this.#known.add(application);
  }

  async #write(): Promise<void> {
    const { codec, topics, wrote } = this.#parts;
    const changes = this.#fold.takeChanges();
    const complete = this.#fold.takeComplete();
    if (changes.length === 0 && complete.length === 0) {
      this.#accountedBefore = this.#next;
      return;
    }
    try {
      await writeChanges(this.#writer, codec, topics, { changes, complete }, this.#breathe);
    } catch (error) {
      if (error instanceof UnwritableRecord) {
        throw new PartitionPoisoned(this.partition, this.#next - 1n, error);
      }
      throw error;
    }
    wrote(changes.length);
    this.#setDelivered(complete);
  }

  #setDelivered(sets: readonly RuleSetComplete[]): void {
    this.#accountedBefore = this.#next;
    for (const set of sets) this.#delivered.set(set.application, set);
    this.#parts.delivered?.(sets.map(({ application }) => application));
  }
}
