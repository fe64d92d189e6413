import { AppendTooLarge } from '@prorata/kafka-port';
import type { OutRecord, PartitionLog, PartitionWriter } from '@prorata/kafka-port';
import { MODEL_VERSION } from '@prorata/quota-model';
import type { Codec, SnapshotManifest } from '@prorata/schemas';
import type { Logger } from '@prorata/service-runtime';
import { AppendBatch } from '../writer/appendBatch.ts';
import type { EncodeFor } from '../writer/outRecords.ts';
import type { PartitionState } from '../writer/partitionState.ts';
import { fromTheBeginning } from '../writer/restorePoint.ts';
import type { RestorePoint } from '../writer/restorePoint.ts';
import type { WriterTopics } from '../writer/writerTopics.ts';
import { marksToBytes, outcomesFrom, withMark } from './outcomeMarks.ts';
import type { OutcomeMark } from './outcomeMarks.ts';
import {
  assembleSnapshot,
  chunkKey,
  MANIFEST_KEY,
  readSnapshotRecords,
  RECENT_STREAM,
  SnapshotUnusable,
} from './readSnapshot.ts';
import type { StoredSnapshot } from './readSnapshot.ts';
import type { Snapshots } from './snapshots.ts';
import { chunksOf, headToBytes, sha256Hex } from './streamBody.ts';

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
}

/** What the owner of a partition knows of its snapshots. */
interface Kept {
  generation: bigint;
  bytes: number;
  marks: readonly OutcomeMark[];
  /** Keys of chunks that stand in the topic, of whatever generation. */
  keys: Set<string>;
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
    this.#kept.set(partition, { generation: newest(keys), bytes, marks, keys });
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
  ): Promise<void> {
    const kept = this.#kept.get(partition);
    if (kept === undefined) return;
    const spacing = Math.max(this.#parts.everyEvents, Math.ceil(kept.bytes / BYTES_PER_EVENT));
    if (state.eventsSinceSnapshot < spacing) return;
    state.eventsSinceSnapshot = 0;
    try {
      await this.#take(partition, state, writer, kept, now);
      this.#parts.taken();
    } catch (error) {
      if (!(error instanceof AppendTooLarge)) throw error;
      // So many streams that their manifest passes one append: restores are slow then, and right.
      this.#parts.logger.warn({ err: error, partition }, 'a snapshot does not fit');
    }
  }

  async #assembled(
    values: ReadonlyMap<string, Buffer>,
    partition: number,
  ): Promise<StoredSnapshot | null> {
    try {
      return await assembleSnapshot(values, this.#parts.codec);
    } catch (error) {
      if (!(error instanceof SnapshotUnusable)) throw error;
      this.#parts.logger.warn({ err: error, partition }, 'a snapshot is passed over');
      return null;
    }
  }

  async #take(
    partition: number,
    state: PartitionState,
    writer: PartitionWriter,
    kept: Kept,
    now: bigint,
  ): Promise<void> {
    const { log, topics } = this.#parts;
    // Nothing is being appended, so all that the state holds lies before these ends, or is about to
    // show before them: an event that is read again is known by its version.
    const eventsNextOffset = await log.endOffset({ topic: topics.events, partition });
    const outcomesNextOffset = await log.endOffset({ topic: topics.outcomes, partition });
    const marks = withMark(kept.marks, { at: now, offset: outcomesNextOffset });
    const generation = kept.generation + 1n;
    const { chunks, streams } = await this.#chunks(partition, state, marks, generation);
    const value: SnapshotManifest = {
      partition,
      generation,
      modelVersion: MODEL_VERSION,
      eventsNextOffset,
      outcomesNextOffset,
      commandsNextOffset: state.nextCommand ?? 0n,
      streams,
    };
    const message = { type: 'SnapshotManifest', value } as const;
    const manifest = await this.#record(partition, MANIFEST_KEY, message);
    // Sized first: chunks without their manifest would be written each time and help nobody.
    if (!new AppendBatch().add([manifest])) throw new AppendTooLarge('The manifest is too large.');
    const former = kept.keys;
    const keys = new Set(chunks.map(({ key }) => String(key)));
    // From here on chunks of this generation may stand in the topic, whatever happens.
    kept.keys = new Set([...former, ...keys]);
    kept.generation = generation;
    await appendInParts(writer, chunks);
    await writer.append([manifest]);
    const tombstone = { ...this.#place(partition), value: null };
    await appendInParts(
      writer,
      [...former].map((key) => ({ ...tombstone, key: Buffer.from(key) })),
    );
    kept.keys = keys;
    kept.marks = marks;
    kept.bytes = chunks.reduce((sum, chunk) => sum + (chunk.value?.length ?? 0), 0);
  }

  /** The state as it is at this moment: its bytes are made before anything is awaited. */
  async #chunks(
    partition: number,
    state: PartitionState,
    marks: readonly OutcomeMark[],
    generation: bigint,
  ): Promise<{ chunks: OutRecord[]; streams: SnapshotManifest['streams'] }> {
    const bodies = new Map([...state.streams].map(([stream, head]) => [stream, headToBytes(head)]));
    bodies.set(RECENT_STREAM, marksToBytes(marks));
    const streams: SnapshotManifest['streams'][number][] = [];
    const chunks: OutRecord[] = [];
    for (const [stream, bytes] of bodies) {
      const parts = chunksOf(bytes);
      streams.push({ stream, chunks: parts.length, sha256: sha256Hex(bytes) });
      for (const [chunk, body] of parts.entries()) {
        const value = { stream, generation, chunk, chunks: parts.length, body };
        const message = { type: 'StreamSnapshotChunk', value } as const;
        chunks.push(await this.#record(partition, chunkKey(stream, generation, chunk), message));
      }
    }
    return { chunks, streams };
  }

  #place(partition: number): { readonly topic: string; readonly partition: number } {
    return { topic: this.#parts.topics.snapshots, partition };
  }

  async #record(
    partition: number,
    key: string,
    message: Parameters<EncodeFor>[1],
  ): Promise<OutRecord> {
    const value = await this.#parts.encode('snapshots', message);
    return { ...this.#place(partition), key: Buffer.from(key), value };
  }
}

async function appendInParts(
  writer: PartitionWriter,
  records: readonly OutRecord[],
): Promise<void> {
  let batch = new AppendBatch();
  for (const record of records) {
    if (batch.add([record])) continue;
    await writer.append(batch.records);
    batch = new AppendBatch();
    batch.add([record]);
  }
  if (!batch.isEmpty) await writer.append(batch.records);
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
