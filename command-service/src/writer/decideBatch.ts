import type { OutRecord } from '@prorata/kafka-port';
import { decideTimer } from '@prorata/quota-model';
import type { CommandOutcome } from '@prorata/schemas';
import type { Breathe } from '@prorata/service-runtime';
import { AppendBatch } from './appendBatch.ts';
import { decideCommand, decisionTime, partitionFull, tooLarge } from './decideCommand.ts';
import type { Decided } from './decideCommand.ts';
import type { CommandTrace, TraceCommand } from './commandTracing.ts';
import { deadLetter, eventRecord, outcomeRecord } from './outRecords.ts';
import type { IsTimeUp } from './batchTime.ts';
import type { EncodeFor } from './outRecords.ts';
import type { PartitionState } from './partitionState.ts';
import type { ReadCommand } from './readCommand.ts';
import { stampEvents } from './stampEvents.ts';
import type { StampedEvent } from './stampEvents.ts';
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

/**
 * Timers of one stream that a batch works off: when all overrides of a large tree end at one moment, no
 * batch looks at more than it can take, and commands that stand before the stream's own have their turn between
 * the batches; those behind it wait with it, since offsets are taken in order.
 */
export const TIMERS_PER_BATCH_MAX = 500;

/** A timer that is due and changes nothing is asked again after this, microseconds. */
const IDLE_TIMER_MICROS = 1_000_000n;

/**
 * Decides what is due and then commands in order, all at one moment, and folds each event into the
 * state at once. A command whose stream has more due than this batch could take waits for the next,
 * and what is behind it too: no command sees what is over, and their order stays. The state is ahead of the log until the append is through: whoever cannot append
 * must drop it and restore.
 */
export async function decideBatch(
  state: PartitionState,
  reads: readonly ReadCommand[],
  now: bigint,
  parts: BatchParts,
): Promise<DecidedBatch> {
  state.recent.forget(now);
  const building = new BatchBuilding(state, now, parts);
  await building.runTimers();
  for (const read of reads) {
    if (building.mustWait(read)) break;
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
  /** Streams of which more may be due than has been worked off. */
  readonly #behind = new Set<string>();
  readonly #deadLetters: bigint[] = [];
  #commandEvents = 0;
  #timerEvents = 0;

  constructor(state: PartitionState, now: bigint, parts: BatchParts) {
    this.#state = state;
    this.#now = now;
    this.#parts = parts;
    this.#batch = new AppendBatch(parts.bytesMax);
  }

  async runTimers(): Promise<void> {
    for (let isRoom = true; isRoom;) {
      const stream = this.#state.due.popDue(this.#now);
      if (stream === null) return;
      isRoom = await this.#runTimersOf(stream);
    }
  }

  /**
   * Whether timers come before the command that have found no room. Never in an empty batch: whatever it
   * was that took its time, something is done in every one.
   */
  mustWait(read: ReadCommand): boolean {
    if (read.kind !== 'command' || this.#batch.isEmpty) return false;
    return this.#behind.has(read.stream) || this.#state.due.isDue(read.stream, this.#now);
  }

  /** false when the batch is full. */
  async addCommand(read: ReadCommand): Promise<boolean> {
    const trace = this.#parts.trace?.(read.record) ?? null;
    let decided = this.#withinQuotas(decideCommand(this.#state, read, this.#now), read);
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
    const created = decided.events.filter(({ message }) => message.type === 'QuotaCreated').length;
    if (created === 0 || read.kind !== 'command') return decided;
    const { quotasMax = PARTITION_QUOTAS_MAX } = this.#parts;
    const held = this.#state.quotas;
    return held + created <= quotasMax ? decided : partitionFull(decided, read.command, held);
  }

  reschedule(): void {
    for (const stream of this.#changed) {
      const isIdle = this.#idle.has(stream);
      this.#state.reschedule(stream, isIdle ? this.#now + IDLE_TIMER_MICROS : null);
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

  async #runTimersOf(stream: string): Promise<boolean> {
    this.#changed.add(stream);
    this.#behind.add(stream);
    let happened = false;
    const dues = this.#state.dueIn(stream, this.#now, TIMERS_PER_BATCH_MAX);
    for (const due of dues) {
      const current = this.#state.streams.get(stream);
      if (current === undefined) break;
      const decidedAt = decisionTime(current, this.#now);
      const context = { now: decidedAt, streamVersion: current.version };
      const drafts = decideTimer(current.state, due, context);
      const { timer, actor, reason } = due;
      const cause = { kind: 'timer', timer, actor, reason } as const;
      const events = stampEvents(stream, drafts, cause, decidedAt, current);
      if (!this.#batch.add(await this.#eventRecords(events))) {
        if (this.#batch.isEmpty)
          throw new RangeError(`${timer} yields more than one append takes.`);
        return false;
      }
      this.#apply(events);
      this.#timerEvents += events.length;
      happened ||= events.length > 0;
      if (this.#parts.isTimeUp?.() === true) return false;
    }
    if (!happened) this.#idle.add(stream);
    if (!happened || dues.length < TIMERS_PER_BATCH_MAX) this.#behind.delete(stream);
    return true;
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

/** What nobody vouches for, or nobody can read: its outcome repeats none of it, so the bytes are kept. */
function isDeadLetter(read: ReadCommand): boolean {
  return read.kind === 'unreadable' || (read.kind === 'refused' && read.command === null);
}
