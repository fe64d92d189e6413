import { checkAppendLimits } from '../appendLimits.ts';
import { CommitUnknown, OwnershipLost } from '../port.ts';
import type { OutRecord, PartitionWriter, WriterIdentity } from '../port.ts';
import { transactionalId } from '../transactionalId.ts';
import type { MemoryBroker } from './memoryBroker.ts';
import type { ProcessGate } from './memoryProcess.ts';

type Writes = Parameters<MemoryBroker['transactions']['begin']>[2];

export class MemoryWriter implements PartitionWriter {
  readonly identity: WriterIdentity;
  readonly #broker: MemoryBroker;
  readonly #gate: ProcessGate;
  readonly #epoch: number;
  readonly #afterFailure: 'spent' | 'ready';
  #state: 'ready' | 'appending' | 'spent' = 'ready';

  private constructor(
    broker: MemoryBroker,
    gate: ProcessGate,
    identity: WriterIdentity,
    epoch: number,
    afterFailure: 'spent' | 'ready',
  ) {
    this.identity = identity;
    this.#broker = broker;
    this.#gate = gate;
    this.#epoch = epoch;
    this.#afterFailure = afterFailure;
  }

  static async fence(
    broker: MemoryBroker,
    gate: ProcessGate,
    identity: WriterIdentity,
    afterFailure: 'spent' | 'ready',
  ): Promise<MemoryWriter> {
    await gate.pass();
    const epoch = await broker.transactions.fence(transactionalId(identity));
    await gate.pass();
    return new MemoryWriter(broker, gate, identity, epoch, afterFailure);
  }

  async append(records: readonly OutRecord[]): Promise<void> {
    if (this.#state === 'spent')
      throw new OwnershipLost(`${transactionalId(this.identity)} is spent.`);
    if (this.#state === 'appending') throw new Error('One append at a time.');
    checkAppendLimits(records);
    if (records.length === 0) return;
    this.#state = 'appending';
    await this.#gate.pass();
    const writes = this.#located(records);
    try {
      await this.#transact(writes);
    } catch (error) {
      this.#state = this.#afterFailure;
      throw error;
    }
    this.#state = 'ready';
  }

  close(): Promise<void> {
    this.#state = 'spent';
    return Promise.resolve();
  }

  #located(records: readonly OutRecord[]): Writes {
    try {
      return records.map((record) => ({ partition: this.#broker.partition(record), record }));
    } catch (error) {
      // Refused before anything was written: the writer can go on.
      this.#state = 'ready';
      throw error;
    }
  }

  /** The gate stands between the records and the commit, so that a stall can leave a transaction open. */
  async #transact(writes: Writes): Promise<void> {
    const id = transactionalId(this.identity);
    const { transactions, faults } = this.#broker;
    const transaction = transactions.begin(id, this.#epoch, writes);
    await this.#gate.pass();
    const unknown = faults.unknownCommit?.(this.identity);
    transactions.end(id, this.#epoch, transaction, unknown ?? 'committed');
    await this.#gate.pass();
    if (unknown) throw new CommitUnknown(`${id}: the answer was lost.`);
  }
}
