import { createMemoryLog, OffsetGone } from '@prorata/kafka-port';
import type { LogRecord, OutRecord, PartitionWriter } from '@prorata/kafka-port';
import { stateToText } from '@prorata/quota-model';
import { Codec, memoryIds } from '@prorata/schemas';
import { createLogger } from '@prorata/service-runtime';
import { describe, expect, it } from 'vitest';
import { creating, registering } from '../testing/simulatedCommands.ts';
import { decideBatch } from '../writer/decideBatch.ts';
import { encoder } from '../writer/outRecords.ts';
import type { EncodeFor } from '../writer/outRecords.ts';
import { PartitionState } from '../writer/partitionState.ts';
import { writerTopicsIn } from '../writer/writerTopics.ts';
import { LogSnapshots } from './logSnapshots.ts';
import { assembleSnapshot, MANIFEST_KEY, readSnapshotRecords } from './readSnapshot.ts';

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
  while (await snapshots.takeIfDue(0, state, writer, 0n));
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

describe('a partition with more streams than a manifest can name', () => {
  /** Some 6,000 with names of this length. */
  const STREAMS_TOO_MANY = 10_000;

  async function streamsAfter(count: number) {
    const state = new PartitionState();
    const log = createMemoryLog({ seed: 1 });
    for (const topic of Object.values(topics)) log.createTopic(topic, 1);
    const counts = { taken: 0, leftOut: 0, appended: 0 };
    const snapshots = new LogSnapshots({
      log: log.connect().log,
      codec,
      encode: encoder(codec),
      topics,
      logger: createLogger('test', 'silent'),
      everyEvents: 1,
      taken: () => counts.taken++,
      leftOut: () => counts.leftOut++,
    });
    await snapshots.restorePoint(0, 0n);
    const writer: PartitionWriter = {
      identity: { group: 'g', topic: topics.commands, partition: 0 },
      append: (batch) => Promise.resolve(void (counts.appended += batch.length)),
      close: () => Promise.resolve(),
    };
    const registered = registering(1, 'moka', 1n);
    await decideOne(state, registered, 0n);
    const head = state.streams.get('application:moka')!;
    for (let each = 1; each < count; each++)
      state.streams.set(`application:team-${String(each).padStart(6, '0')}`, head);
    while (await snapshots.takeIfDue(0, state, writer, 0n));
    return { state, counts };
  }

  async function decideOne(
    state: PartitionState,
    command: ReturnType<typeof creating>,
    at: bigint,
  ): Promise<string | undefined> {
    const { stream } = command.value.envelope;
    const place = { topic: topics.commands, partition: 0, offset: at, timestampMs: 0 };
    const record: LogRecord = { ...place, key: null, value: null, headers: new Map() };
    const read = { kind: 'command', record, command, stream, signedAt: 1n } as const;
    const parts = { partition: 0, topics, encode: encoder(codec), bytesMax: 700_000 };
    return (await decideBatch(state, [read], 1n, parts)).outcomes[0]?.code;
  }

  it('is written no snapshot of, which is counted, and decides on as before', async () => {
    const { state, counts } = await streamsAfter(STREAMS_TOO_MANY);
    expect(counts).toEqual({ taken: 0, leftOut: 1, appended: 0 });
    expect(await decideOne(state, creating(2, 'moka/a', 1n), 1n)).toBe('ACCEPTED');
    expect(await decideOne(state, creating(3, 'moka/a', 1n), 2n)).toBe('QUOTA_EXISTS');
  });

  it('has its snapshot while it has half as many', async () => {
    const { counts } = await streamsAfter(STREAMS_TOO_MANY / 2);
    expect(counts).toMatchObject({ taken: 1, leftOut: 0 });
  });
});

describe('snapshots that are deleted while they are read', () => {
  const place = { topic: topics.snapshots, partition: 0 };
  const record = { ...place, offset: 7n, timestampMs: 0, headers: new Map() };

  function deletedTimes(times: number): Parameters<typeof readSnapshotRecords>[0] {
    let left = times;
    return {
      beginningOffset: () => Promise.resolve(0n),
      async readToEnd(_place, from, onBatch) {
        await onBatch([{ ...record, key: Buffer.from('gone'), value: Buffer.from('x') }]);
        if (left-- > 0) throw new OffsetGone(place, from);
        await onBatch([{ ...record, key: Buffer.from('kept'), value: Buffer.from('y') }]);
        return 8n;
      },
    };
  }

  it('are read anew from where they begin now', async () => {
    const values = await readSnapshotRecords(deletedTimes(1), place);
    expect([...values.keys()]).toContain('kept');
  });

  it('again and again are a fault that may pass, and never stop the partition', async () => {
    const reading = readSnapshotRecords(deletedTimes(100), place);
    await expect(reading).rejects.toThrow('is deleted while it is read');
    await expect(reading).rejects.not.toBeInstanceOf(OffsetGone);
  });
});

