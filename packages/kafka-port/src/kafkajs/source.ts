import type { Consumer, Kafka } from 'kafkajs';
import { delay } from '../delay.ts';
import type {
  OwnedSource,
  OwnershipHandlers,
  OwnershipOptions,
  PartitionLog,
  TopicPartition,
} from '../port.ts';
import { retryQuickly } from './client.ts';
import { asLogError, faultOf } from './errors.ts';
import type { Followers } from './followers.ts';
import { Tenancy } from '../tenancy.ts';
import type { TenancyParts } from '../tenancy.ts';

/** Short enough that a restart after kill -9 goes on soon, above Kafka's least of 6,000, milliseconds. */
const sessionTimeoutDefaultMs = 10_000;
/** How soon a member learns of a rebalance, milliseconds. */
const heartbeatMs = 500;
/** The pause between kafkajs's rounds while it fetches nothing, milliseconds: how exact `heartbeatMs` is. */
const roundMs = 100;
/**
 * Through an outage the member keeps its id and with it its partitions. A new member would have to
 * wait until the session of the old one, which could not say goodbye, has run out.
 */
const retryThroughOutage = { ...retryQuickly, retries: Number.MAX_SAFE_INTEGER } as const;
/** Without a heartbeat for so many sessions, and so many milliseconds, kafkajs has stalled. */
const silentSessionsMax = 3;
const silentMsMin = 60_000;
/** Before a join or a restore that failed is tried again, milliseconds. */
const restartPauseMs = 250;

export interface SourceParts {
  readonly kafka: Kafka;
  readonly log: PartitionLog;
  readonly followers: Followers;
  readonly closed: (source: GroupMember) => void;
}

/**
 * A member of a group that shares one topic's partitions. kafkajs does the membership alone: its
 * fetching is paused for ever and the records come from `Followers`, so heartbeats never wait for a
 * handler, and no offset is ever reset behind the owner's back.
 *
 * joining → member ⇄ rejoining (after a crash that may pass) → ended (`finished` settles).
 */
export class GroupMember implements OwnedSource {
  readonly finished: Promise<void>;
  readonly #parts: SourceParts;
  readonly #options: Required<OwnershipOptions>;
  readonly #handlers: OwnershipHandlers;
  readonly #settle: { resolve: () => void; reject: (error: unknown) => void };
  readonly #tenancies = new Map<number, Tenancy>();
  readonly #endings = new Map<number, Promise<void>>();
  #consumer: Consumer | undefined;
  #memberId = '';
  #lastSignMs = performance.now();
  #watchdog: NodeJS.Timeout | undefined;
  #isEnded = false;

  constructor(parts: SourceParts, options: OwnershipOptions, handlers: OwnershipHandlers) {
    this.#parts = parts;
    this.#options = { sessionTimeoutMs: sessionTimeoutDefaultMs, ...options };
    this.#handlers = handlers;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.finished = promise;
    this.#settle = { resolve: () => resolve(undefined), reject };
    promise.catch(() => undefined);
  }

  /**
   * Resolves when the first attempt to join is over. kafkajs reports a join that fails as a crash,
   * which is tried again or ends the source by `finished`.
   * @throws LogUnavailable | LogRefused when not even the topic can be asked for.
   */
  async start(): Promise<void> {
    try {
      await this.#join();
    } catch (error) {
      await this.#end();
      throw asLogError(error, `Joining ${this.#options.group}`);
    }
    this.#watchdog = setInterval(() => this.#watch(), 1_000).unref();
  }

