import { checkAppendLimits } from '../appendLimits.ts';
import { LogUnavailable, OffsetGone } from '../port.ts';
import type {
  LogPort,
  LogRecord,
  OutRecord,
  PartitionLog,
  Publisher,
  TopicPartition,
} from '../port.ts';
import { PublishRoom, publisherClosed } from '../publishRoom.ts';
import { memoryAdmin } from './memoryAdmin.ts';
import type { MemoryBroker } from './memoryBroker.ts';
import { MemoryFollower, batchLimit } from './memoryFollower.ts';
import { MemoryMember } from './memoryMember.ts';
import type { ProcessGate } from './memoryProcess.ts';
import { MemoryWriter } from './memoryWriter.ts';

type OnBatch = (records: readonly LogRecord[]) => void | Promise<void>;

/** One process's view of the shared log. */
export function memoryPort(broker: MemoryBroker, gate: ProcessGate): LogPort {
  const log = memoryPartitionLog(broker, gate);
  const open = new Set<{ stop(): Promise<void> }>();
  return {
    log: {
      ...log,
      async follow(partition, from, onBatch) {
        const position = await log.readToEnd(partition, from, onBatch);
        const follower = new MemoryFollower(
          broker,
          broker.partition(partition),
          gate,
          position,
          onBatch,
        );
        open.add(follower);
        return follower;
      },
    },
    writers: { fence: (identity) => MemoryWriter.fence(broker, gate, identity, 'spent') },
    source: {
      async run(options, handlers) {
        const member = new MemoryMember(broker, gate, log, options, handlers);
        await member.start();
        open.add(member);
        return member;
      },
    },
    publisher: () => Promise.resolve(memoryPublisher(broker, gate)),
    admin: () => Promise.resolve(memoryAdmin(broker)),
    async close() {
      await Promise.all(Array.from(open, (each) => each.stop()));
    },
  };
}

function memoryPartitionLog(broker: MemoryBroker, gate: ProcessGate): Omit<PartitionLog, 'follow'> {
  const askBounds = async (place: TopicPartition): Promise<void> => {
    await gate.pass();
    if (broker.faults.boundsUnavailable?.(place)) throw new LogUnavailable('The log is away.');
  };
  const endOffset = async (place: TopicPartition): Promise<bigint> => {
    await askBounds(place);
    return broker.partition(place).lastStableOffset;
  };
  return {
    endOffset,
    async beginningOffset(place) {
      await askBounds(place);
      return broker.partition(place).beginningOffset;
    },
    async topicId(topic) {
      await askBounds({ topic, partition: 0 });
      return broker.topicId(topic);
    },
    async offsetAt(place, timestampMs) {
      await askBounds(place);
      return broker.partition(place).offsetAt(timestampMs);
    },
    async readToEnd(place: TopicPartition, from: bigint, onBatch: OnBatch) {
      const end = await endOffset(place);
      if (from > end) throw new OffsetGone(place, from);
      for (let position = from; position < end;) {
        await gate.pass();
        const { records, next } = broker
          .partition(place)
          .read(position, end, batchLimit(broker.random));
        if (records.length > 0) await onBatch(records);
        position = next;
      }
      return end;
    },
  };
}

/** Calls queue up, so that their order holds through any latency. */
function memoryPublisher(broker: MemoryBroker, gate: ProcessGate): Publisher {
  let last: Promise<void> = Promise.resolve();
  let isClosed = false;
  const room = new PublishRoom();
  const write = async (records: readonly OutRecord[]): Promise<void> => {
    await gate.pass();
    const writes = records.map((record) => ({ record, partition: broker.partition(record) }));
    const nowMs = broker.clock.nowMs;
    const written = writes.map(({ record, partition }) => partition.append(record, nowMs));
    broker.faults.inLog?.(written);
    await gate.pass();
  };
  return {
    async publish(records) {
      if (isClosed) throw publisherClosed();
      checkAppendLimits(records);
      const giveRoom = room.take(records);
      const written = last.then(() => write(records)).finally(giveRoom);
      last = written.catch(() => undefined);
      await written;
    },
    async close() {
      isClosed = true;
      if (!gate.isSilent) await last;
    },
  };
}
