import type { Consumer, Kafka, Message, Producer } from 'kafkajs';
import { createClient, retryQuickly } from '../kafkajs/client.ts';
import type { KafkaConnection } from '../kafkajs/client.ts';
import { explicitPartition } from '../kafkajs/explicitPartition.ts';
import { partitionOf } from '../partitionOf.ts';

/**
 * The floor of `bench commands`: the command path with nothing but kafkajs in it. The same topics,
 * partitions, transactions and batches as the service's, and no model, no Avro, no signature, no
 * memory of ids, no fence. It is as fast as it can be made, and of no other use.
 */
export interface BareTopics {
  readonly commands: string;
  readonly events: string;
  readonly outcomes: string;
  readonly partitions: number;
}

export interface BareCommand {
  readonly commandId: string;
  readonly stream: string;
  readonly [field: string]: unknown;
}

export interface BareGateway {
  /** Resolves with the outcome's record. */
  submit(command: BareCommand): Promise<unknown>;
}

/** As many as a transaction of the service takes. */
const BATCH_COMMANDS_MAX = 1_000;
/** The service hints its offsets as seldom, milliseconds. */
const HINT_MS = 1_000;

async function startConsumer(
  kafka: Kafka,
  topic: string,
  group: string,
  onMessage: (message: Message, partition: number) => void,
): Promise<Consumer> {
  const consumer = kafka.consumer({ groupId: group, retry: retryQuickly });
  const joined = new Promise<void>((resolve) => {
    consumer.on(consumer.events.GROUP_JOIN, () => resolve());
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommitInterval: HINT_MS,
    // Only hands over: while a handler works, a consumer fetches nothing.
    eachBatch: ({ batch }) => {
      for (const message of batch.messages) onMessage(message, batch.partition);
      return Promise.resolve();
    },
  });
  await joined;
  return consumer;
}

/** Sends what has arrived while the last send was under way, all at once. */
class BatchedSends {
  readonly #producer: Producer;
  readonly #topic: string;
  #waiting: Message[] = [];
  #isSending = false;

  constructor(producer: Producer, topic: string) {
    this.#producer = producer;
    this.#topic = topic;
  }

  add(message: Message): void {
    this.#waiting.push(message);
    if (!this.#isSending) void this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    while (this.#waiting.length > 0) {
      const messages = this.#waiting.splice(0);
      await this.#producer.send({ topic: this.#topic, acks: -1, messages });
    }
    this.#isSending = false;
  }
}

/** The part that callers meet. */
export async function startBareGateway(
  connection: KafkaConnection,
  topics: BareTopics,
): Promise<BareGateway> {
  const kafka = createClient(connection);
  const producer = kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: explicitPartition(() => false),
  });
  await producer.connect();
  const waiting = new Map<string, (outcome: unknown) => void>();
  await startConsumer(kafka, topics.outcomes, `${topics.outcomes}-${process.pid}`, (message) => {
    const outcome = JSON.parse(String(message.value)) as BareCommand;
    waiting.get(outcome.commandId)?.(outcome);
    waiting.delete(outcome.commandId);
  });
  const sends = new BatchedSends(producer, topics.commands);
  return {
    submit: (command) =>
      new Promise((resolve) => {
        waiting.set(command.commandId, resolve);
        sends.add({
          key: command.stream,
          value: JSON.stringify(command),
          partition: partitionOf(command.stream, topics.partitions),
        });
      }),
  };
}

/** A partition's queue and the loop that empties it, a transaction at a time. */
class BarePartition {
  readonly #producer: Producer;
  readonly #partition: number;
  readonly #topics: BareTopics;
  #queue: Message[] = [];
  #isWorking = false;

  constructor(producer: Producer, partition: number, topics: BareTopics) {
    this.#producer = producer;
    this.#partition = partition;
    this.#topics = topics;
  }

  offer(message: Message): void {
    this.#queue.push(message);
    if (!this.#isWorking) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    while (this.#queue.length > 0) await this.#commit(this.#queue.splice(0, BATCH_COMMANDS_MAX));
    this.#isWorking = false;
  }

  async #commit(commands: readonly Message[]): Promise<void> {
    const partition = this.#partition;
    const events: Message[] = [];
    const outcomes: Message[] = [];
    for (const { key = null, value } of commands) {
      const command = JSON.parse(String(value)) as BareCommand;
      const { commandId, stream } = command;
      const outcome = { commandId, stream, status: 'accepted', code: 'ACCEPTED' };
      events.push({ partition, key, value: JSON.stringify({ type: 'Changed', ...command }) });
      outcomes.push({ partition, key, value: JSON.stringify(outcome) });
    }
    const transaction = await this.#producer.transaction();
    await transaction.sendBatch({
      acks: -1,
      topicMessages: [
        { topic: this.#topics.events, messages: events },
        { topic: this.#topics.outcomes, messages: outcomes },
      ],
    });
    await transaction.commit();
  }
}

/** The part that commits: a transactional producer a partition, group commit. */
export async function startBareWriter(
  connection: KafkaConnection,
  topics: BareTopics,
): Promise<void> {
  const kafka = createClient(connection);
  const partitions = await Promise.all(
    Array.from({ length: topics.partitions }, async (_, partition) => {
      const producer = kafka.producer({
        transactionalId: `${topics.commands}-${partition}`,
        maxInFlightRequests: 1,
        allowAutoTopicCreation: false,
        retry: retryQuickly,
        createPartitioner: explicitPartition(() => false),
      });
      await producer.connect();
      return new BarePartition(producer, partition, topics);
    }),
  );
  await startConsumer(
    kafka,
    topics.commands,
    `${topics.commands}-writers`,
    (message, partition) => {
      partitions[partition]?.offer(message);
    },
  );
}
