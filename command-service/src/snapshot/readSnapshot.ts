import { createHash } from 'node:crypto';
import { OffsetGone } from '@prorata/kafka-port';
import type { LogRecord, PartitionLog, TopicPartition } from '@prorata/kafka-port';
import { MODEL_VERSION } from '@prorata/quota-model';
import type { Codec, SnapshotManifest, StreamSnapshotChunk } from '@prorata/schemas';
import { PartitionState } from '../writer/partitionState.ts';
import { marksFromBytes } from './outcomeMarks.ts';
import type { OutcomeMark } from './outcomeMarks.ts';
import { HeadAssembly } from './streamBody.ts';

export const MANIFEST_KEY = 'manifest';
/** The name, among a snapshot's streams, of the marks that lead to the recent outcomes. */
export const RECENT_STREAM = 'recent';

export const chunkKey = (stream: string, generation: bigint, chunk: number): string =>
  `${stream} ${generation} ${chunk}`;

/** The snapshot does not hold together; the log does, so it is folded from its beginning. */
export class SnapshotUnusable extends Error {
  override readonly name = 'SnapshotUnusable';
}

export interface StoredSnapshot {
  readonly manifest: SnapshotManifest;
  readonly state: PartitionState;
  readonly marks: readonly OutcomeMark[];
}

/** Records that go while they are read are read anew from where they begin now, so often at most. */
const READS_MAX = 3;

/**
 * Values by key as they stand in the partition: what a tombstone took away is gone.
 * @throws Error when they are deleted again and again while they are read; it may pass
 */
export async function readSnapshotRecords(
  log: Pick<PartitionLog, 'beginningOffset' | 'readToEnd'>,
  place: TopicPartition,
): Promise<Map<string, Buffer>> {
  for (let read = 0; read < READS_MAX; read++) {
    try {
      return await readOnce(log, place);
    } catch (error) {
      // Of events it would be the end; a snapshot may go at any time, and only costs.
      if (!(error instanceof OffsetGone)) throw error;
    }
  }
  throw new Error(`${place.topic}[${place.partition}] is deleted while it is read.`);
}

async function readOnce(
  log: Pick<PartitionLog, 'beginningOffset' | 'readToEnd'>,
  place: TopicPartition,
): Promise<Map<string, Buffer>> {
  const values = new Map<string, Buffer>();
  const keep = ({ key, value }: LogRecord): void => {
    if (key === null) return;
    if (value === null) values.delete(key.toString());
    else values.set(key.toString(), value);
  };
  await log.readToEnd(place, await log.beginningOffset(place), (records) => records.forEach(keep));
  return values;
}

/**
 * The snapshot that the manifest names; null: there is none.
 * @throws SnapshotUnusable when a part is missing, torn or of another model version
 */
export async function assembleSnapshot(
  values: ReadonlyMap<string, Buffer>,
  codec: Pick<Codec, 'decode'>,
  breathe: () => Promise<unknown> = () => Promise.resolve(),
): Promise<StoredSnapshot | null> {
  const bytes = values.get(MANIFEST_KEY);
  if (bytes === undefined) return null;
  try {
    const manifest = await decoded(bytes, codec, 'SnapshotManifest');
    if (manifest.modelVersion !== MODEL_VERSION) {
      throw new SnapshotUnusable(
        `Its model version is ${manifest.modelVersion}, not ${MODEL_VERSION}.`,
      );
    }
    const state = new PartitionState();
    let marks: readonly OutcomeMark[] = [];
    for (const entry of manifest.streams) {
      const read = (onChunk: (body: Buffer) => void): Promise<void> =>
        eachChunk(values, codec, manifest.generation, entry, async (body) => {
          onChunk(body);
          await breathe();
        });
      if (entry.stream === RECENT_STREAM) {
        await read((body) => (marks = marksFromBytes(body)));
        continue;
      }
      const assembly = new HeadAssembly();
      await read((body) => assembly.add(body));
      state.restoreHead(entry.stream, await assembly.finish(breathe));
    }
    state.nextCommand = manifest.commandsNextOffset;
    return { manifest, state, marks };
  } catch (error) {
    if (error instanceof SnapshotUnusable) throw error;
    throw new SnapshotUnusable('A part of it cannot be read.', { cause: error });
  }
}

/** One after the other, so that a large state is never there as text and as records at once. */
async function eachChunk(
  values: ReadonlyMap<string, Buffer>,
  codec: Pick<Codec, 'decode'>,
  generation: bigint,
  { stream, chunks, sha256 }: SnapshotManifest['streams'][number],
  onChunk: (body: Buffer) => Promise<void>,
): Promise<void> {
  const hash = createHash('sha256');
  for (let chunk = 0; chunk < chunks; chunk++) {
    const bytes = values.get(chunkKey(stream, generation, chunk));
    if (bytes === undefined) throw new SnapshotUnusable(`Chunk ${chunk} of ${stream} is missing.`);
    const body = Buffer.from((await decoded(bytes, codec, 'StreamSnapshotChunk')).body);
    hash.update(body);
    await onChunk(body);
  }
  if (hash.digest('hex') !== sha256) throw new SnapshotUnusable(`${stream} is torn.`);
}

interface SnapshotValues {
  readonly SnapshotManifest: SnapshotManifest;
  readonly StreamSnapshotChunk: StreamSnapshotChunk;
}

async function decoded<T extends keyof SnapshotValues>(
  bytes: Buffer,
  codec: Pick<Codec, 'decode'>,
  type: T,
): Promise<SnapshotValues[T]> {
  const message = await codec.decode(bytes);
  if (message.type !== type) throw new SnapshotUnusable(`A ${message.type} stands for a ${type}.`);
  return message.value as SnapshotValues[T];
}
