import { LogUnavailable } from '@prorata/kafka-port';
import type { LogRecord, PartitionLog, TopicPartition } from '@prorata/kafka-port';
import { UnreadableRecord } from '@prorata/schemas';
import type { Codec } from '@prorata/schemas';
import type { TraceRecords } from '@prorata/service-runtime';
import type { Pool } from 'pg';
import type { Logger } from '../logger.ts';
import {
  applyBatch,
  CheckpointMoved,
  isGone,
  isPassing,
  isUnstorable,
  readCheckpoint,
} from '../database/applyBatch.ts';
import type { CheckpointKey, RowChanges } from '../database/applyBatch.ts';
import { BrokenInvariant } from '../projection/projection.ts';
import type { DecodedRecord, Projection } from '../projection/projection.ts';
import { pauseAfter } from './backoff.ts';
import { describeStop, stopCodeOf } from './partitionStop.ts';
import type { PartitionStop } from './partitionStop.ts';

/** Records in one transaction: what the log hands over at once, little enough to keep a lock short. */
const RECORDS_PER_BATCH_MAX = 5_000;

export interface PartitionParts {
  readonly log: PartitionLog;
  readonly codec: Codec;
  readonly pool: Pool;
  readonly logger: Logger;
  readonly checkpoint: CheckpointKey;
  readonly newProjection: () => Projection;
  /** Asks for the partition anew: somebody else has moved its checkpoint. */
  readonly rejoin: () => void;
  readonly applied: (records: number) => void;
  /** Hears of each record that could not be read and was passed over. */
  readonly skipped?: (() => void) | undefined;
  /** Absent: nothing is traced. A restore never is: what it reads is long over. */
  readonly trace?: TraceRecords | undefined;
  /** Records in one transaction. */
  readonly recordsPerBatchMax?: number;
}

type Phase = 'restoring' | 'serving' | 'revoked';

/**
 * One partition while this instance owns it: restoring → serving → revoked, with a stop possible in
 * the first two. Restoring folds what the checkpoint covers, without writing, and applies the rest;
 * serving applies batch after batch. Ownership only saves work: two owners at once, a zombie and a
 * redelivery are told apart by the checkpoint alone.
 */
export class OwnedPartition {
  readonly #place: TopicPartition;
  readonly #parts: PartitionParts;
  readonly #revoked = new AbortController();
  #projection: Projection;
  #phase: Phase = 'restoring';
  /** The database's, as this owner left it. */
  #checkpoint = 0n;
  /** The first offset that the projection has not taken. */
  #position = 0n;
  #stop: PartitionStop | null = null;
  #trouble: string | null = null;

  constructor(place: TopicPartition, parts: PartitionParts) {
    this.#place = place;
    this.#parts = parts;
    this.#projection = parts.newProjection();
  }

  get stop(): PartitionStop | null {
    return this.#stop;
  }

