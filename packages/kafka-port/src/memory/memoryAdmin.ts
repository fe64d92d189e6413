import type { LogAdmin } from '../port.ts';
import type { MemoryBroker } from './memoryBroker.ts';

/** Access rules are kept and not enforced: a simulation has one principal. */
export function memoryAdmin(broker: MemoryBroker): LogAdmin {
  const done = Promise.resolve();
  return {
    describeTopics: (names) =>
      Promise.resolve(
        names.flatMap((topic) => {
          const found = broker.topics.get(topic);
          if (!found) return [];
          return [
            { topic, partitions: found.partitions.length, configuration: found.configuration },
          ];
        }),
      ),
    listTopics: (prefix) =>
      Promise.resolve([...broker.topics.keys()].filter((topic) => topic.startsWith(prefix)).sort()),
    leadersOf: (topic) =>
      Promise.resolve((broker.topics.get(topic)?.partitions ?? []).map(() => 0)),
    createTopics(topics) {
      for (const { topic, partitions, configuration } of topics) {
        broker.createTopic(topic, partitions, configuration);
      }
      return done;
    },
    deleteTopics(topics) {
      for (const topic of topics) broker.topics.delete(topic);
      return done;
    },
    listGroups: () => Promise.resolve(broker.groups.groups),
    ownedPartitions: (group, topic) => Promise.resolve(broker.groups.owned(group, topic)),
    deleteGroups(groups) {
      for (const group of groups) broker.groups.delete(group);
      return done;
    },
    allow(rules) {
      broker.accessRules.push(...rules);
      return done;
    },
    close: () => done,
  };
}
