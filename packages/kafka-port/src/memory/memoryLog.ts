import type { LogPort, OutRecord, TopicPartition, WriterFactory, WriterIdentity } from '../port.ts';
import { transactionalId } from '../transactionalId.ts';
import { MemoryBroker } from './memoryBroker.ts';
import type { MemoryFaults } from './memoryBroker.ts';
import { memoryPort } from './memoryPort.ts';
import { ProcessGate } from './memoryProcess.ts';
import { MemoryWriter } from './memoryWriter.ts';
import { seededRandom } from './seededRandom.ts';
import { VirtualClock } from './virtualClock.ts';

export interface MemoryLogOptions {
  /** Decides latencies and where batches are cut. The same seed and the same calls give the same run. */
  readonly seed: number;
  readonly clock?: VirtualClock;
  /** Longest time of one step of a call, virtual milliseconds. 0, the default, needs no clock to move. */
  readonly latencyMsMax?: number;
  /** Longest time from a decided transaction to its markers, virtual milliseconds. Default 0. */
  readonly markerDelayMsMax?: number;
  readonly faults?: MemoryFaults;
}

/** A process over the log, and the hand that stalls, resumes and kills it. */
export interface MemoryProcess extends LogPort {
  /** The process runs on but hears and says nothing: past its session others take its partitions. */
  stall(): void;
  resume(): void;
  /** kill -9: whatever it waited for never comes; an open transaction stays until a fence or a timeout. */
  crash(): void;
  /** Calls to the log, and answers of it, so far: between each two of them a process may stall or die. */
  steps(): number;
  /** Runs just before the step of that number. */
  atStep(step: number, run: () => void): void;
  /** Writers that can be used on after a failed commit, as a bare client's can: to plant that fault. */
  readonly unguardedWriters: WriterFactory;
}

export interface MemoryLog {
  readonly clock: VirtualClock;
  createTopic(topic: string, partitions: number): void;
  /** @param at 'once': each of this process's steps takes no time. */
  connect(at?: 'once'): MemoryProcess;
  /** Retention: records before `offset` are gone. @throws OffsetGone past the end */
  deleteBefore(partition: TopicPartition, offset: bigint): void;
  /** The offset that the next entry of the partition will have; nobody waits. */
  logEnd(partition: TopicPartition): bigint;
  /** Leaves a transaction open as a writer does that dies between its records and its commit. */
  leaveOpen(identity: WriterIdentity, records: readonly OutRecord[]): Promise<void>;
}

/**
 * A log in memory with Kafka's fencing, isolation and control records, for simulations: real code on
 * top, and everything that is left to chance comes from the seed.
 */
export function createMemoryLog(options: MemoryLogOptions): MemoryLog {
  const {
    seed,
    clock = new VirtualClock(),
    latencyMsMax = 0,
    markerDelayMsMax = 0,
    faults = {},
  } = options;
  const random = seededRandom(seed);
  const upTo = (milliseconds: number): number => Math.round(random() * milliseconds);
  const broker = new MemoryBroker(clock, random, faults, () => upTo(markerDelayMsMax));
  return {
    clock,
    createTopic: (topic, partitions) => broker.createTopic(topic, partitions),
    deleteBefore: (place, offset) => broker.partition(place).deleteBefore(offset),
    logEnd: (place) => broker.partition(place).logEnd,
    connect(at) {
      const latency = (): Promise<void> | undefined =>
        latencyMsMax > 0 && at === undefined ? clock.sleep(upTo(latencyMsMax)) : undefined;
      const gate = new ProcessGate(latency);
      return Object.assign(memoryPort(broker, gate), {
        stall: () => gate.stall(),
        resume: () => gate.resume(),
        crash: () => gate.crash(),
        steps: () => gate.steps,
        atStep: (step: number, run: () => void) => gate.atStep(step, run),
        unguardedWriters: {
          fence: (identity: WriterIdentity) => MemoryWriter.fence(broker, gate, identity, 'ready'),
        },
      });
    },
    async leaveOpen(identity, records) {
      const id = transactionalId(identity);
      const epoch = await broker.transactions.fence(id);
      const writes = records.map((record) => ({ partition: broker.partition(record), record }));
      broker.transactions.begin(id, epoch, writes);
    },
  };
}
