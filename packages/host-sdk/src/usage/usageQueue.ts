import type { UsageRecorded } from '@prorata/schemas';
import { Backoff } from '../backoff.ts';
import { UsageRefused } from './usageChannel.ts';
import type { UsageChannel } from './usageChannel.ts';

/** An hour of ten quotas in windows of 10 s, or a minute of 500: about 10 MB. */
const QUEUE_RECORDS_MAX = 30_000;
/** A request's body of this many records stays under 256 KB. */
const BATCH_RECORDS_MAX = 250;
const RETRY_MIN_MS = 250;
const RETRY_MAX_MS = 15_000;

/**
 * Usage on its way, oldest first. A batch is retried as it is until it is taken; one that is refused
 * is halved, until the record that is to blame stands alone and is dropped. When the queue is full
 * the oldest that is not under way is dropped. What is dropped is counted.
 */
export class UsageQueue {
  sent = 0;
  dropped = 0;
  readonly #channel: UsageChannel;
  readonly #failed: (error: unknown) => void;
  readonly #abort = new AbortController();
  readonly #backoff = new Backoff(RETRY_MIN_MS, RETRY_MAX_MS);
  #waiting: UsageRecorded[] = [];
  #underWay = 0;
  #batchMax = BATCH_RECORDS_MAX;
  #sending: Promise<void> | null = null;

  constructor(channel: UsageChannel, failed: (error: unknown) => void) {
    this.#channel = channel;
    this.#failed = failed;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Takes the records at once and sends them on its own time. */
  push(records: readonly UsageRecorded[]): void {
    for (const record of records) this.#waiting.push(record);
    const excess = this.#waiting.length - QUEUE_RECORDS_MAX;
    if (excess > 0) {
      this.#waiting.splice(this.#underWay, excess);
      this.dropped += excess;
    }
    this.#sending ??= this.#sendAll();
  }

  /** Resolves when all is sent, or after `withinMs`; what is left then is lost, and counted. */
  async close(withinMs: number): Promise<void> {
    const timer = setTimeout(() => this.#abort.abort(), withinMs);
    const late = new Promise((resolve) =>
      this.#abort.signal.addEventListener('abort', resolve, { once: true }),
    );
    await Promise.race([this.#sending, late]);
    clearTimeout(timer);
    this.#abort.abort();
    this.dropped += this.#waiting.length;
    this.#waiting = [];
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#abort.signal.aborted) {
      const batch = this.#waiting.slice(0, this.#batchMax);
      this.#underWay = batch.length;
      try {
        await this.#channel.sendUsage(batch);
        if (this.#done(batch.length)) this.sent += batch.length;
        this.#backoff.reset();
        this.#batchMax = Math.min(BATCH_RECORDS_MAX, this.#batchMax * 2);
      } catch (error) {
        if (error instanceof UsageRefused) this.#refused(batch.length, error);
        else {
          this.#failed(error);
          await this.#backoff.pause(this.#abort.signal);
        }
      }
    }
    this.#sending = null;
  }

  /** The others of its batch are not to blame for one record, nor for their number. */
  #refused(records: number, error: UsageRefused): void {
    if (records > 1) {
      this.#batchMax = Math.ceil(records / 2);
      return;
    }
    this.#failed(error);
    if (this.#done(1)) this.dropped += 1;
  }

  /** @returns false when the queue was closed meanwhile, and what waited is counted as dropped. */
  #done(records: number): boolean {
    if (this.#abort.signal.aborted) return false;
    this.#waiting.splice(0, records);
    this.#underWay = 0;
    return true;
  }
}
