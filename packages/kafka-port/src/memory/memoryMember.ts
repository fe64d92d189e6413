import type { LogRecord, OwnedSource, OwnershipHandlers, OwnershipOptions } from '../port.ts';
import type { TopicPartition } from '../port.ts';
import { Tenancy } from '../tenancy.ts';
import type { TenancyParts } from '../tenancy.ts';
import type { MemoryBroker } from './memoryBroker.ts';
import { MemoryFollower } from './memoryFollower.ts';
import type { ProcessGate } from './memoryProcess.ts';

const sessionTimeoutDefaultMs = 10_000;
/** As the kafkajs adapter's heartbeats, virtual milliseconds. */
const heartbeatMs = 500;

/** A group member: it beats while its process runs, and learns what it missed when it runs again. */
export class MemoryMember implements OwnedSource {
  readonly finished: Promise<void>;
  readonly #broker: MemoryBroker;
  readonly #gate: ProcessGate;
  readonly #log: TenancyParts['log'];
  readonly #options: Required<OwnershipOptions>;
  readonly #handlers: OwnershipHandlers;
  readonly #settle: { resolve: () => void; reject: (error: unknown) => void };
  readonly #tenancies = new Map<number, Tenancy>();
  readonly #endings = new Map<number, Promise<void>>();
  #memberId = '';
  #assignments = 0;
  #isEnded = false;

  constructor(
    broker: MemoryBroker,
    gate: ProcessGate,
    log: TenancyParts['log'],
    options: OwnershipOptions,
    handlers: OwnershipHandlers,
  ) {
    this.#broker = broker;
    this.#gate = gate;
    this.#log = log;
    this.#options = { sessionTimeoutMs: sessionTimeoutDefaultMs, ...options };
    this.#handlers = handlers;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.finished = promise;
    this.#settle = { resolve: () => resolve(undefined), reject };
    promise.catch(() => undefined);
  }

  async start(): Promise<void> {
    await this.#gate.pass();
    this.#join();
    this.#beat();
  }

  async commitHint(): Promise<void> {
    await this.#gate.pass();
  }

  reassign({ partition }: TopicPartition): void {
    if (!this.#tenancies.has(partition)) return;
    this.#revoke(partition);
    this.#assign(partition);
  }

  async stop(): Promise<void> {
    await this.#end();
    this.#settle.resolve();
  }

  #join(): void {
    const { group, topic, sessionTimeoutMs } = this.#options;
    this.#broker.partition({ topic, partition: 0 });
    const partitions = this.#broker.topics.get(topic)?.partitions.length ?? 0;
    this.#memberId = this.#broker.groups.join(
      group,
      { topic, partitions },
      sessionTimeoutMs,
      (memberId, share) => {
        const order = ++this.#assignments;
        void this.#gate.pass().then(() => {
          // One that a later one has overtaken is of a generation that is over.
          if (order === this.#assignments) this.#assigned(memberId, share);
        });
      },
    );
  }

  #beat(): void {
    this.#broker.clock.after(heartbeatMs, () => {
      void this.#gate.pass().then(() => {
        if (this.#isEnded) return;
        if (!this.#broker.groups.heartbeat(this.#options.group, this.#memberId)) {
          for (const partition of [...this.#tenancies.keys()]) this.#revoke(partition);
          this.#join();
        }
        this.#beat();
      });
    });
  }

  #assigned(memberId: string, share: readonly number[]): void {
    // An assignment that a stall has delayed past the session speaks of a membership that is over.
    if (this.#isEnded || memberId !== this.#memberId) return;
    for (const partition of [...this.#tenancies.keys()]) {
      if (!share.includes(partition)) this.#revoke(partition);
    }
    for (const partition of share) {
      if (!this.#tenancies.has(partition)) this.#assign(partition);
    }
  }

  #assign(partition: number): void {
    const parts: TenancyParts = {
      handlers: this.#handlers,
      log: this.#log,
      follow: (place, from, onBatch) => this.#follow(place, from, onBatch),
      reassign: () => this.reassign({ topic: this.#options.topic, partition }),
      pause: () => this.#broker.clock.sleep(heartbeatMs),
      failed: (error) => this.#fail(error),
    };
    const previous = this.#endings.get(partition) ?? Promise.resolve();
    this.#tenancies.set(
      partition,
      new Tenancy({ topic: this.#options.topic, partition }, previous, parts),
    );
  }

  #follow(
    place: TopicPartition,
    from: bigint,
    onBatch: (records: readonly LogRecord[]) => Promise<void>,
  ) {
    const { faults } = this.#broker;
    const deliver = async (records: readonly LogRecord[]): Promise<void> => {
      await onBatch(records);
      if (faults.duplicateDelivery?.(place)) await onBatch(records);
    };
    return new MemoryFollower(
      this.#broker,
      this.#broker.partition(place),
      this.#gate,
      from,
      deliver,
    );
  }

  #revoke(partition: number): void {
    const tenancy = this.#tenancies.get(partition);
    if (!tenancy) return;
    this.#tenancies.delete(partition);
    this.#endings.set(partition, tenancy.end());
  }

  #fail(error: unknown): void {
    if (this.#isEnded) return;
    this.#settle.reject(error);
    void this.#end();
  }

  async #end(): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    for (const partition of [...this.#tenancies.keys()]) this.#revoke(partition);
    await Promise.all(this.#endings.values());
    this.#broker.groups.leave(this.#options.group, this.#memberId);
  }
}
