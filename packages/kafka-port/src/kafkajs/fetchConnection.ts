import type { Broker, Cluster, Kafka } from 'kafkajs';
import { within } from '../delay.ts';
import { LogRefused, LogUnavailable } from '../port.ts';
import type { TopicPartition } from '../port.ts';
import { borrowCluster } from './borrowCluster.ts';
import { connectOnce } from './connectOnce.ts';
import type { HoldsConnections } from './connectOnce.ts';
import type { FetchedPartition, FetchResponse } from './committedRecords.ts';
import { askTopicId } from './topicId.ts';
import type { SendsRaw } from './topicId.ts';

export interface FetchPosition extends TopicPartition {
  readonly offset: bigint;
}

/** READ_COMMITTED: aborted and open transactions stay out of sight, up to the last stable offset. */
const readCommitted = 1;
/** Bytes of one partition in one response: a default-sized batch fits. */
const partitionBytesMax = 1_048_576;
/** Bytes of one response: more partitions than this holds take turns, since kafkajs shuffles them. */
const responseBytesMax = 52_428_800;
/** How long past its own waiting time a fetch may take, milliseconds. */
const fetchGraceMs = 10_000;

/**
 * A connection that fetches from explicit positions, without a consumer group. kafkajs has no manual
 * assignment (its issue 373), and a group per reader costs a join, a coordinator's memory and a
 * permission; so this borrows kafkajs's own cluster client and never starts a consumer.
 */
export class FetchConnection {
  readonly #kafka: Kafka;
  #cluster: Promise<Cluster> | undefined;

  constructor(kafka: Kafka) {
    this.#kafka = kafka;
  }

  /** The broker that leads the partition now. */
  async leaderOf({ topic, partition }: TopicPartition): Promise<string> {
    const cluster = await this.#clusterFor(topic);
    const [leader] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
    if (leader === undefined) {
      throw new LogRefused('UNKNOWN_TOPIC_OR_PARTITION', `There is no ${topic}[${partition}].`);
    }
    return leader;
  }

  async partitionCount(topic: string): Promise<number> {
    const cluster = await this.#clusterFor(topic);
    return cluster.findTopicPartitionMetadata(topic).length;
  }

  async topicId(topic: string): Promise<string | null> {
    const leader = await this.leaderOf({ topic, partition: 0 });
    const broker: Broker = await (await this.#connected()).findBroker({ nodeId: leader });
    connectOnce(broker as Broker & HoldsConnections);
    return askTopicId(broker as Broker & SendsRaw, topic);
  }

  /** With read-committed isolation the latest offset is the last stable one. */
  offsetOf(place: TopicPartition, end: 'beginning' | 'end'): Promise<bigint> {
    return this.#askOffset(place, { fromBeginning: end === 'beginning' });
  }

  /** Of the first record that is not older; null: of none. */
  async offsetAt(place: TopicPartition, timestampMs: number): Promise<bigint | null> {
    const offset = await this.#askOffset(place, { fromTimestamp: timestampMs });
    return offset < 0n ? null : offset;
  }

  async #askOffset(
    { topic, partition }: TopicPartition,
    which: { readonly fromBeginning: boolean } | { readonly fromTimestamp: number },
  ): Promise<bigint> {
    const cluster = await this.#clusterFor(topic);
    const answers = await cluster.fetchTopicsOffset([
      { topic, partitions: [{ partition }], ...which },
    ]);
    const offset = answers[0]?.partitions[0]?.offset;
    if (offset === undefined) {
      throw new LogRefused('UNKNOWN_TOPIC_OR_PARTITION', `There is no ${topic}[${partition}].`);
    }
    return BigInt(offset);
  }

  /** Waits up to `waitMs` for a first byte. The positions must be led by `leader`. */
  async fetch(
    leader: string,
    positions: readonly FetchPosition[],
    waitMs: number,
  ): Promise<readonly FetchedPartition[]> {
    const cluster = await this.#connected();
    const broker: Broker = await cluster.findBroker({ nodeId: leader });
    connectOnce(broker as Broker & HoldsConnections);
    const answer = broker.fetch({
      isolationLevel: readCommitted,
      maxWaitTime: waitMs,
      minBytes: 1,
      maxBytes: responseBytesMax,
      topics: byTopic(positions),
    }) as Promise<FetchResponse>;
    const response = await within(
      waitMs + fetchGraceMs,
      answer,
      () => new LogUnavailable('A fetch had no answer.'),
    );
    return response.responses.flatMap(({ topicName, partitions }) =>
      partitions.map((partition) => ({ ...partition, topic: topicName })),
    );
  }

  /** Drops the connections and what is known of leaders; the next call starts afresh. */
  reset(): void {
    const old = this.#cluster;
    this.#cluster = undefined;
    old?.then((cluster) => cluster.disconnect()).catch(() => undefined);
  }

  async close(): Promise<void> {
    const old = this.#cluster;
    this.#cluster = undefined;
    await old?.then((cluster) => cluster.disconnect()).catch(() => undefined);
  }

  async #clusterFor(topic: string): Promise<Cluster> {
    const cluster = await this.#connected();
    await cluster.addTargetTopic(topic);
    await cluster.refreshMetadataIfNecessary();
    return cluster;
  }

  #connected(): Promise<Cluster> {
    if (!this.#cluster) {
      const cluster = borrowCluster(this.#kafka);
      const connecting = cluster.connect().then(() => cluster);
      this.#cluster = connecting;
      connecting.catch(() => {
        if (this.#cluster === connecting) this.#cluster = undefined;
      });
    }
    return this.#cluster;
  }
}

function byTopic(positions: readonly FetchPosition[]): Parameters<Broker['fetch']>[0]['topics'] {
  const topics = new Map<string, { partition: number; fetchOffset: string; maxBytes: number }[]>();
  for (const { topic, partition, offset } of positions) {
    const partitions = topics.get(topic) ?? [];
    partitions.push({ partition, fetchOffset: offset.toString(), maxBytes: partitionBytesMax });
    topics.set(topic, partitions);
  }
  return Array.from(topics, ([topic, partitions]) => ({ topic, partitions }));
}
