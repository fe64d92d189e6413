import type { Kafka, Producer } from 'kafkajs';
import { appendLimits, checkAppendLimits, recordBytes } from '../appendLimits.ts';
import { within } from '../delay.ts';
import { LogUnavailable } from '../port.ts';
import type { OutRecord, Publisher } from '../port.ts';
import { PublishRoom, publisherClosed, publisherLimits } from '../publishRoom.ts';
import { retryQuickly } from './client.ts';
import { asLogError } from './errors.ts';
import type { KnownPartitions } from './knownPartitions.ts';
import { meansLeadersDiffer, OneLeader, REGROUPINGS_MAX } from './oneLeader.ts';
import { topicMessages } from './topicMessages.ts';

/** A send without an outcome for so long is given up, and its producer with it, milliseconds. */
const sendTimeoutMs = 30_000;

interface Waiting {
  readonly records: readonly OutRecord[];
  readonly giveRoom: () => void;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface Sending {
  readonly producer: Producer;
  readonly oneLeader: OneLeader;
  givenUp: boolean;
}

/**
 * One idempotent producer with one awaited send at a time (concurrent ones lose their sequence);
 * what arrives meanwhile goes out together in the next. A producer is given up after a failed send,
 * because the sequence it and the broker agree on is then uncertain.
 */
export class KafkaPublisher implements Publisher {
  readonly #kafka: Kafka;
  readonly #known: KnownPartitions;
  readonly #closedListener: () => void;
  #queue: Waiting[] = [];
  readonly #room = new PublishRoom();
  #sending: Sending | undefined;
  #loop: Promise<void> = Promise.resolve();
  #isSending = false;
  #closed = false;

  constructor(kafka: Kafka, known: KnownPartitions, closed: () => void) {
    this.#kafka = kafka;
    this.#known = known;
    this.#closedListener = closed;
  }

  /** Connects, so that a missing permission or broker shows before the first record. */
  async open(): Promise<void> {
    await this.#connected();
  }

  async publish(records: readonly OutRecord[]): Promise<void> {
    if (this.#closed) throw publisherClosed();
    checkAppendLimits(records);
    if (records.length === 0) return;
    const giveRoom = this.#room.take(records);
    const outcome = new Promise<void>((resolve, reject) => {
      this.#queue.push({ records, giveRoom, resolve, reject });
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

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    while (this.#queue.length > 0) {
      await this.#refuseUnknown();
      const calls = this.#nextCalls();
      if (calls.length === 0) continue;
      try {
        await this.#send(calls.flatMap((call) => call.records));
        for (const call of calls) call.resolve();
      } catch (error) {
        const fault = asLogError(error, 'Publishing');
        for (const call of calls) call.reject(fault);
      }
      for (const call of calls) call.giveRoom();
    }
    this.#isSending = false;
  }

  /** Takes calls for topics that are not there off the head of the queue, before others join them. */
  async #refuseUnknown(): Promise<void> {
    for (let head = this.#queue[0]; head; head = this.#queue[0]) {
      try {
        await this.#known.lookUp(head.records);
        return;
      } catch (error) {
        this.#queue.shift();
        head.giveRoom();
        head.reject(asLogError(error, 'Publishing'));
      }
    }
  }

  /** As many whole calls from the head of the queue, to known topics, as one send may carry. */
  #nextCalls(): Waiting[] {
    const bytesByPartition = new Map<string, number>();
    let records = 0;
    let count = 0;
    for (const call of this.#queue) {
      records += call.records.length;
      if (!this.#known.has(call.records)) break;
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
        sendByLeader(sending, records),
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
    const oneLeader = new OneLeader(() => guard.givenUp);
    const producer = this.#kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      retry: { ...retryQuickly, retries: Number.MAX_SAFE_INTEGER },
      createPartitioner: oneLeader.partitioner,
    });
    const sending = Object.assign(guard, { producer, oneLeader });
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

/**
 * To one leader after another. A leader that has moved meanwhile has the rest grouped anew: what an
 * attempt before had written goes out under the sequence numbers that it had, and is known by them.
 */
async function sendByLeader(
  { producer, oneLeader }: Sending,
  records: readonly OutRecord[],
): Promise<void> {
  let groups = oneLeader.groupsOf(records);
  for (let regroupings = 0; groups.length > 0;) {
    const [group = [], ...rest] = groups;
    try {
      oneLeader.begin();
      await producer.sendBatch({ acks: -1, topicMessages: topicMessages(group) });
      groups = rest;
    } catch (error) {
      if (!meansLeadersDiffer(error) || regroupings++ >= REGROUPINGS_MAX) throw error;
      groups = oneLeader.groupsOf(groups.flat());
    }
  }
}
