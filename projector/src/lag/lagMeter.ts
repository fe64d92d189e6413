import { LogRefused, LogUnavailable } from '@prorata/kafka-port';
import type { PartitionLog } from '@prorata/kafka-port';
import { inNamespace } from '@prorata/schemas';
import type { Pool } from 'pg';
import { readCheckpoints } from '../database/checkpoints.ts';
import { endOfNothing } from './endOfNothing.ts';

/** Hosts report without transactions: every offset is a record. */
const inTransactions = (topic: string): boolean => topic !== 'host.reports';

/** Ends this young are not asked for again: a burst of queries costs the broker one round, milliseconds. */
const END_AGE_MS_MAX = 200;
/** An answer does not wait longer to learn how old it is, milliseconds. */
const END_WAIT_MS_MAX = 1_000;

export interface LagMeterParts {
  readonly pool: Pool;
  readonly log: PartitionLog;
  readonly namespace: string;
  readonly partitions: number;
  /** Of the copies that are read. */
  readonly schemas: readonly string[];
}

interface Ends {
  readonly at: number;
  readonly offsets: Promise<readonly bigint[]>;
}

/**
 * How many records of a topic the tables do not show yet: an upper bound, for offsets count aborted
 * records and the markers of transactions too. A gap that nothing fills is looked into once, so that
 * it reads as zero.
 */
export class LagMeter {
  readonly #parts: LagMeterParts;
  readonly #ends = new Map<string, Ends>();
  /** By topic and partition: the end up to which nothing follows the checkpoint. */
  readonly #emptyUpTo = new Map<string, { readonly next: bigint; readonly end: bigint }>();
  readonly #lookingInto = new Set<string>();

  constructor(parts: LagMeterParts) {
    this.#parts = parts;
  }

  /**
   * @param topics without the namespace
   * @returns null when the log does not say in time
   */
  async measure(topics: readonly string[]): Promise<bigint | null> {
    // The checkpoints first: what is read from the tables afterwards is at least that new.
    const checkpoints = await readCheckpoints(this.#parts.pool, this.#parts.schemas);
    let lag = 0n;
    for (const topic of topics) {
      const ends = await this.#endsOf(topic);
      if (ends === null) return null;
      ends.forEach((end, partition) => {
        lag += this.#behind(topic, partition, checkpoints.get(`${topic} ${partition}`) ?? 0n, end);
      });
    }
    return lag;
  }

  #behind(topic: string, partition: number, next: bigint, end: bigint): bigint {
    const key = `${topic} ${partition}`;
    const empty = this.#emptyUpTo.get(key);
    const from = empty?.next === next && empty.end > next ? empty.end : next;
    const gap = end - from;
    // A committed record is always followed by its transaction's marker before the end passes it, so
    // a gap of one is a marker, and a larger one ends with one.
    const marker = inTransactions(topic) ? 1n : 0n;
    if (gap <= marker) return 0n;
    this.#lookInto(topic, partition, next);
    return gap - marker;
  }

  /** Reads what follows the checkpoint, in the background, in case it is no record at all. */
  #lookInto(topic: string, partition: number, next: bigint): void {
    const key = `${topic} ${partition}`;
    if (this.#lookingInto.has(key)) return;
    this.#lookingInto.add(key);
    const { log, namespace } = this.#parts;
    const place = { topic: inNamespace(topic, namespace), partition };
    endOfNothing(log, place, next)
      .then((end) => end !== null && this.#emptyUpTo.set(key, { next, end }))
      // The log is away: the gap stands as it is.
      .catch(() => undefined)
      .finally(() => this.#lookingInto.delete(key));
  }

  async #endsOf(topic: string): Promise<readonly bigint[] | null> {
    const known = this.#ends.get(topic);
    const isYoung = known !== undefined && performance.now() - known.at < END_AGE_MS_MAX;
    const ends = isYoung ? known.offsets : this.#askEnds(topic);
    const { promise: late, resolve } = Promise.withResolvers<null>();
    const timer = setTimeout(() => resolve(null), END_WAIT_MS_MAX);
    try {
      return await Promise.race([ends, late]);
    } catch (error) {
      if (error instanceof LogUnavailable || error instanceof LogRefused) return null;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #askEnds(topic: string): Promise<readonly bigint[]> {
    const { log, namespace, partitions } = this.#parts;
    const full = inNamespace(topic, namespace);
    const offsets = Promise.all(
      Array.from({ length: partitions }, (_, partition) =>
        log.endOffset({ topic: full, partition }),
      ),
    );
    offsets.catch(() => this.#ends.delete(topic));
    this.#ends.set(topic, { at: performance.now(), offsets });
    return offsets;
  }
}
