import type { Follower, LogRecord, TopicPartition } from '../port.ts';

type OnBatch = (records: readonly LogRecord[]) => void | Promise<void>;

/** One batch at work and one ready, so that a slow handler never waits for the network. */
const queuedBatchesMax = 2;

/**
 * A partition that is being followed: fetched batches wait here for their handler, one at a time.
 * following → stopping (the batch at work is finished) → ended, or → failed.
 */
export class FollowedPartition implements Follower {
  readonly partition: TopicPartition;
  readonly finished: Promise<void>;
  /** The broker to fetch from, unknown at first and after an error. */
  leader: string | undefined;
  /** The next fetch must ask for this partition alone. */
  alone = false;
  /** Since when the topic is unknown to the broker, by `performance.now()`. */
  absentSinceMs: number | undefined;
  #fetchPosition: bigint;
  #position: bigint;
  #waiting: { records: readonly LogRecord[]; next: bigint }[] = [];
  #atWork: Promise<void> = Promise.resolve();
  #isWorking = false;
  #ended = false;
  readonly #onBatch: OnBatch;
  readonly #changed: () => void;
  readonly #settle: { resolve: () => void; reject: (error: unknown) => void };

  /** @param changed called when there is room for another batch, and at the end. */
  constructor(partition: TopicPartition, from: bigint, onBatch: OnBatch, changed: () => void) {
    this.partition = partition;
    this.#fetchPosition = from;
    this.#position = from;
    this.#onBatch = onBatch;
    this.#changed = changed;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.finished = promise;
    this.#settle = { resolve: () => resolve(undefined), reject };
    // Whoever cares awaits `finished`; a failure that nobody awaits must not end the process.
    promise.catch(() => undefined);
  }

  get position(): bigint {
    return this.#position;
  }

  get fetchPosition(): bigint {
    return this.#fetchPosition;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get hasRoom(): boolean {
    return !this.#ended && this.#waiting.length + (this.#isWorking ? 1 : 0) < queuedBatchesMax;
  }

  /** Takes what was fetched at `fetchPosition`; `next` is where to fetch from then on. */
  accept(records: readonly LogRecord[], next: bigint): void {
    if (this.#ended) return;
    this.#fetchPosition = next;
    this.#waiting.push({ records, next });
    if (!this.#isWorking) this.#atWork = this.#work();
  }

  fail(error: unknown): void {
    if (this.#ended) return;
    this.#end();
    this.#settle.reject(error);
  }

  async stop(): Promise<void> {
    this.#end();
    await this.#atWork;
    this.#settle.resolve();
  }

  #end(): void {
    this.#ended = true;
    this.#waiting = [];
    this.#changed();
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    try {
      for (
        let batch = this.#waiting.shift();
        batch && !this.#ended;
        batch = this.#waiting.shift()
      ) {
        if (batch.records.length > 0) await this.#onBatch(batch.records);
        this.#position = batch.next;
        this.#changed();
      }
    } catch (error) {
      this.fail(error);
    } finally {
      this.#isWorking = false;
      this.#changed();
    }
  }
}
