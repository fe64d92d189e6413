import type { Cluster, Kafka, PartitionAssigner } from 'kafkajs';

/**
 * A cluster client of kafkajs, not connected yet. kafkajs hands it, as a part of its public types, to
 * every custom assigner: this takes it from there and never starts the consumer.
 */
export function borrowCluster(kafka: Kafka): Cluster {
  const borrowed: Cluster[] = [];
  const borrow: PartitionAssigner = ({ cluster }) => {
    borrowed.push(cluster);
    return {
      name: 'NeverJoins',
      version: 0,
      assign: () => Promise.reject(new Error('This client never joins a group.')),
      protocol: () => ({ name: 'NeverJoins', metadata: Buffer.alloc(0) }),
    };
  };
  kafka.consumer({
    groupId: 'never-joined',
    allowAutoTopicCreation: false,
    partitionAssigners: [borrow],
  });
  const [cluster] = borrowed;
  if (!cluster) throw new Error('kafkajs no longer hands its cluster to an assigner.');
  return cluster;
}
