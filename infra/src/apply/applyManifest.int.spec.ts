import { connectKafka } from '@prorata/kafka-port';
import type { LogAdmin, LogPort } from '@prorata/kafka-port';
import { subjectsFor, topicManifest } from '@prorata/schemas';
import type { TopicManifest } from '@prorata/schemas';
import { freshNamespace, kafkaConnection, sharedStack } from '@prorata/test-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyManifest } from './applyManifest.ts';
import type { ApplyResult } from './applyManifest.ts';
import { registryClient } from './registryClient.ts';

let port: LogPort;
let admin: LogAdmin;

beforeAll(async () => {
  port = connectKafka(kafkaConnection());
  admin = await port.admin();
});

afterAll(() => port.close());

function apply(namespace: string, manifest?: TopicManifest): Promise<ApplyResult> {
  const { registryUrl } = sharedStack();
  return applyManifest({
    connection: kafkaConnection(),
    registryUrl,
    namespace,
    ...(manifest ? { manifest } : {}),
  });
}

/** The manifest's events topic alone, changed as the test needs it. */
function eventsOnly(change: Partial<TopicManifest['topics'][number]> = {}): TopicManifest {
  const events = topicManifest.topics.find(({ name }) => name === 'quota.events')!;
  return { ...topicManifest, topics: [{ ...events, ...change }] };
}

describe('applying the manifest', () => {
  it('makes everything the first time and nothing the second', async () => {
    const namespace = await freshNamespace();
    const first = await apply(namespace);
    expect(first).toMatchObject({ kind: 'applied' });
    if (first.kind === 'refused') return;
    expect(first.topicsCreated).toContain(`${namespace}.quota.events`);
    expect(first.subjectsRegistered.length).toBeGreaterThan(20);
    const second = await apply(namespace);
    expect(second).toMatchObject({ topicsCreated: [], subjectsRegistered: [] });
    const [events] = await admin.describeTopics([`${namespace}.quota.events`]);
    expect(events!.partitions).toBe(topicManifest.partitions.local);
    expect(events!.configuration['retention.ms']).toBe('-1');
    const registry = registryClient(sharedStack().registryUrl);
    for (const { subject } of subjectsFor('quota.events', namespace)) {
      expect(await registry.compatibility(subject)).toBe('FULL_TRANSITIVE');
    }
  });

  it('refuses what differs, lists all of it and changes nothing', async () => {
    const namespace = await freshNamespace();
    await apply(namespace, eventsOnly());
    const changed = eventsOnly({
      partitions: 7,
      configuration: { 'cleanup.policy': 'compact', 'retention.ms': '1000' },
      compatibility: 'BACKWARD_TRANSITIVE',
    });
    const wider = { ...changed, topics: [...changed.topics, ...topicManifest.topics.slice(2, 3)] };
    const result = await apply(namespace, wider);
    expect(result.kind).toBe('refused');
    if (result.kind === 'applied') return;
    const aspects = new Set(result.differences.map(({ aspect }) => aspect));
    expect(aspects).toEqual(
      new Set(['partitions', 'cleanup.policy', 'retention.ms', 'compatibility']),
    );
    expect(await admin.listTopics(`${namespace}.`)).toEqual([`${namespace}.quota.events`]);
  });
});

describe('the access rules', () => {
  let namespace: string;
  beforeAll(async () => {
    namespace = await freshNamespace({ apply: true });
  });

  async function publishAs(
    principal: 'host' | 'gateway' | 'projector',
    topic: string,
  ): Promise<void> {
    const own = connectKafka(kafkaConnection(principal));
    try {
      const publisher = await own.publisher();
      const record = { topic: `${namespace}.${topic}`, partition: 0, key: null };
      await publisher.publish([{ ...record, value: Buffer.from('x') }]);
    } finally {
      await own.close();
    }
  }

  it('let each write its own topics', async () => {
    await publishAs('gateway', 'quota.commands');
    await publishAs('host', 'usage.events');
  });

  it.each([
    ['host', 'quota.events'],
    ['host', 'quota.commands'],
    ['gateway', 'quota.events'],
    ['projector', 'quota.events'],
  ] as const)('keep %s from writing %s', async (principal, topic) => {
    // Who may write nothing at all is refused for the cluster already.
    const code: unknown = expect.stringMatching(/^(TOPIC|CLUSTER)_AUTHORIZATION_FAILED$/);
    await expect(publishAs(principal, topic)).rejects.toMatchObject({ code });
  });

  it('let the writer fence its own identity and nobody else in its name', async () => {
    const identity = {
      group: `${namespace}.command-service`,
      topic: `${namespace}.quota.commands`,
    };
    const fenceAs = async (principal: 'writer' | 'relay'): Promise<void> => {
      const own = connectKafka(kafkaConnection(principal));
      try {
        const writer = await own.writers.fence({ ...identity, partition: 0 });
        await writer.close();
      } finally {
        await own.close();
      }
    };
    await fenceAs('writer');
    // The client says no more than that it found no coordinator for the identity.
    await expect(fenceAs('relay')).rejects.toThrow(/Fencing/);
  });

  it('let the relay make an application its rules topic, and hosts only read it', async () => {
    const own = connectKafka(kafkaConnection('relay'));
    const topic = `${namespace}.quota.rules.demo`;
    const plan = { topic, partitions: 1, replication: 1, configuration: {} };
    await (await own.admin()).createTopics([plan]);
    await own.close();
    await expect(publishAs('host', 'quota.rules.demo')).rejects.toMatchObject({
      code: 'TOPIC_AUTHORIZATION_FAILED',
    });
    const host = connectKafka(kafkaConnection('host'));
    expect(await host.log.endOffset({ topic, partition: 0 })).toBe(0n);
    await host.close();
  });
});
