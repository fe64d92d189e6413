import { OwnershipLost } from '../port.ts';
import type { LogRecord, OutRecord } from '../port.ts';
import type { MemoryPartition, MemoryTransaction } from './memoryPartition.ts';
import type { VirtualClock } from './virtualClock.ts';

/** As the kafkajs adapter asks for it: a transaction open for so long is aborted, virtual milliseconds. */
const transactionTimeoutMs = 30_000;

interface Producer {
  epoch: number;
  open: MemoryTransaction | undefined;
  cancelTimeout: () => void;
}

/** Kafka's transaction coordinator: epochs per transactional id, and the markers that end transactions. */
export class TransactionCoordinator {
  readonly #clock: VirtualClock;
  readonly #markerDelayMs: () => number;
  readonly #committed: (records: readonly LogRecord[]) => void;
  readonly #producers = new Map<string, Producer>();
  /** Transactions that are decided and wait for their markers, by transactional id. */
  readonly #ending = new Map<string, Promise<void>>();

  constructor(
    clock: VirtualClock,
    markerDelayMs: () => number,
    committed: (records: readonly LogRecord[]) => void,
  ) {
    this.#clock = clock;
    this.#markerDelayMs = markerDelayMs;
    this.#committed = committed;
  }

  /** Aborts what the predecessor left open, waits for its markers, and returns the new epoch. */
  async fence(transactionalId: string): Promise<number> {
    const producer = this.#producers.get(transactionalId) ?? {
      epoch: -1,
      open: undefined,
      cancelTimeout: () => undefined,
    };
    this.#producers.set(transactionalId, producer);
    const epoch = ++producer.epoch;
    if (producer.open) this.#end(producer, producer.open, 'aborted');
    await this.#ending.get(transactionalId);
    return epoch;
  }

  /** @throws OwnershipLost when a later fence, or a timeout, has passed this epoch. */
  begin(
    transactionalId: string,
    epoch: number,
    writes: readonly { partition: MemoryPartition; record: OutRecord }[],
  ): MemoryTransaction {
    const producer = this.#current(transactionalId, epoch);
    const transaction: MemoryTransaction = {
      transactionalId,
      outcome: 'open',
      partitions: new Set(),
      records: [],
    };
    producer.open = transaction;
    producer.cancelTimeout = this.#clock.after(transactionTimeoutMs, () => {
      producer.epoch++;
      this.#end(producer, transaction, 'aborted');
    });
    for (const { partition, record } of writes)
      partition.append(record, this.#clock.nowMs, transaction);
    return transaction;
  }

  /** @throws OwnershipLost */
  end(
    transactionalId: string,
    epoch: number,
    transaction: MemoryTransaction,
    outcome: 'committed' | 'aborted',
  ): void {
    const producer = this.#current(transactionalId, epoch);
    if (producer.open !== transaction)
      throw new OwnershipLost(`${transactionalId}: no such transaction.`);
    this.#end(producer, transaction, outcome);
  }

  #current(transactionalId: string, epoch: number): Producer {
    const producer = this.#producers.get(transactionalId);
    if (producer?.epoch !== epoch)
      throw new OwnershipLost(`${transactionalId}: epoch ${epoch} is over.`);
    return producer;
  }

  #end(producer: Producer, transaction: MemoryTransaction, outcome: 'committed' | 'aborted'): void {
    producer.open = undefined;
    producer.cancelTimeout();
    transaction.outcome = outcome;
    if (outcome === 'committed') this.#committed(transaction.records);
    const delayMs = this.#markerDelayMs();
    if (delayMs === 0) {
      writeMarkers(transaction);
      return;
    }
    const id = transaction.transactionalId;
    const before = this.#ending.get(id) ?? Promise.resolve();
    this.#ending.set(
      id,
      Promise.all([before, this.#clock.sleep(delayMs)]).then(() => writeMarkers(transaction)),
    );
  }
}

function writeMarkers(transaction: MemoryTransaction): void {
  for (const partition of transaction.partitions) partition.appendMarker(transaction);
  for (const partition of transaction.partitions) partition.announce();
}
