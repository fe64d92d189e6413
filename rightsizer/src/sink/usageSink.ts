import { setTimeout as delay } from 'node:timers/promises';
import { LogUnavailable } from '@prorata/kafka-port';
import type {
  LogPort,
  LogRecord,
  OwnedSource,
  OwnershipHandlers,
  TopicPartition,
} from '@prorata/kafka-port';
import { UnreadableRecord } from '@prorata/schemas';
import type { Codec } from '@prorata/schemas';
import { TableFault } from '../table/tableFault.ts';
import type { PartitionClaim, RangeToCommit, UsageTable } from '../table/usageTable.ts';
import {
  judgeAtOnce,
  judgeRecord,
  objectionToQuota,
  quarantined,
  reusedId,
} from './judgeRecord.ts';
import type { KnownQuotas } from './knownQuotas.ts';
import type { JudgedRecord, Objection } from './judgeRecord.ts';
import { markerOf, RangeBuffer } from './rangeBuffer.ts';
import type { CutRule } from './rangeBuffer.ts';
import type { SeenIds } from './seenIds.ts';

export interface SinkRule extends CutRule {
  /** A range is cut when no record has come for this long: the one cut that goes by the clock. */
  readonly idleMs: number;
}

/** What became of the records of one range. */
export interface CommittedCounts {
  readonly records: number;
  readonly rows: number;
  /** Records whose id counts already. */
  readonly duplicates: number;
  /** Whole hours in which an id of this partition counts once: fewer than 24 when there are too many. */
  readonly lateHours: number;
}

/** The quotas of the log of events. */
export interface QuotaDirectory {
  readonly known: Pick<KnownQuotas, 'has' | 'wasPaidBy'>;
  /**
   * Resolves when everything is known that is in the log now.
   * @returns false when that took too long
   */
  settle(): Promise<boolean>;
}

/** What the sink tells: for metrics and logs. */
export interface SinkWatcher {
  committed(partition: number, range: CommittedCounts): void;
  quarantined(partition: number, reason: string, offset: bigint): void;
  /** A partition waits: what quotas there are cannot be read, and nothing is guessed. false: it goes on. */
  waiting(partition: number, waits: boolean): void;
  /** A claim was lost to another sink, which is normal when partitions move. */
  stale(partition: number, message: string): void;
  /** The marker could not be compared: retention has deleted the last record committed. */
  unverified(partition: number, offset: bigint): void;
}

export interface SinkOptions {
  readonly log: Pick<LogPort, 'log' | 'source'>;
  readonly codec: Codec;
  readonly table: Pick<UsageTable, 'takeOver' | 'commit'>;
  /** The ids that count already of a partition that was taken over: see `restoreSeenIds`. */
  readonly seenIds: (partition: number) => Promise<SeenIds>;
  /** What records may speak of; null: whatever they name. */
  readonly quotas: QuotaDirectory | null;
  /** Full names, the namespace included. */
  readonly topic: string;
  readonly group: string;
  readonly rule: SinkRule;
  readonly watcher: SinkWatcher;
}

export interface RunningSink {
  /** Rejects with the fault that ended the sink. */
  readonly finished: Promise<void>;
  /** Writes what is buffered, then leaves the group. */
  stop(): Promise<void>;
}

/** A registry that restarts answers again within this; longer is a fault that a supervisor should see. */
const REGISTRY_ATTEMPTS = 60;
const REGISTRY_PAUSE_MS = 1_000;

/**
 * A claim is lost to who owns the partition now, and the group tells us so in a moment. Only if it
 * still calls us the owner after this long do we take the partition back; at once, two sinks that were
 * set up wrongly would do nothing but take it from each other.
 */
const LOST_CLAIM_PAUSE_MS = 5_000;

/** Between looks for a log that is away, milliseconds. */
const LOG_PAUSE_MS = 500;

