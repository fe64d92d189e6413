import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { connectKafka } from '@prorata/kafka-port';
import type { LogAdmin, LogPort, OutRecord, Publisher } from '@prorata/kafka-port';
import { Codec, inNamespace, registryIds, topicManifest } from '@prorata/schemas';
import { freshNamespace, kafkaConnection, sharedStack } from '@prorata/test-kit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SinkProcessConfiguration } from '../../test/sinkProcess.ts';
import { tokens, usageOut, usageRecord } from '../../test/usageRecords.ts';
import { tablePlaces, UsageDatabase } from '../table/usageDatabase.ts';
import type { TablePlaces } from '../table/usageDatabase.ts';
import { UsageReader } from '../table/usageReader.ts';
import { UsageTable } from '../table/usageTable.ts';
import { restoreSeenIds } from './restoreSeenIds.ts';
import { startUsageSink } from './usageSink.ts';
import type { QuotaDirectory, RunningSink, SinkWatcher } from './usageSink.ts';

const partitions = topicManifest.partitions.local;
const rule = { recordsMax: 50, intervalMs: 3_600_000, idleMs: 150 };

let namespace: string;
let topic: string;
let port: LogPort;
let admin: LogAdmin;
let publisher: Publisher;
let codec: Codec;
let directory: string;
let places: TablePlaces;
let database: UsageDatabase;
const children: ChildProcess[] = [];
const sinks: RunningSink[] = [];
const faults: unknown[] = [];

beforeAll(async () => {
  port = connectKafka(kafkaConnection());
  admin = await port.admin();
  publisher = await port.publisher();
});

afterAll(async () => {
  await port.close();
});

beforeEach(async () => {
  faults.length = 0;
  namespace = await freshNamespace({ apply: ['usage.events'] });
  topic = inNamespace('usage.events', namespace);
  codec = new Codec(registryIds(sharedStack().subjectsUrl), namespace);
  directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-sink-'));
  places = await tablePlaces(directory);
  database = await UsageDatabase.open(places.root);
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await Promise.all(sinks.splice(0).map((sink) => sink.stop()));
  database.close();
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
});

/** What was sent, for comparing with what the table has. */
class Ledger {
  records = 0;
  duplicates = 0;
  malformed = 0;
  used = 0n;

  /** Usage of many quotas, some records sent twice, some that cannot be read. */
  async send(count: number): Promise<void> {
    const out: OutRecord[] = [];
    for (let index = 0; index < count; index += 1) {
      const used = BigInt(Math.floor(Math.random() * 1_000));
      const quotaId = `llm/q${index % 23}`;
      const usage = usageRecord({ quotaId, bootId: randomUUID(), resources: [tokens(used)] });
      const record = await usageOut({ codec, namespace, partitions }, usage);
      out.push(record);
      this.records += 1;
      this.used += used;
      if (index % 11 === 0) {
        out.push(record);
        this.duplicates += 1;
      }
      if (index % 17 === 0) {
        out.push({ ...record, value: Buffer.from(`torn ${index}`) });
        this.malformed += 1;
      }
    }
    await publisher.publish(out);
  }
}

const ends = (): Promise<bigint[]> =>
  Promise.all(
    Array.from({ length: partitions }, (_, partition) => port.log.endOffset({ topic, partition })),
  );

