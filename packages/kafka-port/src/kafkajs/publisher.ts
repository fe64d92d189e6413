import type { Kafka, Producer } from 'kafkajs';
import { appendLimits, checkAppendLimits, recordBytes } from '../appendLimits.ts';
import { within } from '../delay.ts';
import { LogUnavailable, PublishQueueFull } from '../port.ts';
import type { OutRecord, Publisher } from '../port.ts';
import { retryQuickly } from './client.ts';
import { asLogError } from './errors.ts';
import { explicitPartition } from './explicitPartition.ts';
import { topicMessages } from './topicMessages.ts';

export const publisherLimits = {
  /** Records that wait while a send is under way: a second or two of a busy gateway. */
  queueRecordsMax: 20_000,
  /** Bytes that wait, so that large records meet a limit too. */
  queueBytesMax: 32_000_000,
  /** Records of one send. kafkajs groups a partition's records in quadratic time. */
  sendRecordsMax: 2_000,
} as const;

/** A send without an outcome for so long is given up, and its producer with it, milliseconds. */
const sendTimeoutMs = 30_000;

interface Waiting {
  readonly records: readonly OutRecord[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface Sending {
  readonly producer: Producer;
  givenUp: boolean;
}

/**
 * One idempotent producer with one awaited send at a time (concurrent ones lose their sequence);
 * what arrives meanwhile goes out together in the next. A producer is given up after a failed send,
 * because the sequence it and the broker agree on is then uncertain.
 */
export class KafkaPublisher implements Publisher {
  readonly #kafka: Kafka;
  readonly #closedListener: () => void;
  #queue: Waiting[] = [];
  #queuedRecords = 0;
  #queuedBytes = 0;
  #sending: Sending | undefined;
  #loop: Promise<void> = Promise.resolve();
  #isSending = false;
  #closed = false;

  constructor(kafka: Kafka, closed: () => void) {
    this.#kafka = kafka;
    this.#closedListener = closed;
  }

  /** Connects, so that a missing permission or broker shows before the first record. */
  async open(): Promise<void> {
    await this.#connected();
  }

  async publish(records: readonly OutRecord[]): Promise<void> {
    if (this.#closed) throw new LogUnavailable('The publisher is closed.');
    checkAppendLimits(records);
    if (records.length === 0) return;
    const bytes = records.reduce((sum, record) => sum + recordBytes(record), 0);
    this.#takeRoom(records.length, bytes);
    const outcome = new Promise<void>((resolve, reject) => {
      this.#queue.push({ records, bytes, resolve, reject });
    });
    if (!this.#isSending) this.#loop = this.#sendAll();
    await outcome;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#loop;
    this.#closedListener();
    await this.#sending?.producer.disconnect();
  }

  #takeRoom(records: number, bytes: number): void {
    const { queueRecordsMax, queueBytesMax } = publisherLimits;
    if (
      this.#queuedRecords + records > queueRecordsMax ||
      this.#queuedBytes + bytes > queueBytesMax
    ) {
      throw new PublishQueueFull(
        `${this.#queuedRecords} records (${this.#queuedBytes} bytes) wait to be published.`,
      );
    }
    this.#queuedRecords += records;
    this.#queuedBytes += bytes;
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    while (this.#queue.length > 0) {
      const calls = this.#nextCalls();
      try {
        await this.#send(calls.flatMap((call) => call.records));
        for (const call of calls) call.resolve();
      } catch (error) {
        const fault = asLogError(error, 'Publishing');
        for (const call of calls) call.reject(fault);
      }
      for (const call of calls) {
        this.#queuedRecords -= call.records.length;
        this.#queuedBytes -= call.bytes;
      }
    }
    this.#isSending = false;
  }

  /** As many whole calls from the head of the queue as one send may carry; always at least one. */
  #nextCalls(): Waiting[] {
    const bytesByPartition = new Map<string, number>();
    let records = 0;
    let count = 0;
    for (const call of this.#queue) {
      records += call.records.length;
      if (count > 0 && records > publisherLimits.sendRecordsMax) break;
      let largest = 0;
      for (const record of call.records) {
        const place = `${record.topic}[${record.partition}]`;
        const bytes = (bytesByPartition.get(place) ?? 0) + recordBytes(record);
        bytesByPartition.set(place, bytes);
        largest = Math.max(largest, bytes);
      }
      if (count > 0 && largest > appendLimits.partitionBytesMax) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  async #send(records: readonly OutRecord[]): Promise<void> {
    const sending = await this.#connected();
    try {
      await within(
        sendTimeoutMs,
        sending.producer.sendBatch({ acks: -1, topicMessages: topicMessages(records) }),
        () => new LogUnavailable(`No acknowledgement within ${sendTimeoutMs} ms.`),
      );
    } catch (error) {
      sending.givenUp = true;
      this.#sending = undefined;
      sending.producer.disconnect().catch(() => undefined);
      throw error;
    }
  }

  async #connected(): Promise<Sending> {
    if (this.#sending) return this.#sending;
    const guard = { givenUp: false };
    const producer = this.#kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      retry: { ...retryQuickly, retries: Number.MAX_SAFE_INTEGER },
      createPartitioner: explicitPartition(() => guard.givenUp),
    });
    const sending = Object.assign(guard, { producer });
    try {
      await producer.connect();
    } catch (error) {
      producer.disconnect().catch(() => undefined);
      throw asLogError(error, 'Connecting a publisher');
    }
    this.#sending = sending;
    return sending;
  }
}
