import { AppendTooLarge } from '@prorata/kafka-port';
import type { PartitionLog, PartitionWriter } from '@prorata/kafka-port';
import type { Codec } from '@prorata/schemas';
import type { Logger } from '@prorata/service-runtime';
import type { EncodeFor } from '../writer/outRecords.ts';
import type { PartitionState } from '../writer/partitionState.ts';
import { fromTheBeginning } from '../writer/restorePoint.ts';
import type { RestorePoint } from '../writer/restorePoint.ts';
import type { WriterTopics } from '../writer/writerTopics.ts';
import { outcomesFrom, withMark } from './outcomeMarks.ts';
import type { OutcomeMark } from './outcomeMarks.ts';
import {
  assembleSnapshot,
  MANIFEST_KEY,
  readSnapshotRecords,
  SnapshotUnusable,
} from './readSnapshot.ts';
import type { StoredSnapshot } from './readSnapshot.ts';
import { SnapshotRun } from './snapshotRun.ts';
import type { Snapshots } from './snapshots.ts';

/** Events of a partition between two snapshots: some 0.1 s of folding at a restore. */
export const SNAPSHOT_EVENTS = 5_000;
/** A large state is written less often, so that snapshots cost at most so many bytes an event. */
const BYTES_PER_EVENT = 500;

export interface LogSnapshotsParts {
  readonly log: PartitionLog;
  readonly codec: Pick<Codec, 'decode'>;
  readonly encode: EncodeFor;
  readonly topics: WriterTopics;
  readonly logger: Logger;
  /** Events of a partition between two snapshots. */
  readonly everyEvents: number;
  readonly taken: () => void;
  /** One was due and does not fit; absent: nobody counts. */
  readonly leftOut?: () => void;
  /** Lets others have their turn between the chunks of a large state that is read. */
  readonly breathe?: () => Promise<unknown>;
}

/** What the owner of a partition knows of its snapshots. */
interface Kept {
  generation: bigint;
  bytes: number;
  marks: readonly OutcomeMark[];
  /** Keys of chunks that stand in the topic, of whatever generation. */
  keys: Set<string>;
  /** The one that is being written. */
  run: SnapshotRun | null;
}

/** Snapshots in quota.snapshots: chunks first, the manifest last, then the former chunks' tombstones. */
export class LogSnapshots implements Snapshots {
  readonly #parts: LogSnapshotsParts;
  readonly #kept = new Map<number, Kept>();

  constructor(parts: LogSnapshotsParts) {
    this.#parts = parts;
  }

  async restorePoint(partition: number, now: bigint): Promise<RestorePoint> {
    const { log, topics } = this.#parts;
    const place = { topic: topics.snapshots, partition };
    const values = await readSnapshotRecords(log, place);
    const stored = await this.#assembled(values, partition);
    const keys = new Set([...values.keys()].filter((key) => key !== MANIFEST_KEY));
    const bytes = [...values.values()].reduce((sum, value) => sum + value.length, 0);
    const marks = stored?.marks ?? [];
    this.#kept.set(partition, { generation: newest(keys), bytes, marks, keys, run: null });
    if (stored === null) return fromTheBeginning();
    const { state, manifest } = stored;
    return {
      state,
      eventsFrom: manifest.eventsNextOffset,
      outcomesFrom: outcomesFrom(marks, now),
    };
  }

  async takeIfDue(
    partition: number,
    state: PartitionState,
    writer: PartitionWriter,
    now: bigint,
  ): Promise<boolean> {
    const kept = this.#kept.get(partition);
    if (kept === undefined || (kept.run === null && !this.#isDue(state, kept))) return false;
    try {
      kept.run ??= await this.#begin(partition, state, kept, now);
      const isMore = await kept.run.step(writer);
      if (isMore) return true;
      this.#end(state, kept, kept.run);
    } catch (error) {
      if (!(error instanceof AppendTooLarge)) throw error;
      // So many streams that their manifest passes one append: restores are slow then, and right.
      this.#parts.logger.warn(
        { err: error, partition, streams: state.streams.size },
        'a snapshot is left out, for its manifest names too many streams: a restore folds more of the log',
      );
      this.#parts.leftOut?.();
      // What it has written stands in the topic until the next one's tombstones.
      kept.keys = new Set([...kept.keys, ...(kept.run?.keys ?? [])]);
      kept.run = null;
      state.thaw();
    }
    return false;
  }

  #isDue(state: PartitionState, { bytes }: Kept): boolean {
    const spacing = Math.max(this.#parts.everyEvents, Math.ceil(bytes / BYTES_PER_EVENT));
    return state.eventsSinceSnapshot >= spacing;
  }

  /** From here on the state is left as it is, and what happens builds on forks of it. */
  async #begin(
    partition: number,
    state: PartitionState,
    kept: Kept,
    now: bigint,
  ): Promise<SnapshotRun> {
    const { log, topics, encode } = this.#parts;
    state.eventsSinceSnapshot = 0;
    // Nothing is being appended, so all that the state holds lies before these ends, or is about to
    // show before them: an event that is read again is known by its version.
    const eventsNextOffset = await log.endOffset({ topic: topics.events, partition });
    const outcomesNextOffset = await log.endOffset({ topic: topics.outcomes, partition });
    kept.marks = withMark(kept.marks, { at: now, offset: outcomesNextOffset });
    kept.generation += 1n;
    const run = new SnapshotRun({
      partition,
      topic: topics.snapshots,
      generation: kept.generation,
      heads: state.freeze(),
      marks: kept.marks,
      offsets: {
        eventsNextOffset,
        outcomesNextOffset,
        commandsNextOffset: state.nextCommand ?? 0n,
      },
      formerKeys: kept.keys,
      encode,
    });
    await run.assertFits();
    return run;
  }

  #end(state: PartitionState, kept: Kept, run: SnapshotRun): void {
    state.thaw();
    kept.keys = run.keys;
    kept.bytes = run.bytes;
    kept.run = null;
    this.#parts.taken();
  }

  async #assembled(
    values: ReadonlyMap<string, Buffer>,
    partition: number,
  ): Promise<StoredSnapshot | null> {
    try {
      return await assembleSnapshot(values, this.#parts.codec, this.#parts.breathe);
    } catch (error) {
      if (!(error instanceof SnapshotUnusable)) throw error;
      this.#parts.logger.warn({ err: error, partition }, 'a snapshot is passed over');
      return null;
    }
  }
}

/** The highest generation of any chunk, so that leftovers of a torn run are never taken for new ones. */
function newest(keys: ReadonlySet<string>): bigint {
  let highest = 0n;
  for (const key of keys) {
    const generation = BigInt(key.split(' ').at(-2) ?? 0);
    if (generation > highest) highest = generation;
  }
  return highest;
}
