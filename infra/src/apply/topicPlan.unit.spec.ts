import { describe, expect, it } from 'vitest';
import { plannedTopics, topicDifferences } from './topicPlan.ts';

const manifest = {
  partitions: { local: 4, cluster: 32 },
  topics: [
    {
      name: 'quota.events',
      partitions: 'stream',
      key: 'stream',
      configuration: { 'cleanup.policy': 'delete', 'retention.ms': '-1' },
      compatibility: 'FULL_TRANSITIVE',
      schemas: 'event',
      writers: ['writer'],
      readers: ['projector'],
    },
    {
      name: 'quota.rules.<application>',
      partitions: 1,
      key: 'quota id',
      configuration: { 'cleanup.policy': 'compact' },
      compatibility: 'FULL_TRANSITIVE',
      schemas: 'rule',
      writers: ['relay'],
      readers: ['host'],
    },
  ],
} as const;

describe('the plan of topics', () => {
  it('leaves the topics of applications to their registration', () => {
    const plan = plannedTopics(manifest, { namespace: '', streamPartitions: 4, replication: 1 });
    expect(plan.map(({ topic }) => topic)).toEqual(['quota.events']);
  });

  it('asks for two in-sync replicas where there are replicas', () => {
    const [plan] = plannedTopics(manifest, {
      namespace: 'n',
      streamPartitions: 32,
      replication: 3,
    });
    expect(plan).toMatchObject({ topic: 'n.quota.events', partitions: 32, replication: 3 });
    expect(plan!.configuration['min.insync.replicas']).toBe('2');
  });
});

describe('the differences of a topic', () => {
  const plan = plannedTopics(manifest, { namespace: '', streamPartitions: 4, replication: 1 })[0]!;

  it('are none when what counts is equal, however it is written', () => {
    const wanted = { ...plan, configuration: { 'cleanup.policy': 'compact,delete' } };
    const found = {
      topic: plan.topic,
      partitions: 4,
      configuration: { 'cleanup.policy': 'delete, compact', 'segment.bytes': '1' },
    };
    expect(topicDifferences(wanted, found)).toEqual([]);
  });

  it('are all listed at once, each with what to do', () => {
    const found = {
      topic: plan.topic,
      partitions: 8,
      configuration: { 'cleanup.policy': 'compact', 'retention.ms': '604800000' },
    };
    const differences = topicDifferences(plan, found);
    expect(differences.map(({ aspect }) => aspect)).toEqual([
      'partitions',
      'cleanup.policy',
      'retention.ms',
    ]);
    expect(differences.every(({ remedy }) => remedy !== '')).toBe(true);
  });
});