describe('a snapshot that is written while commands are decided', () => {
  const QUOTAS = 2_000;
  let offset = 0;

  async function decide(
    state: PartitionState,
    commands: readonly ReturnType<typeof creating>[],
  ): Promise<void> {
    const now = 1_000_000_000n;
    const reads = commands.map((command) => {
      const { stream } = command.value.envelope;
      const record: LogRecord = {
        topic: topics.commands,
        partition: 0,
        offset: BigInt(offset++),
        timestampMs: 0,
        key: null,
        value: null,
        headers: new Map(),
      };
      return { kind: 'command', record, command, stream, signedAt: now } as const;
    });
    const parts = { partition: 0, topics, encode: encoder(codec), bytesMax: 100_000_000 };
    const { outcomes } = await decideBatch(state, reads, now, parts);
    expect(new Set(outcomes.map(({ code, message }) => code + message))).toEqual(
      new Set(['ACCEPTED']),
    );
  }

  const quotas = (application: string, from: number, count: number) =>
    Array.from({ length: count }, (_, index) => {
      const command = creating(1_000 + offset + index, `${application}/q${from + index}`, 1n);
      if (command.type !== 'CreateQuota') throw new TypeError('not a CreateQuota');
      const labels = { number: `${from + index}` };
      const content = { ...command.value.content, limits: [], labels };
      return { ...command, value: { ...command.value, content } };
    });

  const textOf = (state: PartitionState): Record<string, string> =>
    Object.fromEntries(
      [...state.streams].map(([stream, head]) => [
        stream,
        `${head.version} ${head.hash.toString('hex')} ${head.decidedAt} ${stateToText(head.state)}`,
      ]),
    );

  it('holds what was there when it began, and the state goes on as if there were none', async () => {
    const log = createMemoryLog({ seed: 1 });
    for (const topic of Object.values(topics)) log.createTopic(topic, 1);
    const snapshots = new LogSnapshots({
      log: log.connect().log,
      codec,
      encode: encoder(codec),
      topics,
      logger: createLogger('test', 'silent'),
      everyEvents: QUOTAS,
      taken: () => undefined,
    });
    await snapshots.restorePoint(0, 0n);
    const values = new Map<string, Buffer>();
    const appends: number[] = [];
    const writer: PartitionWriter = {
      identity: { group: 'g', topic: topics.commands, partition: 0 },
      append: (batch) => {
        appends.push(batch.reduce((sum, { value }) => sum + (value?.length ?? 0), 0));
        for (const { key, value } of batch) if (value !== null) values.set(String(key), value);
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    };

    const [state, direct] = [new PartitionState(), new PartitionState()];
    const decideBoth = async (commands: Parameters<typeof decide>[1]): Promise<void> => {
      const before = offset;
      await decide(state, commands);
      offset = before;
      await decide(direct, commands);
    };
    await decideBoth([registering(1, 'moka', 1n), registering(2, 'tidb', 1n)]);
    await decideBoth(quotas('moka', 0, QUOTAS));
    const frozen = textOf(state);

    let slices = 0;
    while (await snapshots.takeIfDue(0, state, writer, 0n)) {
      if (slices === 0) await decideBoth([registering(3, 'late', 1n)]);
      const from = QUOTAS + 10 * slices++;
      await decideBoth([...quotas('moka', from, 10), ...quotas('late', from, 1)]);
    }

    expect(slices).toBeGreaterThan(2);
    expect(Math.max(...appends)).toBeLessThan(500_000);
    expect(values.has(MANIFEST_KEY)).toBe(true);
    const stored = await assembleSnapshot(values, codec);
    expect(textOf(stored!.state)).toEqual(frozen);
    expect(textOf(state)).toEqual(textOf(direct));
    expect(state.streams.get('application:moka')!.state).toEqual(
      direct.streams.get('application:moka')!.state,
    );
  });
});
