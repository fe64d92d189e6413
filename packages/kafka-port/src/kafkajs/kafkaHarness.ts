import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Kafka } from 'kafkajs';
import type { LogHarness } from '../contract/logHarness.ts';
import type { LogPort } from '../port.ts';
import { transactionalId } from '../transactionalId.ts';
import { createClient, retryQuickly } from './client.ts';
import type { KafkaConnection } from './client.ts';
import { connectKafka } from './connectKafka.ts';
import { topicMessages } from './topicMessages.ts';

/** Runs the contract suite against a real broker. The broker's least session is 6 seconds. */
export async function kafkaHarness(
  connection: Omit<KafkaConnection, 'clientId'>,
): Promise<LogHarness> {
  const name = `contract-${randomUUID().slice(0, 8)}`;
  const ports: LogPort[] = [];
  const processes = new Set<ReturnType<typeof stallableSockets>>();
  const raw = createClient({ ...connection, clientId: name });
  const own = connectKafka({ ...connection, clientId: name });
  const admin = await own.admin();
  ports.push(own);
  let topics = 0;
  return {
    sessionTimeoutMs: 6_000,
    connect(process) {
      const sockets = stallableSockets();
      const onSocket = (socket: Socket): void => sockets.onSocket(socket);
      const port = connectKafka({ ...connection, clientId: `${name}-${process}`, onSocket });
      ports.push(port);
      processes.add(sockets);
      return { port, stall: () => sockets.stall(), resume: () => sockets.resume() };
    },
    async createTopic(partitions) {
      const topic = `${name}-${topics++}`;
      await admin.createTopics([{ topic, partitions, replication: 1, configuration: {} }]);
      return topic;
    },
    leaveOpen: (identity, records) =>
      leaveOpen(raw, transactionalId(identity), topicMessages(records)),
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    async close() {
      for (const sockets of processes) sockets.resume();
      await Promise.all(ports.map((port) => port.close()));
    },
  };
}

/** Holds a process's sockets in both directions, as a stopped process or a cut cable would. */
function stallableSockets(): { stall(): void; resume(): void; onSocket(socket: Socket): void } {
  const sockets = new Set<Socket>();
  let isStalled = false;
  const hold = (socket: Socket): void => {
    socket.cork();
    socket.pause();
  };
  return {
    stall() {
      isStalled = true;
      sockets.forEach(hold);
    },
    resume() {
      isStalled = false;
      for (const socket of sockets) {
        socket.resume();
        while (socket.writableCorked > 0) socket.uncork();
      }
    },
    onSocket(socket) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      if (isStalled) hold(socket);
    },
  };
}

async function leaveOpen(
  kafka: Kafka,
  id: string,
  messages: ReturnType<typeof topicMessages>,
): Promise<void> {
  const producer = kafka.producer({
    transactionalId: id,
    allowAutoTopicCreation: false,
    retry: retryQuickly,
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  });
  await producer.connect();
  const transaction = await producer.transaction();
  await transaction.sendBatch({ acks: -1, topicMessages: messages });
  await producer.disconnect();
}
