import type { TopicDescription } from '@prorata/kafka-port';
import { inNamespace } from '@prorata/schemas';
import type { TopicEntry, TopicManifest } from '@prorata/schemas';
import type { Difference } from './difference.ts';

export interface PlannedTopic {
  readonly topic: string;
  readonly partitions: number;
  readonly replication: number;
  readonly configuration: Readonly<Record<string, string>>;
}

export interface TopicShape {
  readonly namespace: string;
  /** Partitions of every topic that is keyed by a stream. */
  readonly streamPartitions: number;
  readonly replication: number;
}

/** Does the entry stand for one topic per application? Those are made when an application is registered. */
export function isPerApplication(entry: TopicEntry): boolean {
  return entry.name.includes('<');
}

/** With replicas, an acknowledged record is on two of them, and a stale one never leads. */
function replicaSettings(replication: number): Record<string, string> {
  if (replication < 2) return {};
  return { 'min.insync.replicas': '2', 'unclean.leader.election.enable': 'false' };
}

export function plannedTopics(manifest: TopicManifest, shape: TopicShape): PlannedTopic[] {
  return manifest.topics
    .filter((entry) => !isPerApplication(entry))
    .map((entry) => ({
      topic: inNamespace(entry.name, shape.namespace),
      partitions: entry.partitions === 'stream' ? shape.streamPartitions : entry.partitions,
      replication: shape.replication,
      configuration: { ...entry.configuration, ...replicaSettings(shape.replication) },
    }));
}

/** `compact,delete` and `delete, compact` mean the same. */
function normal(value: string): string {
  return value
    .split(',')
    .map((part) => part.trim())
    .sort()
    .join(',');
}

function partitionsDifference(plan: PlannedTopic, found: TopicDescription): Difference[] {
  if (plan.partitions === found.partitions) return [];
  return [
    {
      kind: 'topic',
      name: plan.topic,
      aspect: 'partitions',
      found: String(found.partitions),
      wanted: String(plan.partitions),
      remedy:
        'The count is fixed for the life of the log, since keys would move: use the count it has, or a new namespace.',
    },
  ];
}

export function topicDifferences(plan: PlannedTopic, found: TopicDescription): Difference[] {
  const configuration = Object.entries(plan.configuration).flatMap(
    ([key, wanted]): Difference[] => {
      const value = found.configuration[key];
      if (value !== undefined && normal(value) === normal(wanted)) return [];
      const remedy = `Set it with: kafka-configs --alter --entity-type topics --entity-name ${plan.topic} --add-config ${key}=[${wanted}]`;
      return [
        { kind: 'topic', name: plan.topic, aspect: key, found: value ?? 'not set', wanted, remedy },
      ];
    },
  );
  return [...partitionsDifference(plan, found), ...configuration];
}
