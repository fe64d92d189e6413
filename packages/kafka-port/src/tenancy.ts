import { CommitUnknown, LogUnavailable, OffsetGone, OwnershipLost } from './port.ts';
import type {
  Follower,
  LogRecord,
  OwnershipHandlers,
  PartitionLog,
  TopicPartition,
} from './port.ts';

export interface TenancyParts {
  readonly handlers: OwnershipHandlers;
  readonly log: Pick<PartitionLog, 'beginningOffset' | 'endOffset'>;
  /** Starts to hand over what stands from `from` on. */
  readonly follow: (
    partition: TopicPartition,
    from: bigint,
    onBatch: (records: readonly LogRecord[]) => Promise<void>,
  ) => Pick<Follower, 'finished' | 'stop'>;
  /** Called when a handler's writer is spent: the partition is to be taken afresh. */
  readonly reassign: () => void;
  /** The pause before a restore that failed for a passing reason is tried again. */
  readonly pause: () => Promise<void>;
  /** Called when a handler or the reading has failed: the source ends. */
  readonly failed: (error: unknown) => void;
}

/**
 * One stretch of owning one partition: waiting (for the previous stretch to end) → restoring
 * (`assigned` runs) → serving (`batch` runs) → gone. Records are read from the offset that `assigned`
 * names, never from the group's committed one, which is a hint.
 */
export class Tenancy {
  readonly partition: TopicPartition;
  readonly #parts: TenancyParts;
  readonly #serving: Promise<void>;
  #followed: ReturnType<TenancyParts['follow']> | undefined;
  #isAssigned = false;
  #isGone = false;

  constructor(partition: TopicPartition, previous: Promise<void>, parts: TenancyParts) {
    this.partition = partition;
    this.#parts = parts;
    this.#serving = this.#serve(previous);
  }

  /** Resolves when every handler of this tenancy is done. A failing `revoked` ends the source. */
  async end(): Promise<void> {
    if (this.#isGone) return;
    this.#isGone = true;
    const stopped = this.#followed?.stop();
    if (this.#isAssigned) {
      try {
        await this.#parts.handlers.revoked(this.partition);
      } catch (error) {
        this.#parts.failed(error);
      }
    }
    await stopped;
    await this.#serving;
  }

  async #serve(previous: Promise<void>): Promise<void> {
    await previous;
    if (this.#isGone) return;
    this.#isAssigned = true;
    try {
      const from = await this.#untilPassed(() => this.#parts.handlers.assigned(this.partition));
      if (from === null) return;
      // Apart from `assigned`, whose owner serves already: an outage now must not make it a second one.
      await this.#untilPassed(() => this.#checkHeld(from));
      this.#follow(from);
    } catch (error) {
      this.#failUnlessGone(error);
    }
  }

  /** What the step gives, tried again while its fault may pass; null: the tenancy is over before. */
  async #untilPassed<T>(step: () => Promise<T>): Promise<T | null> {
    while (!this.#isOver()) {
      try {
        return await step();
      } catch (error) {
        if (!mayPass(error)) throw error;
        await this.#parts.pause();
      }
    }
    return null;
  }

  #isOver(): boolean {
    return this.#isGone;
  }

  #follow(from: bigint): void {
    if (this.#isGone) return;
    const { handlers, follow } = this.#parts;
    this.#followed = follow(this.partition, from, (records) =>
      handlers.batch(this.partition, records),
    );
    this.#followed.finished.catch((error: unknown) => {
      if (meansSpent(error) && !this.#isGone) this.#parts.reassign();
      else this.#failUnlessGone(error);
    });
  }

  /** What goes wrong after the end concerns nobody: the successor restores by itself. */
  #failUnlessGone(error: unknown): void {
    if (!this.#isGone) this.#parts.failed(error);
  }

  /** An offset that the log does not hold would otherwise be noticed only at the next record, or never. */
  async #checkHeld(from: bigint): Promise<void> {
    const [beginning, end] = await Promise.all([
      this.#parts.log.beginningOffset(this.partition),
      this.#parts.log.endOffset(this.partition),
    ]);
    if (from < beginning || from > end) throw new OffsetGone(this.partition, from);
  }
}

/** Another owner took over, or nobody knows: fencing and restoring again answers both. */
function meansSpent(error: unknown): boolean {
  return error instanceof OwnershipLost || error instanceof CommitUnknown;
}

function mayPass(error: unknown): boolean {
  return meansSpent(error) || error instanceof LogUnavailable;
}
