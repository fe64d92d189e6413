import type { Kafka, Producer, Transaction } from 'kafkajs';
import { checkAppendLimits } from '../appendLimits.ts';
import { within } from '../delay.ts';
import { AppendTooLarge, CommitUnknown, LogUnavailable, OwnershipLost } from '../port.ts';
import type { OutRecord, PartitionWriter, WriterFactory, WriterIdentity } from '../port.ts';
import { transactionalId } from '../transactionalId.ts';
import { retryQuickly } from './client.ts';
import { asLogError, faultOf, meansOwnershipLost, meansTooLarge } from './errors.ts';
import type { KnownPartitions } from './knownPartitions.ts';
import { meansLeadersDiffer, OneLeader, REGROUPINGS_MAX } from './oneLeader.ts';
import { rememberCoordinators } from './rememberCoordinators.ts';
import { topicMessages } from './topicMessages.ts';

/** The broker aborts a transaction that is open for so long, milliseconds: a stalled writer blocks readers. */
const transactionTimeoutMs = 30_000;
/** An append or a fence without an outcome for so long is over, milliseconds: past the broker's own abort. */
const outcomeTimeoutMs = transactionTimeoutMs + 5_000;

export function createWriterFactory(
  kafka: Kafka,
  known: KnownPartitions,
): WriterFactory & { close(): Promise<void> } {
  const open = new Set<KafkaWriter>();
  rememberCoordinators(kafka);
  return {
    async fence(identity) {
      const writer: KafkaWriter = await KafkaWriter.fence(kafka, known, identity, () =>
        open.delete(writer),
      );
      open.add(writer);
      return writer;
    },
    async close() {
      await Promise.all(Array.from(open, (writer) => writer.close()));
    },
  };
}

/**
 * One transactional producer for one partition's owner: fenced → appending → spent. It is never used
 * again after an error whose outcome is open, since kafkajs leaves it in COMMITTING or ABORTING for
 * ever. `producer.send` would go out under a second id that nobody fences, so the producer is private.
 */
class KafkaWriter implements PartitionWriter {
  readonly identity: WriterIdentity;
  readonly #producer: Producer;
  readonly #known: KnownPartitions;
  readonly #oneLeader = new OneLeader(() => this.#state === 'spent');
  #closed: () => void = () => undefined;
  #state: 'ready' | 'appending' | 'spent' = 'ready';

  private constructor(kafka: Kafka, known: KnownPartitions, identity: WriterIdentity) {
    this.identity = identity;
    this.#known = known;
    this.#producer = kafka.producer({
      transactionalId: transactionalId(identity),
      transactionTimeout: transactionTimeoutMs,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      retry: retryQuickly,
      createPartitioner: this.#oneLeader.partitioner,
    });
  }

  /** @throws LogUnavailable | LogRefused */
  static async fence(
    kafka: Kafka,
    known: KnownPartitions,
    identity: WriterIdentity,
    closed: () => void,
  ): Promise<KafkaWriter> {
    const writer = new KafkaWriter(kafka, known, identity);
    try {
      await within(
        outcomeTimeoutMs,
        writer.#begin(),
        () => new LogUnavailable('The fence had no answer.'),
      );
    } catch (error) {
      writer.#spend();
      throw asLogError(error, `Fencing ${transactionalId(identity)}`);
    }
    writer.#closed = closed;
    return writer;
  }

  /** The first `transaction()` asks for the producer id, which is what ends older writers. */
  async #begin(): Promise<void> {
    await this.#producer.connect();
    const empty = await this.#producer.transaction();
    await empty.abort();
  }

  async append(records: readonly OutRecord[]): Promise<void> {
    if (this.#state === 'spent')
      throw new OwnershipLost(`${transactionalId(this.identity)} is spent.`);
    if (this.#state === 'appending') throw new Error('One append at a time.');
    checkAppendLimits(records);
    if (records.length === 0) return;
    this.#state = 'appending';
    await this.#refuseUnknown(records);
    const transaction = await this.#sendAll(records);
    try {
      await this.#inTime(transaction.commit());
    } catch (error) {
      throw this.#outcomeError(error);
    }
    this.#state = 'ready';
  }

  /** In one transaction, to one leader after another; begun anew while it turns out that leaders have moved. */
  async #sendAll(records: readonly OutRecord[]): Promise<Transaction> {
    for (let regroupings = 0; ; regroupings++) {
      const transaction = await this.#producer.transaction();
      try {
        for (const group of this.#oneLeader.groupsOf(records)) await this.#send(transaction, group);
        return transaction;
      } catch (error) {
        const mayRegroup = meansLeadersDiffer(error) && regroupings < REGROUPINGS_MAX;
        if (!mayRegroup) throw await this.#sendFailed(transaction, error);
        await this.#abortToBeginAnew(transaction);
      }
    }
  }

  async #send(transaction: Transaction, records: readonly OutRecord[]): Promise<void> {
    this.#oneLeader.begin();
    await this.#inTime(transaction.sendBatch({ acks: -1, topicMessages: topicMessages(records) }));
  }

  async #abortToBeginAnew(transaction: Transaction): Promise<void> {
    try {
      await this.#inTime(transaction.abort());
    } catch (error) {
      throw this.#outcomeError(error);
    }
  }

  /** Nothing has been written yet, so the writer can go on. */
  async #refuseUnknown(records: readonly OutRecord[]): Promise<void> {
    try {
      await this.#known.lookUp(records);
    } catch (error) {
      this.#state = 'ready';
      throw error instanceof LogUnavailable
        ? new CommitUnknown(error.message, { cause: error })
        : error;
    }
  }

  async close(): Promise<void> {
    this.#state = 'spent';
    this.#closed();
    await this.#producer.disconnect();
  }

  /** A refusal leaves the writer usable when the abort goes through; nothing else does. */
  async #sendFailed(transaction: Transaction, error: unknown): Promise<Error> {
    const fault = faultOf(error);
    const refusal = meansTooLarge(error)
      ? new AppendTooLarge(`The broker refused the batch: ${fault.code}`, { cause: error })
      : asLogError(error, 'Appending');
    if (meansOwnershipLost(error) || refusal.name === 'LogUnavailable')
      return this.#outcomeError(error);
    try {
      await this.#inTime(transaction.abort());
    } catch (abortError) {
      return this.#outcomeError(abortError);
    }
    this.#state = 'ready';
    return refusal;
  }

  #outcomeError(error: unknown): OwnershipLost | CommitUnknown {
    this.#spend();
    const message = `${transactionalId(this.identity)}: ${faultOf(error).code}`;
    return meansOwnershipLost(error)
      ? new OwnershipLost(message, { cause: error })
      : new CommitUnknown(message, { cause: error });
  }

  #spend(): void {
    this.#state = 'spent';
    this.#closed();
    // Nobody waits for it: on a broken connection it may last as long as the outage.
    this.#producer.disconnect().catch(() => undefined);
  }

  #inTime<T>(work: Promise<T>): Promise<T> {
    return within(
      outcomeTimeoutMs,
      work,
      () => new LogUnavailable('No answer within the transaction timeout.'),
    );
  }
}
