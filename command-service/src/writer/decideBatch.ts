import type { OutRecord } from '@prorata/kafka-port';
import { decideTimer } from '@prorata/quota-model';
import type { DueTime } from '@prorata/quota-model';
import type { CommandOutcome } from '@prorata/schemas';
import type { Breathe } from '@prorata/service-runtime';
import { anchorDueAt, anchorEvent } from '../anchor/anchorEvent.ts';
import type { AnchorParts } from '../anchor/anchorEvent.ts';
import { AppendBatch } from './appendBatch.ts';
import { approvalTooLarge, decideCommand, partitionFull, tooLarge } from './decideCommand.ts';
import type { Decided } from './decideCommand.ts';
import type { CommandTrace, TraceCommand } from './commandTracing.ts';
import { deadLetter, eventRecord, outcomeRecord } from './outRecords.ts';
import type { IsTimeUp } from './batchTime.ts';
import type { EncodeFor } from './outRecords.ts';
import { decisionTime } from './partitionState.ts';
import type { PartitionState } from './partitionState.ts';
import type { ReadCommand } from './readCommand.ts';
import { stampEvents } from './stampEvents.ts';
import type { StampedEvent } from './stampEvents.ts';
import { TIMER_BOUNDS, TIMERS_SHARE } from './timerBounds.ts';
import type { TimerBounds } from './timerBounds.ts';
import type { WriterTopics } from './writerTopics.ts';

export interface BatchParts {
  readonly partition: number;
  readonly topics: WriterTopics;
  readonly encode: EncodeFor;
  /** Bytes of one append for one topic. */
  readonly bytesMax: number;
  /** Absent: nothing is traced. */
  readonly trace?: TraceCommand | undefined;
  /** Quotas that the partition may hold; the preset when absent. */
  readonly quotasMax?: number;
  /** The presets when absent. */
  readonly timerBounds?: TimerBounds;
  /** Absent: nothing is anchored. */
  readonly anchors?: AnchorParts;
  /** Between two commands. */
  readonly breathe?: Breathe;
  /** Whether what is decided by now should be written before more is; absent: never. */
  readonly isTimeUp?: IsTimeUp;
}

/**
 * Quotas of a partition unless an operator says otherwise: at a kilobyte each a gigabyte of its owner's
 * memory, and some 15 s of a restore.
 */
export const PARTITION_QUOTAS_MAX = 1_000_000;

export interface DecidedBatch {
  /** For one append. */
  readonly records: readonly OutRecord[];
  /** How many of the commands given are in it, from the first on; the others come next time. */
  readonly commands: number;
  readonly outcomes: readonly CommandOutcome[];
  /** Of the outcomes that belong to a trace; to be told what became of the append. */
  readonly traces: readonly { readonly trace: CommandTrace; readonly outcome: CommandOutcome }[];
  readonly commandEvents: number;
  readonly timerEvents: number;
  /** Offsets of the commands whose bytes go to the dead-letter topic. */
  readonly deadLetters: readonly bigint[];
}

/** A timer that is due and changes nothing is asked again after this, microseconds. */
const IDLE_TIMER_MICROS = 1_000_000n;

/**
 * Decides what is due and then commands in order, all at one moment, and folds each event into the
 * state at once. No command sees what is over: what is due in its stream happens before it. Where that is
 * more than this batch takes it waits for the next, and what is behind it too, for their order stays; where
 * it is more than `awaitedMax` it is refused, to be sent again. The state is ahead of the log until the
 * append is through: whoever cannot append must drop it and restore.
 */
export async function decideBatch(
  state: PartitionState,
  reads: readonly ReadCommand[],
  now: bigint,
  parts: BatchParts,
): Promise<DecidedBatch> {
  for (const read of reads) if (read.kind === 'command') state.vouched(read.signedAt, now);
  state.recent.forget(state.vouchedAt);
  const building = new BatchBuilding(state, now, parts);
  await building.addAnchor();
  await building.runTimers();
  for (const read of reads) {
    if (await building.mustWait(read)) break;
    if (!(await building.addCommand(read))) break;
    if (parts.isTimeUp?.() === true) break;
    await parts.breathe?.();
  }
  building.reschedule();
  return building.result();
}

