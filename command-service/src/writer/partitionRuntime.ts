import { CommitUnknown, LogUnavailable, OffsetGone, OwnershipLost } from '@prorata/kafka-port';
import type {
  LogPort,
  LogRecord,
  PartitionLog,
  PartitionWriter,
  TopicPartition,
} from '@prorata/kafka-port';
import type { Logger } from '@prorata/service-runtime';
import { anchorDueAt, unanchoredEvents } from '../anchor/anchorEvent.ts';
import type { AnchorParts } from '../anchor/anchorEvent.ts';
import { sleep } from '../clock.ts';
import type { Clock } from '../clock.ts';
import type { Snapshots } from '../snapshot/snapshots.ts';
import type { Pulse } from '../watchdog/watchdog.ts';
import { BATCH_BYTES_MAX, BATCH_COMMANDS_MAX } from './appendBatch.ts';
import type { IsTimeUp } from './batchTime.ts';
import { CommandQueue } from './commandQueue.ts';
import type { TraceCommand } from './commandTracing.ts';
import { decideBatch, PARTITION_QUOTAS_MAX } from './decideBatch.ts';
import type { DecidedBatch } from './decideBatch.ts';
import { RegistryUnavailable } from './outRecords.ts';
import type { EncodeFor } from './outRecords.ts';
import { PartitionRemarks } from './partitionRemarks.ts';
import type { PartitionState } from './partitionState.ts';
import { readCommand } from './readCommand.ts';
import { readOnce } from './readOnce.ts';
import type { TimerBounds } from './timerBounds.ts';
import type { CommandReading, ReadCommand } from './readCommand.ts';
import { LogUnusable, restorePartition } from './restorePartition.ts';
import type { RestoreParts } from './restorePartition.ts';
import type { WriterMetrics } from './writerMetrics.ts';
import type { WriterTopics } from './writerTopics.ts';

/** Due times are looked at so often at least, milliseconds: how late a timer's event may be. */
const TICK_MS = 250;
/** Before another try when the log or the registry does not answer, milliseconds; twice that each time. */
const RETRY_MS = 250;
const RETRY_MS_MAX = 5_000;
/** The group's word is awaited this long after a successor's fence, so that two do not fence in turn, milliseconds. */
const LOST_PAUSE_MS = 1_000;
/** A hint costs a request, so it goes out seldom, microseconds. */
const HINT_MICROS = 1_000_000n;

export interface RuntimeParts extends RestoreParts {
  readonly log: PartitionLog;
  readonly writers: LogPort['writers'];
  readonly topics: WriterTopics;
  /** The writer's group as it stands in the cluster; part of its transactional ids. */
  readonly group: string;
  readonly reading: CommandReading;
  readonly encode: EncodeFor;
  readonly snapshots: Snapshots;
  readonly quotasMax?: number;
  readonly timerBounds?: TimerBounds;
  /** Absent: nothing is anchored. */
  readonly anchors?: AnchorParts;
  /** Begins to measure a batch. Absent: a batch may take any time, as where time is virtual. */
  readonly batchTime?: () => IsTimeUp;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: WriterMetrics;
  /** Absent: nothing is traced. */
  readonly trace?: TraceCommand | undefined;
  readonly reassign: (partition: TopicPartition) => void;
  readonly hint: (partition: TopicPartition, next: bigint) => void;
}

export interface PartitionStatus {
  readonly partition: number;
  readonly phase: 'restoring' | 'serving' | 'lost' | 'stopped' | 'closed';
  readonly detail: string;
}

/**
 * One stretch of owning one partition: restoring (fence, then fold the log) → serving → lost (a
 * successor fenced, or a commit's outcome is unknown: asks to be assigned anew) or stopped (the log
 * or a decision cannot be trusted: stays so until somebody looks) → closed. A new stretch is a new
 * runtime: nothing is carried over but what the log says.
 */
