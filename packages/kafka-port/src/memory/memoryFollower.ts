import type { Follower, LogRecord } from '../port.ts';
import type { MemoryBroker } from './memoryBroker.ts';
import type { MemoryPartition } from './memoryPartition.ts';
import type { ProcessGate } from './memoryProcess.ts';

type OnBatch = (records: readonly LogRecord[]) => void | Promise<void>;

/** Records of one batch at most; a seeded number below it, so that runs cut the log differently. */
const batchRecordsMax = 500;

export function batchLimit(random: () => number): number {
  return 1 + Math.floor(random() * batchRecordsMax);
}

export class MemoryFollower implements Follower {
  readonly finished: Promise<void>;
  #position: bigint;
  #isStopped = false;
  #wake = Promise.withResolvers<undefined>();
  readonly #broker: MemoryBroker;
  readonly #partition: MemoryPartition;
  readonly #gate: ProcessGate;
  readonly #onBatch: OnBatch;
  readonly #unlisten: () => void;

  constructor(
    broker: MemoryBroker,
    partition: MemoryPartition,
    gate: ProcessGate,
    from: bigint,
    onBatch: OnBatch,
  ) {
    this.#broker = broker;
    this.#partition = partition;
    this.#gate = gate;
    this.#position = from;
    this.#onBatch = onBatch;
    this.#unlisten = partition.onChange(() => this.#wake.resolve(undefined));
    this.finished = this.#run();
    this.finished.catch(() => undefined);
  }

  get position(): bigint {
    return this.#position;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake.resolve(undefined);
    // The process may be silent for ever; a stop then has nothing to wait for.
    if (!this.#gate.isSilent) await this.finished.catch(() => undefined);
  }

  async #run(): Promise<void> {
    try {
      await this.#gate.pass();
      while (!this.#isStopped) await this.#step();
    } finally {
      this.#unlisten();
    }
  }

  async #step(): Promise<void> {
    this.#wake = Promise.withResolvers();
    const wake = this.#wake.promise;
    const end = this.#partition.lastStableOffset;
    const { records, next } = this.#partition.read(
      this.#position,
      end,
      batchLimit(this.#broker.random),
    );
    if (next === this.#position) {
      await wake;
      await this.#gate.pass();
      return;
    }
    if (records.length > 0) await this.#onBatch(records);
    this.#position = next;
    await this.#gate.pass();
  }
}
