import { inNamespace } from '@prorata/schemas';

/** The writer's topics as the manifest names them. */
export const writerTopicNames = {
  commands: 'quota.commands',
  events: 'quota.events',
  outcomes: 'quota.outcomes',
  snapshots: 'quota.snapshots',
  deadLetters: 'quota.commands.dlq',
} as const;

/** The same topics as they stand in the cluster. */
export type WriterTopics = Readonly<Record<keyof typeof writerTopicNames, string>>;

export function writerTopicsIn(namespace: string): WriterTopics {
  return {
    commands: inNamespace(writerTopicNames.commands, namespace),
    events: inNamespace(writerTopicNames.events, namespace),
    outcomes: inNamespace(writerTopicNames.outcomes, namespace),
    snapshots: inNamespace(writerTopicNames.snapshots, namespace),
    deadLetters: inNamespace(writerTopicNames.deadLetters, namespace),
  };
}