export class PartitionRuntime {
  readonly #parts: RuntimeParts;
  readonly #place: TopicPartition;
  readonly #queue = new CommandQueue();
  #phase: PartitionStatus['phase'] = 'restoring';
  #detail = 'fencing';
  #serving: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;
  readonly #closing = Promise.withResolvers<undefined>();
  #isClosing = false;
  #turns = 0;
  #isSnapshotUnderWay = false;
  #hintedAt = 0n;
  #hinted: bigint | null = null;
  readonly #remarks: PartitionRemarks;
  readonly #readRecord = readOnce((record) => readCommand(record, this.#parts.reading));

  constructor(partition: number, parts: RuntimeParts) {
    this.#parts = parts;
    this.#remarks = new PartitionRemarks(parts.quotasMax ?? PARTITION_QUOTAS_MAX);
    this.#place = { topic: parts.topics.commands, partition };
    this.#queue.onOffer(() => this.#wake());
  }

  get status(): PartitionStatus {
    const remarks = this.#phase === 'serving' ? this.#remarks.texts(this.#parts.clock.now()) : [];
    const detail = [this.#detail, ...remarks].join('; ');
    return { partition: this.#place.partition, phase: this.#phase, detail };
  }

  /** It turns with every batch, every look at the timers, every try and every piece of a restore. */
  get pulse(): Pulse {
    const isExpected = this.#phase !== 'stopped' && this.#phase !== 'closed';
    return { name: `partition ${this.#place.partition}`, turns: this.#turns, isExpected };
  }

  /** Fences, restores and begins to serve. @returns the offset of the next command to hand over */
  async start(): Promise<bigint> {
    const startedMs = performance.now();
    for (let pauseMs = RETRY_MS; ; pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX)) {
      try {
        const resume = await this.#fenceAndRestore();
        this.#parts.metrics.restoreSeconds.observe((performance.now() - startedMs) / 1_000);
        return resume;
      } catch (error) {
        // What is gone from the log comes back by no retry.
        if (error instanceof LogUnusable || error instanceof OffsetGone) return this.#stop(error);
        // Whatever it is, readiness and the log say it, and nobody is served wrongly meanwhile.
        this.#detail = `waiting to restore: ${messageOf(error)}`;
        this.#parts.logger.warn({ err: error, ...this.#place }, 'restoring will be tried again');
      }
      await this.#pause(pauseMs);
      if (this.#isClosing) return 0n;
    }
  }

  async offer(records: readonly LogRecord[]): Promise<void> {
    if (this.#phase === 'stopped') await this.#closing.promise;
    else await this.#queue.offer(records);
  }

  /** Resolves when nothing of this stretch runs any more. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#closing.resolve(undefined);
    this.#queue.close();
    this.#wake();
    await this.#serving;
    this.#phase = 'closed';
    const { metrics } = this.#parts;
    const { partition } = this.#place;
    metrics.owned.remove({ partition });
    metrics.queued.remove({ partition });
    metrics.remembered.remove({ partition });
    metrics.quotas.remove({ partition });
    metrics.unanchored.remove({ partition });
    metrics.stopped.remove({ partition });
  }

  async #fenceAndRestore(): Promise<bigint> {
    const { writers, group, snapshots, clock, log, logger, metrics } = this.#parts;
    const { partition } = this.#place;
    this.#phase = 'restoring';
    this.#detail = 'fencing';
    this.#turns++;
    const writer = await writers.fence({ group, ...this.#place });
    try {
      this.#detail = 'reading the log';
      this.#turns++;
      const point = await snapshots.restorePoint(partition, clock.now());
      const parts = { ...this.#parts, log: this.#turning(log) };
      const state = await restorePartition(parts, partition, point, clock.now());
      if (parts.anchors !== undefined) {
        await state.toAnchor.catchUp(state.streams, parts.breathe);
      }
      const beginning = await log.beginningOffset(this.#place);
      if (this.#isClosing) {
        await writer.close();
        return 0n;
      }
      const resume = laterOf(state.nextCommand ?? beginning, beginning);
      if (state.nextCommand !== null && state.nextCommand < beginning) {
        logger.error(
          { ...this.#place, from: state.nextCommand, to: beginning },
          'commands were deleted by retention before they were decided',
        );
      }
      state.nextCommand = resume;
      this.#phase = 'serving';
      this.#detail = `from command ${resume}`;
      metrics.owned.set({ partition }, 1);
      this.#show(state);
      this.#serving = this.#serve(state, writer).finally(() =>
        writer.close().catch(() => undefined),
      );
      return resume;
    } catch (error) {
      await writer.close().catch(() => undefined);
      throw error;
    }
  }

  /** Ends only by closing, by loss, or by stopping; each is a state, none is thrown. */
  async #serve(state: PartitionState, writer: PartitionWriter): Promise<void> {
    try {
      while (!this.#isClosing) await this.#serveOnce(state, writer);
    } catch (error) {
      await this.#serveFailed(error);
    }
  }

  async #serveOnce(state: PartitionState, writer: PartitionWriter): Promise<void> {
    this.#turns++;
    const { clock } = this.#parts;
    const { partition } = this.#place;
    const next = state.nextCommand ?? 0n;
    const records = this.#queue
      .take(BATCH_COMMANDS_MAX, BATCH_BYTES_MAX)
      .filter((record) => record.offset >= next);
    const dueAt = this.#nextDue(state, clock.now());
    if (records.length === 0 && (dueAt === null || dueAt > clock.now())) {
      this.#hint(state);
      if (this.#isSnapshotUnderWay) await this.#snapshot(state, writer);
      else await this.#rest();
      return;
    }
    const reads = await this.#read(records);
    if (reads === null) return;
    const batch = await decideBatch(state, reads, clock.now(), {
      ...this.#parts,
      partition,
      bytesMax: BATCH_BYTES_MAX,
      ...(this.#parts.batchTime === undefined ? {} : { isTimeUp: this.#parts.batchTime() }),
    });
    this.#queue.putBack(records.slice(batch.commands));
    if (batch.records.length > 0) await this.#append(writer, batch);
    this.#show(state);
    this.#hint(state);
    await this.#snapshot(state, writer);
  }

  /** Of timers and the anchor the first; null: nothing is due, ever. */
  #nextDue(state: PartitionState, now: bigint): bigint | null {
    const { anchors } = this.#parts;
    const timer = state.dueAt(now);
    if (anchors === undefined) return timer;
    const anchor = anchorDueAt(state, this.#place.partition, anchors.everyMicros);
    if (timer === null || anchor === null) return timer ?? anchor;
    return anchor < timer ? anchor : timer;
  }

  /** What the partition holds, by metrics; and in the log what bound it has come to. */
  #show(state: PartitionState): void {
    const { metrics, logger } = this.#parts;
    const { partition } = this.#place;
    metrics.queued.set({ partition }, this.#queue.length);
    metrics.remembered.set({ partition }, state.recent.size);
    metrics.quotas.set({ partition }, state.quotas);
    if (this.#parts.anchors !== undefined)
      metrics.unanchored.set({ partition }, unanchoredEvents(state, partition));
    for (const remark of this.#remarks.sawState(state))
      logger.warn(this.#place, `the partition is ${remark}`);
  }

  /** A slice between two batches; without commands one after the other. */
  async #snapshot(state: PartitionState, writer: PartitionWriter): Promise<void> {
    const { snapshots, clock } = this.#parts;
    const { partition } = this.#place;
    const now = clock.now();
    this.#isSnapshotUnderWay = await snapshots.takeIfDue(partition, state, writer, now);
  }

  /** null when the partition is closing; waits as long as the registry does not answer. */
  async #read(records: readonly LogRecord[]): Promise<readonly ReadCommand[] | null> {
    for (let pauseMs = RETRY_MS; ; pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX)) {
      try {
        return await Promise.all(records.map(this.#readRecord));
      } catch (error) {
        this.#parts.logger.warn({ err: error, ...this.#place }, 'commands cannot be read yet');
      }
      await this.#pause(pauseMs);
      if (this.#isClosing) return null;
    }
  }

  async #append(writer: PartitionWriter, batch: DecidedBatch): Promise<void> {
    const { metrics } = this.#parts;
    const end = metrics.appendSeconds.startTimer();
    try {
      await writer.append(batch.records);
    } catch (error) {
      for (const { trace } of batch.traces) trace.lost();
      throw error;
    }
    end();
    for (const { trace, outcome } of batch.traces) trace.written(outcome);
    if (batch.commands > 0) metrics.batchCommands.observe(batch.commands);
    this.#remarks.sawDeadLetters(batch.deadLetters, this.#parts.clock.now());
    const { partition } = this.#place;
    if (batch.deadLetters.length > 0)
      metrics.deadLetters.inc({ partition }, batch.deadLetters.length);
    metrics.events.inc({ cause: 'command' }, batch.commandEvents);
    metrics.events.inc({ cause: 'timer' }, batch.timerEvents);
    for (const { status, code } of batch.outcomes) metrics.commands.inc({ status, code });
  }

  async #serveFailed(error: unknown): Promise<void> {
    const { logger, metrics, reassign } = this.#parts;
    this.#queue.close();
    const why = reasonToRestore(error);
    if (why === null) {
      await this.#stop(error);
      return;
    }
    this.#phase = 'lost';
    this.#detail = `${why}: ${messageOf(error)}`;
    metrics.ownershipLost.inc({ why });
    logger.warn({ err: error, ...this.#place }, 'the partition will be fenced and restored anew');
    if (why !== 'CommitUnknown') await this.#pause(LOST_PAUSE_MS);
    // Until it is heard: the source may still be joining, and a partition that stays lost serves nobody.
    while (!this.#isClosing) {
      reassign(this.#place);
      await this.#pause(LOST_PAUSE_MS);
    }
  }

  /** The end of the commands, for a source that must be told some offset; it will hand over nothing. */
  async #stop(error: unknown): Promise<bigint> {
    const { logger, metrics, log } = this.#parts;
    this.#phase = 'stopped';
    this.#detail = messageOf(error);
    metrics.stopped.set({ partition: this.#place.partition }, 1);
    logger.error({ err: error, ...this.#place }, 'the partition is stopped until somebody looks');
    return log.endOffset(this.#place).catch(() => 0n);
  }

  /** A long restore is no stall: each batch that is folded is a turn. */
  #turning(log: PartitionLog): Pick<PartitionLog, 'beginningOffset' | 'readToEnd'> {
    return {
      beginningOffset: (place) => log.beginningOffset(place),
      readToEnd: (place, from, onBatch) =>
        log.readToEnd(place, from, async (records) => {
          this.#turns++;
          await onBatch(records);
        }),
    };
  }

  async #pause(milliseconds: number): Promise<void> {
    this.#turns++;
    await Promise.race([sleep(this.#parts.clock, milliseconds), this.#closing.promise]);
  }

  /** Until a command comes, the next tick, or the end. */
  async #rest(): Promise<void> {
    if (this.#isClosing || this.#queue.length > 0) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#parts.clock.after(TICK_MS, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
    this.#wake = () => undefined;
  }

  #hint(state: PartitionState): void {
    const now = this.#parts.clock.now();
    const next = state.nextCommand;
    if (next === null || next === this.#hinted || now - this.#hintedAt < HINT_MICROS) return;
    this.#hinted = next;
    this.#hintedAt = now;
    this.#parts.hint(this.#place, next);
  }
}

function reasonToRestore(error: unknown): string | null {
  if (error instanceof OwnershipLost) return 'OwnershipLost';
  if (error instanceof CommitUnknown) return 'CommitUnknown';
  if (error instanceof LogUnavailable) return 'LogUnavailable';
  if (error instanceof RegistryUnavailable) return 'RegistryUnavailable';
  return null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function laterOf(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}
