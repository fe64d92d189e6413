import { OffsetGone } from '../port.ts';
import type { Follower, LogRecord, PartitionLog, TopicPartition } from '../port.ts';
import { committedRecords, pastEmptied } from './committedRecords.ts';
import type { CommittedRecords } from './committedRecords.ts';
import { faultOf } from './errors.ts';
import type { FetchConnection } from './fetchConnection.ts';
import type { Followers } from './followers.ts';
import { retrying } from './retrying.ts';

/** Below the end there is something to fetch, so the broker answers at once; this only bounds a surprise. */
const catchUpWaitMs = 100;

type OnBatch = (records: readonly LogRecord[]) => void | Promise<void>;

export class KafkaPartitionLog implements PartitionLog {
  readonly #connection: FetchConnection;
  readonly #followers: Followers;

  constructor(connection: FetchConnection, followers: Followers) {
    this.#connection = connection;
    this.#followers = followers;
  }

  beginningOffset(partition: TopicPartition): Promise<bigint> {
    return this.#read(`The beginning of ${partition.topic}`, () =>
      this.#connection.offsetOf(partition, 'beginning'),
    );
  }

  endOffset(partition: TopicPartition): Promise<bigint> {
    return this.#read(`The end of ${partition.topic}`, () =>
      this.#connection.offsetOf(partition, 'end'),
    );
  }

  topicId(topic: string): Promise<string | null> {
    return this.#read(`The id of ${topic}`, () => this.#connection.topicId(topic));
  }

  offsetAt(partition: TopicPartition, timestampMs: number): Promise<bigint | null> {
    return this.#read(`A moment of ${partition.topic}`, () =>
      this.#connection.offsetAt(partition, timestampMs),
    );
  }

  async readToEnd(partition: TopicPartition, from: bigint, onBatch: OnBatch): Promise<bigint> {
    const end = await this.endOffset(partition);
    if (from > end) throw new OffsetGone(partition, from);
    let position = from;
    while (position < end) {
      const { records, next } = await this.#fetchOne(partition, position);
      const wanted = next > end ? records.filter((record) => record.offset < end) : records;
      if (wanted.length > 0) await onBatch(wanted);
      position = next;
    }
    return end;
  }

  async follow(partition: TopicPartition, from: bigint, onBatch: OnBatch): Promise<Follower> {
    const position = await this.readToEnd(partition, from, onBatch);
    return this.#followers.add(partition, position, onBatch);
  }

  async #fetchOne(partition: TopicPartition, offset: bigint): Promise<CommittedRecords> {
    const fetched = await this.#read(
      `Reading ${partition.topic}[${partition.partition}]`,
      async () => {
        const leader = await this.#connection.leaderOf(partition);
        try {
          return await this.#connection.fetch(leader, [{ ...partition, offset }], catchUpWaitMs);
        } catch (error) {
          if (faultOf(error).code === 'OFFSET_OUT_OF_RANGE')
            throw new OffsetGone(partition, offset);
          throw error;
        }
      },
    );
    const [only] = fetched;
    if (!only) return { records: [], next: offset };
    const committed = committedRecords(only, offset);
    return { records: committed.records, next: pastEmptied(only, committed, offset) };
  }

  #read<T>(doing: string, read: () => Promise<T>): Promise<T> {
    return retrying(doing, read, () => this.#connection.reset());
  }
}
