import { createHash } from 'node:crypto';
import { AppendTooLarge } from '@prorata/kafka-port';
import type { OutRecord, PartitionWriter } from '@prorata/kafka-port';
import { MODEL_VERSION } from '@prorata/quota-model';
import type { SnapshotManifest, StreamSnapshotChunk } from '@prorata/schemas';
import { AppendBatch } from '../writer/appendBatch.ts';
import type { EncodeFor } from '../writer/outRecords.ts';
import type { StreamHead } from '../writer/partitionState.ts';
import { marksToBytes } from './outcomeMarks.ts';
import type { OutcomeMark } from './outcomeMarks.ts';
import { chunkKey, MANIFEST_KEY, RECENT_STREAM } from './readSnapshot.ts';
import { headChunks } from './streamBody.ts';

/** Chunks of one append at most: of small streams many fit into its bytes. */
const SLICE_CHUNKS_MAX = 200;
/** Bytes of the chunks of one append; as long as one chunk of a large stream, so that commands wait for no more. */
const SLICE_BYTES_MAX = 100_000;
/** More than any stream will have, for a manifest that is sized before its chunks are counted. */
const CHUNKS_AT_MOST = 2_000_000;
const HASH_AT_MOST = 'f'.repeat(64);

export interface SnapshotRunParts {
  readonly partition: number;
  /** Full name of quota.snapshots. */
  readonly topic: string;
  readonly generation: bigint;
  /** Nobody may change them before the run has ended. */
  readonly heads: ReadonlyMap<string, StreamHead>;
  readonly marks: readonly OutcomeMark[];
  readonly offsets: Pick<
    SnapshotManifest,
    'eventsNextOffset' | 'outcomesNextOffset' | 'commandsNextOffset'
  >;
  /** Keys of chunks that stand in the topic already: they go once the manifest names the new ones. */
  readonly formerKeys: ReadonlySet<string>;
  readonly encode: EncodeFor;
}

/** One snapshot, written in slices of one append each: chunks, then the manifest, then tombstones. */
export class SnapshotRun {
  /** Of chunks that stand in the topic or may, whatever happens. */
  readonly keys = new Set<string>();
  /** Of the chunks written. */
  bytes = 0;
  readonly #parts: SnapshotRunParts;
  readonly #chunks: Iterator<StreamSnapshotChunk>;
  readonly #streams: SnapshotManifest['streams'][number][] = [];
  #phase: 'chunks' | 'manifest' | 'tombstones' | 'ended' = 'chunks';

  constructor(parts: SnapshotRunParts) {
    this.#parts = parts;
    this.#chunks = this.#allChunks();
  }

  /** @throws AppendTooLarge: chunks without their manifest would be written each time and help nobody */
  async assertFits(): Promise<void> {
    const names = [...this.#parts.heads.keys(), RECENT_STREAM];
    const streams = names.map((stream) => ({
      stream,
      chunks: CHUNKS_AT_MOST,
      sha256: HASH_AT_MOST,
    }));
    if (!new AppendBatch().add([await this.#manifest(streams)])) {
      throw new AppendTooLarge('The manifest is too large.');
    }
  }

  /** Writes the next slice. @returns whether there is more */
  async step(writer: PartitionWriter): Promise<boolean> {
    switch (this.#phase) {
      case 'chunks': {
        const slice = await this.#nextSlice();
        if (slice.length > 0) await writer.append(slice);
        else this.#phase = 'manifest';
        return true;
      }
      case 'manifest':
        await writer.append([await this.#manifest(this.#streams)]);
        this.#phase = 'tombstones';
        return true;
      case 'tombstones':
        await appendInParts(writer, this.#tombstones());
        this.#phase = 'ended';
        return false;
      case 'ended':
        return false;
    }
  }

  async #nextSlice(): Promise<OutRecord[]> {
    const records: OutRecord[] = [];
    let bytes = 0;
    while (records.length < SLICE_CHUNKS_MAX && bytes < SLICE_BYTES_MAX) {
      const next = this.#chunks.next();
      if (next.done === true) break;
      const { stream, generation, chunk } = next.value;
      const key = chunkKey(stream, generation, chunk);
      const message = { type: 'StreamSnapshotChunk', value: next.value } as const;
      const record = await this.#record(key, message);
      bytes += record.value?.length ?? 0;
      records.push(record);
      this.keys.add(key);
    }
    this.bytes += bytes;
    return records;
  }

  *#allChunks(): Generator<StreamSnapshotChunk> {
    for (const [stream, head] of this.#parts.heads) yield* this.#chunksOf(stream, headChunks(head));
    yield* this.#chunksOf(RECENT_STREAM, [marksToBytes(this.#parts.marks)]);
  }

  *#chunksOf(stream: string, bodies: Iterable<Buffer>): Generator<StreamSnapshotChunk> {
    const { generation } = this.#parts;
    const hash = createHash('sha256');
    let chunk = 0;
    for (const body of bodies) {
      hash.update(body);
      // How many there are is known at their end: the manifest says it.
      yield { stream, generation, chunk, chunks: 0, body };
      chunk++;
    }
    this.#streams.push({ stream, chunks: chunk, sha256: hash.digest('hex') });
  }

  #manifest(streams: SnapshotManifest['streams']): Promise<OutRecord> {
    const { partition, generation, offsets } = this.#parts;
    const value = { partition, generation, modelVersion: MODEL_VERSION, ...offsets, streams };
    return this.#record(MANIFEST_KEY, { type: 'SnapshotManifest', value });
  }

  #tombstones(): OutRecord[] {
    const { partition, topic, formerKeys } = this.#parts;
    return [...formerKeys].map((key) => ({ topic, partition, key: Buffer.from(key), value: null }));
  }

  async #record(key: string, message: Parameters<EncodeFor>[1]): Promise<OutRecord> {
    const { topic, partition, encode } = this.#parts;
    const value = await encode('snapshots', message);
    return { topic, partition, key: Buffer.from(key), value };
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