async function caughtUp(): Promise<void> {
  const wanted = await ends();
  const deadline = Date.now() + 40_000;
  for (;;) {
    const snapshot = await new UsageReader(database, places).newest();
    const has = wanted.every(
      (end, partition) => end === 0n || snapshot?.positions.get(`${topic}/${partition}`) === end,
    );
    if (has) return;
    if (Date.now() > deadline) throw new Error('The table did not catch up.');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function expectTableToEqual(ledger: Ledger): Promise<void> {
  const snapshot = (await new UsageReader(database, places).newest())!;
  const [counted] = await snapshot.ask(`
    SELECT sum(used) AS used, count(*) AS rows,
      count(DISTINCT (source_partition, source_offset)) AS places FROM usage`);
  expect(counted).toEqual({
    used: ledger.used,
    rows: BigInt(ledger.records),
    places: BigInt(ledger.records),
  });
  const positions = [...snapshot.partitions.values()];
  const sum = (pick: (position: (typeof positions)[number]) => number): number =>
    positions.reduce((total, position) => total + pick(position), 0);
  expect(sum(({ quarantined }) => quarantined)).toBe(ledger.malformed);
  expect(sum(({ duplicates }) => duplicates)).toBe(ledger.duplicates);
  expect(sum(({ records }) => records)).toBe(ledger.records + ledger.duplicates + ledger.malformed);
  const quarantine = (await new UsageReader(database, places).quarantine())!;
  const rowsAndPlaces =
    'count(*) AS rows, count(DISTINCT (source_partition, source_offset)) AS places';
  const aside = await quarantine.scan(await quarantine.files(), async (rows, connection) =>
    (await connection.runAndReadAll(`SELECT ${rowsAndPlaces} FROM ${rows}`)).getRowObjects(),
  );
  const malformed = BigInt(ledger.malformed);
  expect(aside).toEqual([{ rows: malformed, places: malformed }]);
}

function startProcess(crash: SinkProcessConfiguration['crash'], group: string): ChildProcess {
  const configuration: SinkProcessConfiguration = {
    connection: kafkaConnection('rightsizer'),
    registryUrl: sharedStack().subjectsUrl,
    namespace,
    directory,
    partitions,
    group: inNamespace(group, namespace),
    rule,
    crash,
  };
  const file = path.join(import.meta.dirname, '../../test/sinkProcess.ts');
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, SINK_PROCESS: JSON.stringify(configuration) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

async function startSink(
  group: string,
  watcher: Partial<SinkWatcher> = {},
  log: Pick<LogPort, 'log' | 'source'> = port,
  quotas: QuotaDirectory | null = null,
): Promise<{ sink: RunningSink; table: UsageTable }> {
  const table = await UsageTable.open({
    database,
    places,
    topic: { name: topic, partitions },
  });
  const reader = new UsageReader(database, places);
  const sink = await startUsageSink({
    log,
    codec,
    table,
    seenIds: async (partition) => restoreSeenIds(await reader.newest(), topic, partition),
    quotas,
    topic,
    group: inNamespace(group, namespace),
    rule,
    watcher: {
      committed: () => undefined,
      quarantined: () => undefined,
      waiting: () => undefined,
      stale: () => undefined,
      unverified: () => undefined,
      ...watcher,
    },
  });
  sink.finished.catch((error: unknown) => faults.push(error));
  sinks.push(sink);
  return { sink, table };
}

const withoutIds = ({ log, source }: LogPort): Pick<LogPort, 'log' | 'source'> => ({
  source,
  log: {
    beginningOffset: (place) => log.beginningOffset(place),
    endOffset: (place) => log.endOffset(place),
    topicId: () => Promise.resolve(null),
    offsetAt: (...asked) => log.offsetAt(...asked),
    readToEnd: (...asked) => log.readToEnd(...asked),
    follow: (...asked) => log.follow(...asked),
  },
});

describe('the usage sink', () => {
  it('loses nothing and counts nothing twice, killed at every step', async () => {
    const ledger = new Ledger();
    const steps = [
      'taken-over',
      'usage-appended',
      'usage-staged',
      'usage-uploaded',
      'quarantine-staged',
      'quarantine-uploaded',
      'quarantine-committed',
      'commit-begins',
      'manifest-created',
      'manifest-list-created',
      'metadata-begins',
      'metadata-created',
      'committed',
    ];
    for (const [index, step] of steps.entries()) {
      await ledger.send(120);
      // Metadata is made by the takeovers of the start as well; later ones are of commits.
      const occurrence = step.startsWith('metadata') ? 6 : step === 'taken-over' ? 3 : 2;
      // Another group each time: a dead member would keep the old one waiting, and nothing is resumed from it.
      const child = startProcess({ step, occurrence }, `usage-sink-${index}`);
      const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
      expect([step, signal]).toEqual([step, 'SIGKILL']);
    }
    startProcess(null, 'usage-sink-last');
    await caughtUp();
    await expectTableToEqual(ledger);
  }, 180_000);

  it('keeps to the table when it is killed at random, under load', async () => {
    const ledger = new Ledger();
    for (let round = 0; round < 4; round += 1) {
      const child = startProcess(null, `usage-sink-${round}`);
      await once(child.stdout!, 'data');
      const sending = ledger.send(400);
      await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 700));
      child.kill('SIGKILL');
      await sending;
    }
    startProcess(null, 'usage-sink-last');
    await caughtUp();
    await expectTableToEqual(ledger);
  }, 120_000);

  it('hands partitions over to a second sink, and counts once', async () => {
    const ledger = new Ledger();
    await startSink('usage-sink');
    await ledger.send(300);
    await startSink('usage-sink');
    for (let round = 0; round < 5; round += 1) {
      await ledger.send(100);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    await caughtUp();
    await expectTableToEqual(ledger);
  });

  it('gives way when another sink has taken over, and takes back what stays its own', async () => {
    const ledger = new Ledger();
    const stale: number[] = [];
    const watcher = { stale: (partition: number) => void stale.push(partition) };
    await startSink('usage-sink', watcher);
    await ledger.send(100);
    await caughtUp();
    // Of another group, as nobody should set it up: both are called the owner of everything.
    const { sink: other } = await startSink('usage-sink-x', watcher);
    for (let round = 0; round < 4; round += 1) {
      await ledger.send(100);
      await caughtUp();
    }
    await other.stop();
    await ledger.send(100);
    await caughtUp();
    expect(stale.length).toBeGreaterThan(0);
    expect(faults).toEqual([]);
    await expectTableToEqual(ledger);
  });

  it('puts aside what cannot be counted, and goes on', async () => {
    const seen: string[] = [];
    await startSink('usage-sink', { quarantined: (_partition, reason) => seen.push(reason) });
    const place = { codec, namespace, partitions };
    const good = await usageOut(place, usageRecord());
    const negative = await usageOut(place, usageRecord({ resources: [tokens(-5n)] }));
    const ahead = await usageOut(
      place,
      usageRecord({ windowEnd: BigInt(Date.now() + 3_600_000) * 1_000n }),
    );
    await publisher.publish([{ ...good, value: null }, negative, ahead, good]);
    await caughtUp();
    expect(seen.sort()).toEqual(['AMOUNT_NEGATIVE', 'UNREADABLE', 'WINDOW_IN_FUTURE']);
    const snapshot = (await new UsageReader(database, places).newest())!;
    expect(await snapshot.ask('SELECT sum(used) AS used FROM usage')).toEqual([{ used: 10n }]);
  });

  it('stops, coded, when the topic is another one under the same name', async () => {
    const ledger = new Ledger();
    const { sink } = await startSink('usage-sink');
    await ledger.send(100);
    await caughtUp();
    await sink.stop();
    await admin.deleteTopics([topic]);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const made = { topic, partitions, replication: 1, configuration: {} };
    await admin.createTopics([made]);
    await new Ledger().send(200);
    const { sink: second } = await startSink('usage-sink-2');
    await expect(second.finished).rejects.toMatchObject({ code: 'TOPIC_CHANGED' });
    // A cluster without ids: filled anew, it has another record where the table ends.
    const { sink: third } = await startSink('usage-sink-3', {}, withoutIds(port));
    await expect(third.finished).rejects.toMatchObject({
      code: 'TOPIC_CHANGED',
      message: expect.stringContaining('does not hold the record') as unknown,
    });
  });
});
