import type { LogAdmin, LogPort } from '@prorata/kafka-port';
import type { Logger, ReadyCheck } from '@prorata/service-runtime';

/** Between two looks; an owner that dies is missed by the group itself only after its session. */
const LOOK_MS = 2_000;
/** A group shares its partitions anew within this; a gateway that were not ready meanwhile would answer nobody. */
const GRACE_MS = 10_000;

export interface PartitionOwnersParts {
  readonly port: Pick<LogPort, 'admin'>;
  /** The writers' group and the commands' topic, full names. */
  readonly group: string;
  readonly topic: string;
  readonly partitions: number;
  readonly logger: Logger;
  readonly seen: (partition: number, isOwned: boolean) => void;
  /** Milliseconds, from wherever. */
  readonly now?: () => number;
}

/**
 * Asks the log, again and again, which partitions the writers' group owns: a command for one that
 * nobody owns would wait and end as "not known yet".
 */
export class PartitionOwners {
  readonly #parts: PartitionOwnersParts;
  readonly #now: () => number;
  readonly #ownedAtMs = new Map<number, number>();
  #admin: LogAdmin | null = null;
  #fault: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(parts: PartitionOwnersParts) {
    this.#parts = parts;
    this.#now = parts.now ?? (() => performance.now());
  }

  start(): void {
    this.#looking = this.look().finally(() => {
      if (this.#isStopped) return;
      this.#timer = setTimeout(() => this.start(), LOOK_MS);
      this.#timer.unref();
    });
  }

  /** Never rejects: what could not be seen is said by `check`. */
  async look(): Promise<void> {
    const { port, group, topic, partitions, seen, logger } = this.#parts;
    try {
      this.#admin ??= await port.admin();
      const owned = new Set(await this.#admin.ownedPartitions(group, topic));
      this.#fault = null;
      for (const partition of owned) this.#ownedAtMs.set(partition, this.#now());
      for (let partition = 0; partition < partitions; partition++) {
        seen(partition, owned.has(partition));
      }
    } catch (error) {
      this.#fault = error instanceof Error ? error.message : String(error);
      logger.warn({ err: error, group }, 'who owns the partitions cannot be seen');
      await this.#admin?.close().catch(() => undefined);
      this.#admin = null;
    }
  }

  check(): ReadyCheck {
    const { partitions } = this.#parts;
    const since = this.#now() - GRACE_MS;
    const missing = Array.from({ length: partitions }, (_, partition) => partition).filter(
      (partition) => (this.#ownedAtMs.get(partition) ?? -Infinity) < since,
    );
    if (missing.length === 0) return { name: 'partitions owned', ok: true };
    const why = this.#fault === null ? '' : `; the log did not say: ${this.#fault}`;
    const detail = `no writer owns ${missing.join(', ')}${why}`;
    return { name: 'partitions owned', ok: false, detail };
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#looking;
    await this.#admin?.close().catch(() => undefined);
  }
}
