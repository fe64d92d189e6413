import { CommitUnknown } from '@prorata/kafka-port';
import type {
  LogPort,
  LogRecord,
  PartitionLog,
  PartitionWriter,
  TopicPartition,
  WriterFactory,
} from '@prorata/kafka-port';
import type { CommandOutcome, EventMessage } from '@prorata/schemas';
import type { Snapshots } from '../snapshot/snapshots.ts';
import { PartitionState } from '../writer/partitionState.ts';
import type { Planting } from './writerSimulation.ts';

/** `OwnedSource` and all else of the process's port, with some parts put in the place of its own. */
function portWith(port: LogPort, parts: Partial<Pick<LogPort, 'log' | 'writers'>>): LogPort {
  const { source } = port;
  return {
    log: parts.log ?? port.log,
    writers: parts.writers ?? port.writers,
    source,
    publisher: () => port.publisher(),
    admin: () => port.admin(),
    close: () => port.close(),
  };
}

/** Two owners of a partition do not know of each other: nobody is ever fenced. */
const anIdPerInstance: Planting = (options, { writers }, writerNumber) => {
  const fence: WriterFactory['fence'] = (identity) =>
    writers.fence({ ...identity, group: `${identity.group}-${writerNumber}` });
  return { ...options, port: portWith(options.port, { writers: { fence } }) };
};

/** What the predecessor appends between the look at the log's end and the fence is never read. */
const theOffsetReadBeforeTheFence: Planting = (options, { log, writers }) => {
  const { events, outcomes } = options.topics;
  const ends = new Map<string, bigint>();
  const keyOf = ({ topic, partition }: TopicPartition): string => `${topic} ${partition}`;
  const fence: WriterFactory['fence'] = async (identity) => {
    for (const topic of [events, outcomes]) {
      const place = { topic, partition: identity.partition };
      ends.set(keyOf(place), await log.endOffset(place));
    }
    return writers.fence(identity);
  };
  const readToEnd: PartitionLog['readToEnd'] = async (place, from, onBatch) => {
    const end = ends.get(keyOf(place));
    if (end === undefined || from > end) return log.readToEnd(place, from, onBatch);
    await log.readToEnd(place, from, async (records) => {
      const before = records.filter(({ offset }) => offset < end);
      if (before.length > 0) await onBatch(before);
    });
    return end;
  };
  const port = portWith(options.port, { log: { ...log, readToEnd }, writers: { fence } });
  return { ...options, port };
};

/** A restore that folds events alone: a refusal, which has none, is not known to have been decided. */
const aRefusedCommandForgotten: Planting = (options, { log }) => {
  const isRefused = async ({ value }: LogRecord): Promise<boolean> => {
    const message = await options.codec.decode(value);
    return (message.value as CommandOutcome).status === 'refused';
  };
  const readToEnd: PartitionLog['readToEnd'] = (place, from, onBatch) => {
    if (place.topic !== options.topics.outcomes) return log.readToEnd(place, from, onBatch);
    return log.readToEnd(place, from, async (records) => {
      const refused = await Promise.all(records.map(isRefused));
      await onBatch(records.filter((_, index) => refused[index] === false));
    });
  };
  return { ...options, port: portWith(options.port, { log: { ...log, readToEnd } }) };
};

/** The log is read from its end on when there is a snapshot, as if that were the truth. */
const aSnapshotTrustedOverTheLog: Planting = (options, { log }) => {
  const { events, outcomes } = options.topics;
  const snapshots: Snapshots = {
    takeIfDue: (...parameters) => options.snapshots.takeIfDue(...parameters),
    async restorePoint(partition, now) {
      const point = await options.snapshots.restorePoint(partition, now);
      if (point.eventsFrom === null) return point;
      const [eventsFrom, outcomesFrom] = await Promise.all(
        [events, outcomes].map((topic) => log.endOffset({ topic, partition })),
      );
      return { ...point, eventsFrom: eventsFrom ?? null, outcomesFrom: outcomesFrom ?? null };
    },
  };
  return { ...options, snapshots };
};

/** A commit without an answer is tried again by the producer that has lost it. */
const aReusedProducerAfterAFailedCommit: Planting = (options, { unguardedWriters }) => {
  const fence: WriterFactory['fence'] = async (identity) => {
    const writer = await unguardedWriters.fence(identity);
    const append: PartitionWriter['append'] = async (records) => {
      try {
        await writer.append(records);
      } catch (error) {
        if (!(error instanceof CommitUnknown)) throw error;
        await append(records);
      }
    };
    return { identity, append, close: () => writer.close() };
  };
  return { ...options, port: portWith(options.port, { writers: { fence } }) };
};

/** Only what changes after the takeover is looked at for due times. */
class ForgetfulOfTimers extends PartitionState {
  readonly #changed = new Set<string>();

  override apply(event: EventMessage, hash: Buffer): void {
    // A restore hashes a stream's last event alone, and later.
    if (hash.length > 0) this.#changed.add(event.value.envelope.stream);
    super.apply(event, hash);
  }

  override reschedule(stream: string, notBefore: bigint | null = null): void {
    if (this.#changed.has(stream)) super.reschedule(stream, notBefore);
  }
}

const aTimerLostInATakeover: Planting = (options) => ({
  ...options,
  snapshots: statesMadeBy(options.snapshots, () => new ForgetfulOfTimers()),
});

/** Restores what they hold into a state of another make. */
function statesMadeBy(of: Snapshots, make: () => PartitionState): Snapshots {
  return {
    takeIfDue: (...parameters) => of.takeIfDue(...parameters),
    async restorePoint(partition, now) {
      const point = await of.restorePoint(partition, now);
      const state = make();
      for (const [stream, head] of point.state.streams) state.restoreHead(stream, head);
      state.nextCommand = point.state.nextCommand;
      return { ...point, state };
    },
  };
}

/** Of several that are due in a stream it knows one at a time, and lets commands pass before the others. */
class SeeingWhatIsOver extends PartitionState {
  override dueIn(stream: string, now: bigint, most: number): ReturnType<PartitionState['dueIn']> {
    return super.dueIn(stream, now, most).slice(0, 1);
  }
}

const aCommandThatSeesWhatIsOver: Planting = (options) => ({
  ...options,
  snapshots: statesMadeBy(options.snapshots, () => new SeeingWhatIsOver()),
});

/** The faults that the simulation must find, each through the parts that a writer is made of. */
export const plantedFaults: Readonly<Record<string, Planting>> = {
  'an id per instance': anIdPerInstance,
  'the offset read before the fence': theOffsetReadBeforeTheFence,
  'a refused command forgotten': aRefusedCommandForgotten,
  'a snapshot trusted over the log': aSnapshotTrustedOverTheLog,
  'a reused producer after a failed commit': aReusedProducerAfterAFailedCommit,
  'a timer lost in a takeover': aTimerLostInATakeover,
  'a command that sees what is over': aCommandThatSeesWhatIsOver,
};