/** Usage events of all partitions this instance owns, into the table. */
export async function startUsageSink(options: SinkOptions): Promise<RunningSink> {
  const owned = new Map<number, PartitionIntake>();
  const faults = Promise.withResolvers<never>();
  faults.promise.catch(() => undefined);
  let source: OwnedSource | null = null;
  const stopping = new AbortController();
  const lost = (partition: TopicPartition): void => source?.reassign(partition);

  const handlers: OwnershipHandlers = {
    async assigned(partition) {
      const intake = await throughOutages(stopping.signal, () =>
        PartitionIntake.begin({
          options,
          partition,
          onLost: lost,
          onFault: faults.reject,
          stopping: stopping.signal,
        }),
      );
      owned.set(partition.partition, intake);
      return intake.start;
    },
    async revoked({ partition }) {
      const intake = owned.get(partition);
      owned.delete(partition);
      await intake?.drop();
    },
    async batch(partition, records) {
      const intake = owned.get(partition.partition);
      const next = await intake?.take(records);
      if (next !== undefined && next !== null) await hint(source, partition, next);
    },
  };
  source = await options.log.source.run({ group: options.group, topic: options.topic }, handlers);
  const running = source;
  return {
    finished: Promise.race([running.finished, faults.promise]),
    async stop() {
      stopping.abort();
      // A fault in this last write loses nothing: the records are read again from where the table stands.
      await Promise.allSettled([...owned.values()].map((intake) => intake.flush()));
      await running.stop();
    },
  };
}

/** A partition may be assigned while the broker is away: that is a reason to wait, not to end. */
async function throughOutages<T>(stopping: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof LogUnavailable) || stopping.aborted) throw error;
      await delay(LOG_PAUSE_MS);
    }
  }
}

/** For lag metrics alone: the table says where to go on, so a hint that fails is no matter. */
async function hint(source: OwnedSource | null, at: TopicPartition, next: bigint): Promise<void> {
  await source?.commitHint(at, next).catch(() => undefined);
}

type CountedRecord = Extract<JudgedRecord, { readonly kind: 'usage' }>;

interface IntakeParts {
  readonly options: SinkOptions;
  readonly partition: TopicPartition;
  readonly onLost: (partition: TopicPartition) => void;
  readonly onFault: (error: unknown) => void;
  readonly stopping: AbortSignal;
}

/**
 * One owned partition. Its batches and its idle flush take turns. While a range is being written the
 * next one is read and judged, and no more than that one: memory is bounded by two ranges.
 */
class PartitionIntake {
  readonly start: bigint;
  readonly #parts: IntakeParts;
  readonly #options: SinkOptions;
  readonly #partition: TopicPartition;
  readonly #buffer: RangeBuffer;
  readonly #seen: SeenIds;
  #claim: PartitionClaim;
  /** Whether all is known of quotas that was in the log when these records were read. */
  #isSettled = false;
  #markerDue: boolean;
  #turn: Promise<unknown> = Promise.resolve();
  /** The range on its way into the table; one at a time, so that the claim moves in order. */
  #writing: Promise<void> = Promise.resolve();
  /** What the last batch answered. */
  #told: bigint;
  #idle: NodeJS.Timeout | null = null;
  #retake: NodeJS.Timeout | null = null;
  #over = false;
  /** Ends the waits of a batch that is at work: the group would take a slow member for dead. */
  readonly #dropped = new AbortController();

  private constructor(parts: IntakeParts, claim: PartitionClaim, start: bigint, seen: SeenIds) {
    const { options, partition } = parts;
    this.#parts = parts;
    this.#options = options;
    this.#partition = partition;
    this.#claim = claim;
    this.#seen = seen;
    this.start = start;
    this.#told = claim.nextOffset;
    this.#markerDue = start === claim.marker?.offset;
    this.#buffer = new RangeBuffer(options.rule, claim.marker === null ? start : claim.nextOffset);
  }

  /** @throws TableFault RECORDS_LOST | TOPIC_CHANGED when the log cannot go on where the table ends */
  static async begin(parts: IntakeParts): Promise<PartitionIntake> {
    const { options, partition } = parts;
    const topicId = await options.log.log.topicId(partition.topic);
    const claim = await options.table.takeOver(partition.partition);
    checkTopicId(partition, claim.topicId, topicId);
    const beginning = await options.log.log.beginningOffset(partition);
    const end = await options.log.log.endOffset(partition);
    const start = startOf(claim, beginning, end);
    if (claim.marker !== null && start > claim.marker.offset) {
      options.watcher.unverified(partition.partition, start);
    }
    const seen = await options.seenIds(partition.partition);
    return new PartitionIntake(parts, { ...claim, topicId: topicId ?? claim.topicId }, start, seen);
  }