  /** What keeps it from its work at the moment; null when nothing does. */
  get trouble(): string | null {
    if (this.#stop !== null) return describeStop(this.#stop);
    const { topic, partition } = this.#place;
    if (this.#trouble !== null) return `${topic}[${partition}] waits: ${this.#trouble}`;
    return this.#phase === 'restoring' ? `${topic}[${partition}] is being restored` : null;
  }

  /** @returns the offset to go on from. */
  async restore(): Promise<bigint> {
    const resume = await this.#persist(() => this.#restoreOnce());
    if (this.#phase === 'restoring') this.#phase = 'serving';
    return resume ?? 0n;
  }

  /** Resolves when the records are applied; of a stopped partition, when it is revoked. */
  async take(records: readonly LogRecord[]): Promise<void> {
    const spans = this.#parts.trace?.(records.filter(({ offset }) => offset >= this.#position));
    try {
      await this.#apply(records);
    } finally {
      spans?.ended(this.#checkpoint);
    }
    if (this.#stop !== null) await this.#untilRevoked();
  }

  revoke(): void {
    this.#phase = 'revoked';
    this.#revoked.abort();
  }

  async #restoreOnce(): Promise<bigint> {
    const { log, pool, checkpoint } = this.#parts;
    this.#projection = this.#parts.newProjection();
    this.#stop = null;
    this.#checkpoint = await readCheckpoint(pool, checkpoint);
    const beginning = await log.beginningOffset(this.#place);
    const from =
      this.#projection.folds || beginning > this.#checkpoint ? beginning : this.#checkpoint;
    this.#position = from;
    if (this.#projection.wholeLog && beginning > 0n) {
      this.#stopAt(beginning, 'LOG_INCOMPLETE', new Error('Its first records are gone.'));
      return beginning;
    }
    await this.#checkEnd();
    const end = await log.readToEnd(this.#place, from, (records) => this.#apply(records));
    return this.stop?.offset ?? end;
  }

  /** A broker that has just started may not know its end yet; tables of another log never pass. */
  async #checkEnd(): Promise<void> {
    const end = await this.#parts.log.endOffset(this.#place);
    if (end >= this.#checkpoint) return;
    throw new LogUnavailable(
      `the tables have gone to ${this.#checkpoint} and the log ends at ${end}; ` +
        'tables of another log must be dropped',
    );
  }

  async #apply(records: readonly LogRecord[]): Promise<void> {
    const fresh = records.filter((record) => record.offset >= this.#position);
    const { recordsPerBatchMax = RECORDS_PER_BATCH_MAX } = this.#parts;
    for (let at = 0; at < fresh.length; at += recordsPerBatchMax) {
      if (this.#isOver()) return;
      await this.#applyBatch(fresh.slice(at, at + recordsPerBatchMax));
    }
  }

  async #applyBatch(records: readonly LogRecord[]): Promise<void> {
    const { decoded, unreadable } = await this.#decode(records);
    try {
      const known = decoded.filter(({ offset }) => offset < this.#checkpoint);
      for (const record of known) this.#projection.fold(record);
      await this.#write(decoded.slice(known.length));
    } catch (error) {
      this.#stopFor(error);
    }
    if (unreadable !== null && !this.#isOver()) {
      this.#stopAt(unreadable.offset, 'EVENT_UNREADABLE', unreadable.error);
    }
  }

  async #write(records: readonly DecodedRecord[]): Promise<void> {
    if (records.length === 0 || this.#isOver()) return;
    const { changes, records: taken, broken } = this.#projection.project(records);
    const last = records[taken - 1];
    if (last !== undefined) {
      await this.#commit(changes, last.offset + 1n, taken).catch((error: unknown) => {
        throw isUnstorable(error) ? unstorable(records[0]?.offset ?? 0n, error) : error;
      });
    }
    if (broken !== null && !this.#isOver()) this.#stopFor(broken);
  }

  async #commit(changes: RowChanges, to: bigint, records: number): Promise<void> {
    const { pool, checkpoint, rejoin, applied } = this.#parts;
    await this.#persist(async () => {
      try {
        await applyBatch(pool, checkpoint, { from: this.#checkpoint, to }, changes);
        this.#checkpoint = to;
        applied(records);
      } catch (error) {
        if (!(error instanceof CheckpointMoved)) throw error;
        this.#parts.logger.warn({ ...checkpoint, expected: this.#checkpoint }, error.message);
        rejoin();
        await this.#untilRevoked();
      }
    });
  }

  /** Decodes up to the first record that cannot be read. */
  async #decode(records: readonly LogRecord[]): Promise<{
    readonly decoded: readonly DecodedRecord[];
    readonly unreadable: { readonly offset: bigint; readonly error: UnreadableRecord } | null;
  }> {
    const decoded: DecodedRecord[] = [];
    for (const record of records) {
      try {
        const next = await this.#persist(() => this.#decodeOne(record));
        if (next === undefined) break;
        decoded.push(next);
        this.#position = record.offset + 1n;
      } catch (error) {
        if (!(error instanceof UnreadableRecord)) throw error;
        if (this.#projection.skipsUnreadable) {
          this.#parts.skipped?.();
          this.#position = record.offset + 1n;
          continue;
        }
        return { decoded, unreadable: { offset: record.offset, error } };
      }
    }
    return { decoded, unreadable: null };
  }

  async #decodeOne({ offset, value, timestampMs: loggedAtMs }: LogRecord): Promise<DecodedRecord> {
    const { codec } = this.#parts;
    const message = await codec.decode(value);
    const wantsHash = this.#projection.hashes && offset >= this.#checkpoint;
    return {
      offset,
      message,
      loggedAtMs,
      hash: wantsHash ? (await codec.hash(value)).toString('hex') : null,
    };
  }

  /**
   * Tries until it works, or until the partition is revoked (then undefined): an outage of the
   * database, the registry or the log is waited for, and says so in `trouble`.
   */
  async #persist<T>(work: () => Promise<T>): Promise<T | undefined> {
    for (let attempt = 0; this.#phase !== 'revoked'; attempt += 1) {
      try {
        const result = await work();
        this.#trouble = null;
        return result;
      } catch (error) {
        if (isGone(error)) {
          this.#trouble = 'its tables were dropped';
          await this.#untilRevoked();
          return undefined;
        }
        if (!isOutage(error)) throw error;
        this.#trouble = error.message;
        this.#parts.logger.warn({ ...this.#place, err: error }, 'Waiting for what is down.');
        await pauseAfter(attempt, this.#revoked.signal);
      }
    }
    return undefined;
  }

  #stopFor(error: unknown): void {
    const code = stopCodeOf(error);
    if (code === null || !(error instanceof Error)) throw error;
    const offset = 'offset' in error ? (error.offset as bigint) : this.#position;
    this.#stopAt(offset, code, error);
  }

  #stopAt(offset: bigint, code: PartitionStop['code'], cause: Error): void {
    this.#stop = { ...this.#place, offset, code, cause };
    this.#parts.logger.error(
      { ...this.#place, offset, code, err: cause },
      describeStop(this.#stop),
    );
  }

  #isOver(): boolean {
    return this.#stop !== null || this.#phase === 'revoked';
  }

  #untilRevoked(): Promise<void> {
    const { signal } = this.#revoked;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}

function unstorable(offset: bigint, cause: unknown): BrokenInvariant {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BrokenInvariant(offset, `The batch from here does not fit the tables: ${reason}`, {
    cause,
  });
}

function isOutage(error: unknown): error is Error {
  if (error instanceof LogUnavailable || isPassing(error)) return true;
  // What fetch throws when the registry cannot be reached, and what the registry's client throws.
  return error instanceof Error && /schema registry|fetch failed/i.test(error.message);
}
