import type { LogPort } from '../port.ts';
import { openAdmin } from './admin.ts';
import { createClient } from './client.ts';
import type { KafkaConnection } from './client.ts';
import { FetchConnection } from './fetchConnection.ts';
import { Followers } from './followers.ts';
import { KnownPartitions } from './knownPartitions.ts';
import { KafkaPartitionLog } from './partitionLog.ts';
import { KafkaPublisher } from './publisher.ts';
import { GroupMember } from './source.ts';
import { createWriterFactory } from './writer.ts';

/**
 * The log port over a Kafka cluster, by kafkajs. Nothing is connected before the first call that
 * needs it; `close` ends everything that was opened through it.
 */
export function connectKafka(connection: KafkaConnection): LogPort {
  const kafka = createClient(connection);
  const open = new Set<{ close(): Promise<void> }>();
  const members = new Set<GroupMember>();
  // Catching up has a connection of its own, or it would wait behind the followers' long fetches.
  const catchUp = new FetchConnection(kafka);
  const known = new KnownPartitions(catchUp);
  const writers = createWriterFactory(kafka, known);
  const longFetch = new FetchConnection(kafka);
  const followers = new Followers(longFetch);
  const log = new KafkaPartitionLog(catchUp, followers);
  return {
    writers,
    log,
    source: {
      async run(options, handlers) {
        const closed = (ended: GroupMember): boolean => members.delete(ended);
        const member = new GroupMember({ kafka, log, followers, closed }, options, handlers);
        members.add(member);
        await member.start();
        return member;
      },
    },
    async publisher() {
      const publisher = new KafkaPublisher(kafka, known, () => open.delete(publisher));
      open.add(publisher);
      await publisher.open();
      return publisher;
    },
    async admin() {
      const admin = await openAdmin(kafka, (closed) => open.delete(closed));
      open.add(admin);
      return admin;
    },
    async close() {
      await Promise.all(Array.from(members, (member) => member.stop()));
      await Promise.all(Array.from(open, (each) => each.close()));
      await Promise.all([followers.close(), writers.close()]);
      await Promise.all([catchUp.close(), longFetch.close()]);
    },
  };
}