class BatchBuilding {
  readonly #state: PartitionState;
  readonly #now: bigint;
  readonly #parts: BatchParts;
  readonly #batch: AppendBatch;
  readonly #outcomes: CommandOutcome[] = [];
  readonly #traces: { trace: CommandTrace; outcome: CommandOutcome }[] = [];
  readonly #changed = new Set<string>();
  readonly #idle = new Set<string>();
  /** Streams of which this batch has worked off what it can; true: all that is due. */
  readonly #workedOff = new Map<string, boolean>();
  readonly #timerBounds: TimerBounds;
  readonly #deadLetters: bigint[] = [];
  #commandEvents = 0;
  #timerEvents = 0;

  constructor(state: PartitionState, now: bigint, parts: BatchParts) {
    this.#state = state;
    this.#now = now;
    this.#parts = parts;
    this.#batch = new AppendBatch(parts.bytesMax);
    this.#timerBounds = parts.timerBounds ?? TIMER_BOUNDS;
  }

  /** First of all, while there is room: behind commands it might find none for as long as they come. */
  async addAnchor(): Promise<void> {
    const { anchors, partition } = this.#parts;
    if (anchors === undefined) return;
    const dueAt = anchorDueAt(this.#state, partition, anchors.everyMicros);
    if (dueAt === null || dueAt > this.#now) return;
    const event = anchorEvent(this.#state, partition, this.#now, anchors);
    if (!this.#batch.add(await this.#eventRecords([event]))) {
      throw new RangeError('An anchor does not fit into an empty append.');
    }
    this.#apply([event]);
    this.#timerEvents += 1;
  }

  /** What is due, stream by stream, for as long as timers may take. */
  async runTimers(): Promise<void> {
    this.#state.dueAt(this.#now);
    for (let isRoom = true; isRoom;) {
      const stream = this.#state.due.popDue(this.#now);
      if (stream === null) return;
      isRoom = await this.#runTimersOf(stream, TIMERS_SHARE);
    }
  }

  /**
   * Whether timers come before the command that have found no room, and are few enough to wait for. Never
   * in an empty batch: at least one timer of its stream is in it then, or none changes anything.
   */
  async mustWait(read: ReadCommand): Promise<boolean> {
    if (read.kind !== 'command' || !this.#state.streams.has(read.stream)) return false;
    if (!this.#workedOff.has(read.stream)) await this.#runTimersOf(read.stream, 1);
    return this.#isBehind(read.stream) && !this.#isFarBehind(read.stream);
  }

  /** false when the batch is full. */
  async addCommand(read: ReadCommand): Promise<boolean> {
    const trace = this.#parts.trace?.(read.record) ?? null;
    const isTooEarly = this.#isBehind(read.stream);
    const first = decideCommand(this.#state, read, this.#now, isTooEarly);
    let decided = this.#withinQuotas(first, read);
    decided = await this.#withinAppend(decided, read);
    decided = await this.#withinApproval(decided, read);
    let records = await this.#recordsOf(decided, read, trace);
    if (!this.#batch.add(records)) {
      if (!this.#batch.isEmpty || read.kind !== 'command') return false;
      decided = tooLarge(decided, read.command);
      records = await this.#recordsOf(decided, read, trace);
      this.#batch.add(records);
    }
    this.#apply(decided.events);
    this.#commandEvents += decided.events.length;
    this.#state.recent.remember(decided.outcome, this.#now);
    this.#state.decided(read.record.offset);
    this.#outcomes.push(decided.outcome);
    if (isDeadLetter(read)) this.#deadLetters.push(read.record.offset);
    if (trace !== null) this.#traces.push({ trace, outcome: decided.outcome });
    return true;
  }

  /** A partition that holds as many quotas as it may takes changes, and nothing that makes it hold more. */
  #withinQuotas(decided: Decided, read: ReadCommand): Decided {
    if (read.kind !== 'command') return decided;
    const more = quotasMore(decided.inEarnest ?? decided.events);
    if (more <= 0) return decided;
    const { quotasMax = PARTITION_QUOTAS_MAX } = this.#parts;
    const held = this.#state.quotas;
    return held + more <= quotasMax ? decided : partitionFull(decided, read.command, held);
  }

  /** A dry run says so as well where its events would fit into no append. */
  async #withinAppend(decided: Decided, read: ReadCommand): Promise<Decided> {
    const { inEarnest = [] } = decided;
    if (inEarnest.length === 0 || read.kind !== 'command') return decided;
    return (await this.#fitsAlone(inEarnest)) ? decided : tooLarge(decided, read.command);
  }

  async #fitsAlone(events: readonly StampedEvent[]): Promise<boolean> {
    return new AppendBatch(this.#parts.bytesMax).add(await this.#eventRecords(events));
  }

  /** What could never be approved, for its events would fit into no append, does not wait. */
  async #withinApproval(decided: Decided, read: ReadCommand): Promise<Decided> {
    const { awaited = [] } = decided;
    if (awaited.length === 0 || read.kind !== 'command') return decided;
    return (await this.#fitsAlone(awaited)) ? decided : approvalTooLarge(decided, read.command);
  }

  reschedule(): void {
    for (const stream of this.#changed) {
      const isIdle = this.#idle.has(stream);
      // What is left over comes after all that other streams have due by now.
      const left = this.#isBehind(stream) ? this.#now : null;
      this.#state.reschedule(stream, isIdle ? this.#now + IDLE_TIMER_MICROS : left);
    }
  }

  result(): DecidedBatch {
    return {
      records: this.#batch.records,
      commands: this.#outcomes.length,
      outcomes: this.#outcomes,
      traces: this.#traces,
      commandEvents: this.#commandEvents,
      timerEvents: this.#timerEvents,
      deadLetters: this.#deadLetters,
    };
  }

  #isBehind(stream: string): boolean {
    return this.#workedOff.get(stream) === false;
  }

  #isFarBehind(stream: string): boolean {
    const { awaitedMax } = this.#timerBounds;
    return this.#state.countDue(stream, this.#now, awaitedMax + 1) > awaitedMax;
  }

  /**
   * What is due in a stream by the time that its events are stamped with: after a successor with a slower
   * clock has taken over, that is ahead of its own. false when there is no room, or no time, for more.
   */
  async #runTimersOf(stream: string, timeShare: number): Promise<boolean> {
    this.#changed.add(stream);
    this.#workedOff.set(stream, false);
    const { perBatchMax } = this.#timerBounds;
    const dues = this.#state.dueIn(stream, this.#now, perBatchMax);
    let happened = 0;
    for (const [index, due] of dues.entries()) {
      const events = this.#eventsOf(stream, due);
      if (!this.#batch.add(await this.#eventRecords(events))) {
        if (this.#batch.isEmpty)
          throw new RangeError(`${due.timer} yields more than one append takes.`);
        return false;
      }
      this.#apply(events);
      happened += events.length;
      this.#timerEvents += events.length;
      if (index < dues.length - 1 && this.#parts.isTimeUp?.(timeShare) === true) return false;
    }
    if (happened === 0 && dues.length > 0) this.#idle.add(stream);
    this.#workedOff.set(stream, happened === 0 || dues.length < perBatchMax);
    return dues.length === 0 || this.#parts.isTimeUp?.(timeShare) !== true;
  }

  #eventsOf(stream: string, due: DueTime): StampedEvent[] {
    const head = this.#state.streams.get(stream);
    if (head === undefined) return [];
    const decidedAt = decisionTime(head, this.#now);
    const drafts = decideTimer(head.state, due, { now: decidedAt, streamVersion: head.version });
    const { timer, actor, reason } = due;
    const cause = { kind: 'timer', timer, actor, reason } as const;
    return stampEvents(stream, drafts, cause, decidedAt, head);
  }

  #apply(events: readonly StampedEvent[]): void {
    for (const event of events) {
      this.#state.apply(event.message, event.hash);
      this.#changed.add(event.message.value.envelope.stream);
    }
  }

  #eventRecords(events: readonly StampedEvent[]): Promise<OutRecord[]> {
    const { partition, topics, encode } = this.#parts;
    return Promise.all(events.map((event) => eventRecord(event, partition, topics, encode)));
  }

  async #recordsOf(
    decided: Decided,
    read: ReadCommand,
    trace: CommandTrace | null,
  ): Promise<OutRecord[]> {
    const { partition, topics, encode } = this.#parts;
    const plain = await this.#eventRecords(decided.events);
    plain.push(await outcomeRecord(decided.outcome, partition, topics, encode));
    const records =
      trace === null ? plain : plain.map((record) => ({ ...record, headers: trace.headers }));
    if (isDeadLetter(read)) {
      records.push(deadLetter(read.record, decided.outcome.code, topics));
    }
    return records;
  }
}

/** How many quotas more there are after the events; less than 0: fewer. */
function quotasMore(events: readonly StampedEvent[]): number {
  return events.reduce((sum, { message: { type } }) => {
    if (type === 'QuotaCreated') return sum + 1;
    return type === 'QuotaDeleted' ? sum - 1 : sum;
  }, 0);
}

/** What nobody vouches for, or nobody can read: its outcome repeats none of it, so the bytes are kept. */
function isDeadLetter(read: ReadCommand): boolean {
  return read.kind === 'unreadable' || (read.kind === 'refused' && read.command === null);
}
