import { createMemoryLog } from '@prorata/kafka-port';
import type { OutRecord, PartitionWriter } from '@prorata/kafka-port';
import { Codec, memoryIds } from '@prorata/schemas';
import { createLogger } from '@prorata/service-runtime';
import { describe, expect, it } from 'vitest';
import { encoder } from '../writer/outRecords.ts';
import type { EncodeFor } from '../writer/outRecords.ts';
import { PartitionState } from '../writer/partitionState.ts';
import { writerTopicsIn } from '../writer/writerTopics.ts';
import { LogSnapshots } from './logSnapshots.ts';

const topics = writerTopicsIn('');
const codec = new Codec(memoryIds());

/** What a snapshot of an empty partition appends when its manifest takes so many bytes more. */
async function appendedWith(manifestBytes: number): Promise<{ appended: number; taken: number }> {
  const log = createMemoryLog({ seed: 1 });
  for (const topic of Object.values(topics)) log.createTopic(topic, 1);
  const encode: EncodeFor = async (name, message) => {
    const bytes = await encoder(codec)(name, message);
    if (message.type !== 'SnapshotManifest') return bytes;
    return Buffer.concat([bytes, Buffer.alloc(manifestBytes)]);
  };
  let taken = 0;
  const snapshots = new LogSnapshots({
    log: log.connect().log,
    codec,
    encode,
    topics,
    logger: createLogger('test', 'silent'),
    everyEvents: 1,
    taken: () => taken++,
  });
  await snapshots.restorePoint(0, 0n);
  const records: OutRecord[] = [];
  const writer: PartitionWriter = {
    identity: { group: 'g', topic: topics.commands, partition: 0 },
    append: (batch) => Promise.resolve(void records.push(...batch)),
    close: () => Promise.resolve(),
  };
  const state = new PartitionState();
  state.eventsSinceSnapshot = 1;
  await snapshots.takeIfDue(0, state, writer, 0n);
  return { appended: records.length, taken };
}

describe('a snapshot', () => {
  it('has its chunks and, last, its manifest', async () => {
    expect(await appendedWith(0)).toEqual({ appended: 2, taken: 1 });
  });

  it('whose manifest fits into no append writes nothing at all', async () => {
    expect(await appendedWith(800_000)).toEqual({ appended: 0, taken: 0 });
  });
});
