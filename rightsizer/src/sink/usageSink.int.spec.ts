import { once } from 'node:events';
import type { LogPort } from '@prorata/kafka-port';
import { inNamespace } from '@prorata/schemas';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { partitions, rule, SentLedger, SinkScene } from '../../test/sinkScene.ts';
import { tokens, usageOut, usageRecord } from '../../test/usageRecords.ts';
import type { CommitStep } from '../table/commitSteps.ts';
import { UsageTable } from '../table/usageTable.ts';
import { restoreSeenIds } from './restoreSeenIds.ts';
import { startUsageSink } from './usageSink.ts';
import type { QuotaDirectory, RunningSink, SinkWatcher } from './usageSink.ts';

let scene: SinkScene;
let ledger: SentLedger;
const sinks: RunningSink[] = [];
const faults: unknown[] = [];

beforeEach(async () => {
  faults.length = 0;
  scene = await SinkScene.open();
  ledger = new SentLedger(scene);
});

afterEach(async () => {
  await Promise.all(sinks.splice(0).map((sink) => sink.stop()));
  await scene.close();
});

async function startSink(
  group: string,
  watcher: Partial<SinkWatcher> = {},
  log: Pick<LogPort, 'log' | 'source'> = scene.port,
  quotas: QuotaDirectory | null = null,
): Promise<{ sink: RunningSink; table: UsageTable }> {
  const { codec, database, namespace, places, reader, topic } = scene;
  const table = await UsageTable.open({
    database,
    places,
    topic: { name: topic, partitions },
  });
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
  // One of each kind; every step, with more seeds and several sinks, is for the night.
  const stepsByDay: readonly CommitStep[] = [
    'usage-uploaded',
    'quarantine-committed',
    'metadata-created',
  ];

  it('loses nothing and counts nothing twice, killed within a commit', async () => {
    scene.startAhead(stepsByDay.length + 1);
    const reading = scene.readMeanwhile();
    for (const [index, step] of stepsByDay.entries()) {
      await ledger.send(80);
      // Metadata is made by the takeovers of the start as well; later ones are of commits.
      const occurrence = step === 'metadata-created' ? 6 : 2;
      // Another group each time: a dead member would keep the old one waiting, and nothing is resumed from it.
      await scene.dieAt({ step, occurrence }, `usage-sink-${index}`);
    }
    const child = scene.startProcess(null, 'usage-sink-3');
    await once(child.stdout!, 'data');
    const { version } = (await scene.reader.newest())!;
    await ledger.send(80);
    // It has taken over what there is and is at its commits.
    await vi.waitFor(async () => {
      expect((await scene.reader.newest())!.version).toBeGreaterThan(version + partitions);
    }, 20_000);
    child.kill('SIGKILL');
    await startSink('usage-sink-last');
    await scene.caughtUp();
    await ledger.expectInTable();
    expect(await reading.end()).toBeGreaterThan(0);
  }, 60_000);

  it('hands partitions over to a second sink, and counts once', async () => {
    await startSink('usage-sink');
    await ledger.send(300);
    await startSink('usage-sink');
    for (let round = 0; round < 5; round += 1) {
      await ledger.send(100);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    await scene.caughtUp();
    await ledger.expectInTable();
  });

  it('gives way when another sink has taken over, and takes back what stays its own', async () => {
    const stale: number[] = [];
    const watcher = { stale: (partition: number) => void stale.push(partition) };
    await startSink('usage-sink', watcher);
    await ledger.send(100);
    await scene.caughtUp();
    // Of another group, as nobody should set it up: both are called the owner of everything.
    const { sink: other } = await startSink('usage-sink-x', watcher);
    for (let round = 0; round < 4; round += 1) {
      await ledger.send(100);
      await scene.caughtUp();
    }
    await other.stop();
    await ledger.send(100);
    await scene.caughtUp();
    expect(stale.length).toBeGreaterThan(0);
    expect(faults).toEqual([]);
    await ledger.expectInTable();
  });

  it('puts aside what cannot be counted, and goes on', async () => {
    const seen: string[] = [];
    await startSink('usage-sink', { quarantined: (_partition, reason) => seen.push(reason) });
    const { place } = scene;
    const good = await usageOut(place, usageRecord());
    const negative = await usageOut(place, usageRecord({ resources: [tokens(-5n)] }));
    const ahead = await usageOut(
      place,
      usageRecord({ windowEnd: BigInt(Date.now() + 3_600_000) * 1_000n }),
    );
    await scene.publisher.publish([{ ...good, value: null }, negative, ahead, good]);
    await scene.caughtUp();
    expect(seen.sort()).toEqual(['AMOUNT_NEGATIVE', 'UNREADABLE', 'WINDOW_IN_FUTURE']);
    const snapshot = (await scene.reader.newest())!;
    expect(await snapshot.ask('SELECT sum(used) AS used FROM usage')).toEqual([{ used: 10n }]);
  });

  it('stops, coded, when the topic is another one under the same name', async () => {
    const { sink } = await startSink('usage-sink');
    await ledger.send(100);
    await scene.caughtUp();
    await sink.stop();
    const { topic } = scene;
    const admin = await scene.port.admin();
    await admin.deleteTopics([topic]);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const made = { topic, partitions, replication: 1, configuration: {} };
    await admin.createTopics([made]);
    await ledger.send(200);
    const { sink: second } = await startSink('usage-sink-2');
    await expect(second.finished).rejects.toMatchObject({ code: 'TOPIC_CHANGED' });
    // A cluster without ids: filled anew, it has another record where the table ends.
    const { sink: third } = await startSink('usage-sink-3', {}, withoutIds(scene.port));
    await expect(third.finished).rejects.toMatchObject({
      code: 'TOPIC_CHANGED',
      message: expect.stringContaining('does not hold the record') as unknown,
    });
  });
});
