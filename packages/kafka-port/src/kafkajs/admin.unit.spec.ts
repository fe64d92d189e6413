import type { Admin, Kafka } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { openAdmin } from './admin.ts';

type Metadata = Awaited<ReturnType<Admin['fetchTopicMetadata']>>;

const metadata = (leader: number): Metadata => ({
  topics: [
    {
      name: 'events',
      partitions: [{ partitionErrorCode: 0, partitionId: 0, leader, replicas: [1], isr: [1] }],
    },
  ],
});

const protocolFault = (type: string): Error =>
  Object.assign(new Error('as the broker says'), { type, retriable: true });

/** A cluster that says one of these after the other of a topic that it has just created. */
function clusterThatSays(answers: readonly (Metadata | Error)[]) {
  const left = [...answers];
  const client = {
    connect: () => Promise.resolve(),
    listTopics: () => Promise.resolve([]),
    createTopics: () => Promise.resolve(true),
    fetchTopicMetadata: () => {
      const answer = left.shift();
      if (answer === undefined) return Promise.reject(new Error('asked once more'));
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
  const kafka = { admin: () => client } as unknown as Kafka;
  const create = async (): Promise<void> => {
    const admin = await openAdmin(kafka, () => undefined);
    const topic = { topic: 'events', partitions: 1, replication: 1, configuration: {} };
    await admin.createTopics([topic]);
  };
  return { create, left };
}

describe('creating topics', () => {
  it('waits for brokers that have not heard of them, and for leaders', async () => {
    const { create, left } = clusterThatSays([
      protocolFault('UNKNOWN_TOPIC_OR_PARTITION'),
      protocolFault('LEADER_NOT_AVAILABLE'),
      metadata(-1),
      metadata(1),
    ]);
    await create();
    expect(left).toEqual([]);
  });

  it('is refused at once when the broker says anything else', async () => {
    const denied = protocolFault('TOPIC_AUTHORIZATION_FAILED');
    const { create, left } = clusterThatSays([
      Object.assign(denied, { retriable: false }),
      metadata(1),
    ]);
    await expect(create()).rejects.toMatchObject({ code: 'TOPIC_AUTHORIZATION_FAILED' });
    expect(left).toHaveLength(1);
  });
});