  /** @returns the next offset after what is committed by now; null when that is what was answered before */
  take(records: readonly LogRecord[]): Promise<bigint | null> {
    return this.#inTurn(async () => {
      this.#stopIdle();
      this.#isSettled = false;
      for (const record of records) {
        if (this.#isOver()) return null;
        if (this.#markerDue) {
          this.#checkMarker(record);
          continue;
        }
        if (this.#buffer.cutsBefore(record)) await this.#cut();
        // Nearly all are judged at once: a turn of the loop for each would cost as much as judging it.
        const judged = this.#judgeAtOnce(record) ?? (await this.#judge(record));
        if (judged === null) return null;
        this.#buffer.add(record, judged);
      }
      this.#awaitIdle();
      return this.#newlyCommitted();
    });
  }

  #newlyCommitted(): bigint | null {
    const { nextOffset } = this.#claim;
    if (nextOffset === this.#told) return null;
    this.#told = nextOffset;
    return nextOffset;
  }

  flush(): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#isOver()) await this.#cut();
      await this.#writing;
    });
  }

  /** What is buffered belongs to the next owner, who reads it again. */
  async drop(): Promise<void> {
    this.#over = true;
    this.#dropped.abort();
    this.#stopIdle();
    await this.#turn;
    // A fault has been told by then.
    await this.#writing.catch(() => undefined);
    if (this.#retake !== null) clearTimeout(this.#retake);
  }

  /** Read afresh each time: `drop` may have come while something was awaited. */
  #isOver(): boolean {
    return this.#over;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** The record committed last is read once more, to see that the topic is still the same. */
  #checkMarker(record: LogRecord): void {
    const { marker } = this.#claim;
    const same = record.offset === marker?.offset && markerOf(record).sha256 === marker.sha256;
    if (!same) {
      const { topic, partition } = this.#partition;
      throw new TableFault(
        'TOPIC_CHANGED',
        `${topic}[${partition}] does not hold the record at ${marker?.offset ?? 0n} that the table ends with`,
      );
    }
    this.#markerDue = false;
  }

  /** null: something has to be asked first, the registry or the log of events. */
  #judgeAtOnce(record: LogRecord): JudgedRecord | null {
    const judged = judgeAtOnce(this.#options.codec, record);
    if (judged?.kind !== 'usage') return judged === null ? null : this.#tell(judged);
    const objection = this.#objectionToQuota(judged);
    if (objection === null) return this.#tell(this.#countedOnce(record, judged));
    return this.#isSettled ? this.#tell(quarantined(record, ...objection)) : null;
  }

  #objectionToQuota({ usage, loggedAt }: CountedRecord): Objection | null {
    const { quotas } = this.#options;
    return quotas === null ? null : objectionToQuota(usage, loggedAt, quotas.known);
  }

  #tell(judged: JudgedRecord): JudgedRecord {
    if (judged.kind === 'quarantine') {
      const { reason, offset } = judged.row;
      this.#options.watcher.quarantined(this.#partition.partition, reason, offset);
    }
    return judged;
  }

  /** null: dropped while the registry was away. */
  async #judge(record: LogRecord): Promise<JudgedRecord | null> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const judged = await this.#counts(record, await judgeRecord(this.#options.codec, record));
        return judged === null ? null : this.#tell(judged);
      } catch (error) {
        if (this.#isOver()) return null;
        if (error instanceof UnreadableRecord || attempt === REGISTRY_ATTEMPTS) throw error;
        await delay(REGISTRY_PAUSE_MS, undefined, { signal: this.#dropped.signal }).catch(
          () => undefined,
        );
        if (this.#isOver()) return null;
      }
    }
  }

  /** null: dropped while the log of events was away. */
  async #counts(record: LogRecord, judged: JudgedRecord): Promise<JudgedRecord | null> {
    if (judged.kind !== 'usage') return judged;
    const { quotas } = this.#options;
    let objection = this.#objectionToQuota(judged);
    if (quotas !== null && objection !== null && !this.#isSettled) {
      if (!(await this.#settle(quotas))) return null;
      objection = this.#objectionToQuota(judged);
    }
    if (objection !== null) return quarantined(record, ...objection);
    return this.#countedOnce(record, judged);
  }

  /** Before anything is called unknown: whatever was decided before the record was read is known then. */
  async #settle(quotas: QuotaDirectory): Promise<boolean> {
    const { partition } = this.#partition;
    for (let waits = false; ; waits = true) {
      const settled = await quotas.settle().catch((error: unknown) => {
        if (error instanceof LogUnavailable) return false;
        throw error;
      });
      if (this.#isOver() || settled) {
        if (waits) this.#options.watcher.waiting(partition, false);
        this.#isSettled = settled;
        return settled && !this.#isOver();
      }
      this.#options.watcher.waiting(partition, true);
      await delay(REGISTRY_PAUSE_MS, undefined, { signal: this.#dropped.signal }).catch(
        () => undefined,
      );
    }
  }

  #countedOnce(record: LogRecord, judged: CountedRecord): JudgedRecord {
    const { usage, loggedAt } = judged;
    const verdict = this.#seen.verdict(usage, loggedAt);
    if (verdict === 'duplicate') return { kind: 'duplicate' };
    if (verdict === 'reused') return reusedId(record, usage);
    this.#seen.add(usage, loggedAt);
    return judged;
  }

  /** What is buffered goes on its way, once the range before has arrived. @throws what kept that one back */
  async #cut(): Promise<void> {
    await this.#writing;
    if (this.#isOver()) return;
    const range = this.#buffer.cut();
    if (range === null) return;
    this.#writing = this.#commit(range);
    this.#writing.catch((error: unknown) => {
      // Told at once: there may be no further record for which it would come to light. After the end it
      // concerns nobody: the next owner reads the records again.
      if (!this.#isOver() && !this.#parts.stopping.aborted) this.#parts.onFault(error);
    });
  }

  async #commit(range: RangeToCommit): Promise<void> {
    await this.#checkTopic();
    if (this.#isOver()) return;
    try {
      const { topicId } = this.#claim;
      this.#claim = await this.#options.table.commit(this.#claim, { ...range, topicId });
      this.#options.watcher.committed(this.#partition.partition, {
        records: range.records,
        rows: range.usage.length,
        duplicates: range.duplicates,
        lateHours: this.#seen.hours,
      });
    } catch (error) {
      if (!(error instanceof TableFault) || error.code !== 'WRITER_STALE') throw error;
      this.#over = true;
      this.#options.watcher.stale(this.#partition.partition, error.message);
      this.#retake = setTimeout(() => this.#parts.onLost(this.#partition), LOST_CLAIM_PAUSE_MS);
    }
  }

  /** A topic that was made anew while it was read goes on at the same offsets, if it grew fast enough. */
  async #checkTopic(): Promise<void> {
    const { topicId } = this.#claim;
    if (topicId === null) return;
    const signal = AbortSignal.any([this.#dropped.signal, this.#parts.stopping]);
    const { topic } = this.#partition;
    const now = await throughOutages(signal, () => this.#options.log.log.topicId(topic));
    checkTopicId(this.#partition, topicId, now);
  }

  #awaitIdle(): void {
    if (this.#buffer.isEmpty || this.#isOver()) return;
    this.#idle = setTimeout(() => {
      this.flush().catch(this.#parts.onFault);
    }, this.#options.rule.idleMs);
  }

  #stopIdle(): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
  }
}

/** @throws TableFault TOPIC_CHANGED; a cluster without ids has the marker alone */
function checkTopicId(
  { topic, partition }: TopicPartition,
  had: string | null,
  has: string | null,
): void {
  if (had === null || has === null || had === has) return;
  const what = `${topic}[${partition}] was the topic ${had}`;
  throw new TableFault('TOPIC_CHANGED', `${what}, and is ${has} under the same name`);
}

/** One record before the next offset, where the log still has it: see `#checkMarker`. */
function startOf(claim: PartitionClaim, beginning: bigint, end: bigint): bigint {
  const { nextOffset, marker, partition } = claim;
  if (marker === null) return beginning;
  if (end < nextOffset) {
    throw new TableFault(
      'TOPIC_CHANGED',
      `partition ${partition} ends at ${end}, and the table has it up to ${nextOffset}`,
    );
  }
  if (beginning > nextOffset) {
    throw new TableFault(
      'RECORDS_LOST',
      `partition ${partition} begins at ${beginning}, and the table ends at ${nextOffset}`,
    );
  }
  return beginning > marker.offset ? nextOffset : marker.offset;
}
