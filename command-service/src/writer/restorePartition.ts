import { OffsetGone } from '@prorata/kafka-port';
import type { LogRecord, PartitionLog } from '@prorata/kafka-port';
import { isDecided } from '@prorata/quota-model';
import { fullNameOf, UnreadableRecord } from '@prorata/schemas';
import type { Codec, CommandOutcome, EventMessage, Message } from '@prorata/schemas';
import type { Breathe, Logger } from '@prorata/service-runtime';
import type { PartitionState } from './partitionState.ts';
import { RECENT_MICROS } from './recentCommands.ts';
import { fromTheBeginning } from './restorePoint.ts';
import type { RestorePoint } from './restorePoint.ts';
import type { WriterTopics } from './writerTopics.ts';

/** A record that the state is made of cannot be used: the partition must stop, for skipping it would corrupt the state. */
export class LogUnusable extends Error {
  override readonly name = 'LogUnusable';
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  constructor({ topic, partition, offset }: LogRecord, cause: Error) {
    super(`${topic}[${partition}] cannot be used at offset ${offset}: ${cause.message}`, { cause });
    this.topic = topic;
    this.partition = partition;
    this.offset = offset;
  }
}

export interface RestoreParts {
  readonly log: Pick<PartitionLog, 'beginningOffset' | 'readToEnd'>;
  readonly codec: Pick<Codec, 'decode' | 'hash'>;
  readonly topics: WriterTopics;
  readonly logger: Pick<Logger, 'error'>;
  /** Between two records. */
  readonly breathe?: Breathe;
}

/**
 * Folds the partition's events and the tail of its outcomes to their ends. To be called after the
 * fence: what is read then is all there will ever be from predecessors.
 * @param now microseconds: no outcome is remembered as later than that
 * @throws LogUnusable, or what the log or the registry fails with
 */
export async function restorePartition(
  parts: RestoreParts,
  partition: number,
  point: RestorePoint,
  now: bigint,
): Promise<PartitionState> {
  try {
    return await foldFrom(parts, partition, point, now);
  } catch (error) {
    // The snapshot speaks of events that are not there; the log says what is.
    const isSnapshotWrong =
      error instanceof OffsetGone && error.partition.topic === parts.topics.events;
    if (!isSnapshotWrong || point.eventsFrom === null) throw error;
    parts.logger.error({ err: error, partition }, 'a snapshot names events that are not there');
    return foldFrom(parts, partition, fromTheBeginning(), now);
  }
}

async function foldFrom(
  parts: RestoreParts,
  partition: number,
  point: RestorePoint,
  now: bigint,
): Promise<PartitionState> {
  const { state } = point;
  await foldEvents(parts, partition, point);
  await foldOutcomes(parts, partition, point, now);
  for (const stream of state.streams.keys()) state.reschedule(stream);
  return state;
}

async function foldEvents(
  { log, codec, topics, breathe }: RestoreParts,
  partition: number,
  { state, eventsFrom }: RestorePoint,
): Promise<void> {
  const place = { topic: topics.events, partition };
  const from = eventsFrom ?? (await log.beginningOffset(place));
  // Only the last event of a stream is hashed: its successor alone will need that.
  const last = new Map<string, LogRecord>();
  await log.readToEnd(place, from, async (records) => {
    for (const record of records) {
      const event = await usable(record, codec, isEvent, 'event');
      const { stream, streamVersion } = event.value.envelope;
      // A snapshot says at least what its offset promises; the records between are in it already.
      if (eventsFrom !== null && streamVersion <= (state.streams.get(stream)?.version ?? 0n))
        continue;
      applyOrStop(state, event, record);
      await breathe?.();
      last.set(stream, record);
    }
  });
  for (const [stream, record] of last) {
    const head = state.streams.get(stream);
    if (head !== undefined) head.hash = await codec.hash(record.value);
  }
}

const NOT_YET_HASHED = Buffer.alloc(0);

function applyOrStop(state: PartitionState, event: EventMessage, record: LogRecord): void {
  try {
    state.apply(event, NOT_YET_HASHED);
  } catch (error) {
    throw new LogUnusable(record, error instanceof Error ? error : new Error(String(error)));
  }
}

async function foldOutcomes(
  parts: RestoreParts,
  partition: number,
  { state, outcomesFrom }: RestorePoint,
  now: bigint,
): Promise<void> {
  const { log, codec, topics } = parts;
  const place = { topic: topics.outcomes, partition };
  // Retention may have passed a mark by since: a partition was quiet for as long as outcomes are kept.
  const beginning = await log.beginningOffset(place);
  const from = outcomesFrom === null || outcomesFrom < beginning ? beginning : outcomesFrom;
  let lastAt = 0n;
  const fold = async (records: readonly LogRecord[]): Promise<void> => {
    for (const record of records) {
      const { value: outcome } = await usable(record, codec, isOutcome, 'outcome');
      state.recent.remember(outcome, now);
      state.decided(outcome.commandOffset);
      if (isDecided(outcome) && outcome.decidedAt > lastAt) lastAt = outcome.decidedAt;
    }
    const at = lastAt < now ? lastAt : now;
    state.recent.forget(state.recent.isFullFor('user') ? at : at - HASTE_MICROS_MAX);
  };
  try {
    await log.readToEnd(place, from, fold);
  } catch (error) {
    // Retention moves on while it is read; past the end it never comes.
    const isDeleted = error instanceof OffsetGone && (await log.beginningOffset(place)) > from;
    if (!isDeleted) throw error;
    await foldOutcomes(parts, partition, { state, eventsFrom: null, outcomesFrom: null }, now);
  }
}

/**
 * What was decided last may have been so by a clock that is ahead, by this at most, microseconds: further ahead it
 * refuses every command as too old. What is over is known with the first signed command; all of 400 days is too
 * much to hold until then.
 */
const HASTE_MICROS_MAX = RECENT_MICROS;

type OutcomeMessage = { readonly type: 'CommandOutcome'; readonly value: CommandOutcome };

const isOutcome = (message: Message): message is OutcomeMessage =>
  message.type === 'CommandOutcome';
const isEvent = (message: Message): message is EventMessage =>
  fullNameOf[message.type].startsWith('io.prorata.event.');

async function usable<M extends Message>(
  record: LogRecord,
  codec: Pick<Codec, 'decode'>,
  isWanted: (message: Message) => message is M,
  wanted: string,
): Promise<M> {
  let message: Message;
  try {
    message = await codec.decode(record.value);
  } catch (error) {
    if (error instanceof UnreadableRecord) throw new LogUnusable(record, error);
    throw error;
  }
  if (!isWanted(message))
    throw new LogUnusable(record, new TypeError(`a ${message.type} is no ${wanted}`));
  return message;
}