  async commitHint({ topic, partition }: TopicPartition, next: bigint): Promise<void> {
    if (!this.#tenancies.has(partition)) return;
    // A hint that does not arrive (a rebalance, an outage) costs nothing: the next one says more.
    await this.#consumer
      ?.commitOffsets([{ topic, partition, offset: next.toString() }])
      .catch(() => undefined);
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

  async #join(): Promise<void> {
    const { group, topic, sessionTimeoutMs } = this.#options;
    const consumer = this.#parts.kafka.consumer({
      groupId: group,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: sessionTimeoutMs,
      heartbeatInterval: heartbeatMs,
      maxWaitTimeInMs: roundMs,
      allowAutoTopicCreation: false,
      retry: {
        ...retryThroughOutage,
        restartOnFailure: () => Promise.resolve(false),
      },
    });
    this.#consumer = consumer;
    this.#listen(consumer);
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      await consumer.run({ autoCommit: false, eachBatch: () => Promise.resolve() });
    } catch (error) {
      consumer.disconnect().catch(() => undefined);
      throw error;
    }
  }

  #listen(consumer: Consumer): void {
    const { GROUP_JOIN, HEARTBEAT, CRASH } = consumer.events;
    const { topic } = this.#options;
    consumer.on(GROUP_JOIN, ({ payload }) => {
      if (consumer !== this.#consumer || this.#isEnded) return;
      consumer.pause([{ topic }]);
      this.#lastSignMs = performance.now();
      this.#joined(payload.memberId, payload.memberAssignment[topic] ?? []);
    });
    consumer.on(HEARTBEAT, () => {
      this.#lastSignMs = performance.now();
    });
    consumer.on(CRASH, ({ payload }) => {
      if (consumer !== this.#consumer) return;
      if (faultOf(payload.error).retriable) void this.#rejoin();
      else this.#fail(asLogError(payload.error, `Consuming ${topic}`));
    });
  }

  /** The same member id means that no generation was missed: a partition kept was owned throughout. */
  #joined(memberId: string, partitions: readonly number[]): void {
    if (memberId !== this.#memberId) this.#revokeAll();
    this.#memberId = memberId;
    for (const partition of [...this.#tenancies.keys()]) {
      if (!partitions.includes(partition)) this.#revoke(partition);
    }
    for (const partition of partitions) {
      if (!this.#tenancies.has(partition)) this.#assign(partition);
    }
  }

  #assign(partition: number): void {
    const previous = this.#endings.get(partition) ?? Promise.resolve();
    const { log, followers } = this.#parts;
    const failed = (error: unknown): void => this.#fail(error);
    const follow: TenancyParts['follow'] = (...parameters) => followers.add(...parameters);
    const reassign = (): void => this.reassign({ topic: this.#options.topic, partition });
    const pause = (): Promise<void> => delay(restartPauseMs);
    const parts = { handlers: this.#handlers, log, follow, reassign, pause, failed };
    this.#tenancies.set(
      partition,
      new Tenancy({ topic: this.#options.topic, partition }, previous, parts),
    );
  }

  #revoke(partition: number): void {
    const tenancy = this.#tenancies.get(partition);
    if (!tenancy) return;
    this.#tenancies.delete(partition);
    this.#endings.set(partition, tenancy.end());
  }

  #revokeAll(): void {
    for (const partition of [...this.#tenancies.keys()]) this.#revoke(partition);
  }

  /** Membership is gone with the old consumer, so the partitions are too. */
  async #rejoin(): Promise<void> {
    const old = this.#consumer;
    this.#consumer = undefined;
    this.#revokeAll();
    old?.disconnect().catch(() => undefined);
    for (;;) {
      await delay(restartPauseMs);
      if (this.#isEnded) return;
      try {
        this.#lastSignMs = performance.now();
        await this.#join();
        return;
      } catch (error) {
        if (faultOf(error).retriable) continue;
        this.#fail(asLogError(error, 'Joining again'));
        return;
      }
    }
  }

  #watch(): void {
    const silentMs = performance.now() - this.#lastSignMs;
    const silentMsMax = Math.max(silentMsMin, silentSessionsMax * this.#options.sessionTimeoutMs);
    if (this.#consumer && !this.#isEnded && silentMs > silentMsMax) void this.#rejoin();
  }

  #fail(error: unknown): void {
    if (this.#isEnded) return;
    this.#settle.reject(error);
    void this.#end();
  }

  async #end(): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearInterval(this.#watchdog);
    this.#parts.closed(this);
    this.#revokeAll();
    await Promise.all(this.#endings.values());
    // Leaving comes after the handlers' last word, so that a successor does not overlap needlessly.
    await this.#consumer?.disconnect().catch(() => undefined);
  }
}
