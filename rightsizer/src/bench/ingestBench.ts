/**
 * The part of `bench usage` that needs the sink's own code: a process with the environment of somebody
 * who may write usage and read it, and the number of records as its argument. Prints a line of JSON a figure.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import avro from 'avsc';
import { connectKafka } from '@prorata/kafka-port';
import type { KafkaConnection, LogPort } from '@prorata/kafka-port';
import { consumeBare } from '@prorata/kafka-port/bench/consumption';
import { inNamespace, selfContained, topicManifest } from '@prorata/schemas';
import type { Codec } from '@prorata/schemas';
import { createCodec, readSettings } from '@prorata/service-runtime';
import { productionPolicy } from '../policy.ts';
import { restoreSeenIds } from '../sink/restoreSeenIds.ts';
import { startUsageSink } from '../sink/usageSink.ts';
import { UsageColumns } from '../table/usageColumns.ts';
import { tablePlaces, UsageDatabase } from '../table/usageDatabase.ts';
import { UsageReader } from '../table/usageReader.ts';
import { UsageTable } from '../table/usageTable.ts';
import { benchUsage, writeBenchUsage } from './benchUsage.ts';
import { writeBare } from './bareWriting.ts';

const partitions = topicManifest.partitions.local;
/** Between two looks at the memory, milliseconds. */
const LOOK_MS = 50;
/** Commits whose cost is compared with that of ten times as many. */
const COMMITS = 40;
/** Records of each of them. */
const COMMIT_RECORDS = 100;
/** The values carry the Confluent header before the body, bytes. */
const HEADER_BYTES = 5;

const say = (figure: string, unit: string, ours: number): void =>
  void process.stdout.write(`${JSON.stringify({ figure, unit, ours })}\n`);

async function withTable<T>(
  topic: string,
  work: (table: UsageTable, reader: UsageReader) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-ingest-'));
  const places = await tablePlaces(directory);
  const database = await UsageDatabase.open(places.root, undefined, places.folders);
  const table = await UsageTable.open({ database, places, topic: { name: topic, partitions } });
  try {
    return await work(table, new UsageReader(database, places));
  } finally {
    table.close();
    database.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** From the first batch to the last commit. */
async function ingest(
  port: LogPort,
  codec: Codec,
  topic: string,
  group: string,
  records: number,
): Promise<void> {
  await withTable(topic, async (table, reader) => {
    const done = Promise.withResolvers<undefined>();
    let [committed, commits, startedMs, rssMax] = [0, 0, 0, 0];
    const looking = setInterval(
      () => (rssMax = Math.max(rssMax, process.memoryUsage.rss())),
      LOOK_MS,
    );
    const cpu = process.cpuUsage();
    const sink = await startUsageSink({
      log: port,
      codec,
      table,
      async seenIds(partition) {
        const seen = await restoreSeenIds(await reader.newest(), topic, partition);
        startedMs ||= performance.now();
        return seen;
      },
      quotas: {
        known: { has: () => true, wasPaidBy: () => true },
        settle: () => Promise.resolve(true),
      },
      topic,
      group,
      // What is left at the end is committed at once: waiting for more is no work.
      rule: { ...productionPolicy.sink, idleMs: 20 },
      watcher: {
        committed(_partition, counts) {
          committed += counts.records;
          commits += 1;
          if (committed === records) done.resolve(undefined);
        },
        quarantined: (_partition, reason) => done.reject(new Error(`A record is ${reason}.`)),
        waiting: () => undefined,
        stale: () => undefined,
        unverified: () => undefined,
      },
    });
    await Promise.race([done.promise, sink.finished]);
    const seconds = (performance.now() - startedMs) / 1_000;
    const used = process.cpuUsage(cpu);
    clearInterval(looking);
    await sink.stop();
    say('ours', '1/s', records / seconds);
    say('commits', 'commits', commits);
    say('processor', 'µs', (used.user + used.system) / records);
    say('memory', 'MB', rssMax / 1_000_000);
  });
}

/** What a small commit costs in a new table, and in one with ten times as many behind it, milliseconds. */
async function growth(topic: string): Promise<void> {
  await withTable(topic, async (table) => {
    const usages = [...benchUsage(COMMIT_RECORDS, BigInt(Date.now()) * 1_000n)];
    let claim = await table.takeOver(0);
    let startedMs = performance.now();
    for (let commit = 1; commit <= COMMITS * 10; commit += 1) {
      const from = claim.nextOffset;
      const usage = new UsageColumns();
      for (const [index, each] of usages.entries()) {
        usage.addRecord(from + BigInt(index), each.windowEnd, each);
      }
      const to = from + BigInt(COMMIT_RECORDS);
      const marker = { offset: to - 1n, sha256: String(commit) };
      const counts = { records: COMMIT_RECORDS, duplicates: 0, quarantine: [] };
      claim = await table.commit(claim, { from, to, usage, marker, ...counts });
      if (commit === COMMITS) say('commit-new', 'ms', (performance.now() - startedMs) / COMMITS);
      if (commit === COMMITS * 9) startedMs = performance.now();
    }
    say('commit-grown', 'ms', (performance.now() - startedMs) / COMMITS);
  });
}

async function main(records: number): Promise<void> {
  const settings = readSettings();
  const { brokers, tls, sasl } = settings.kafka;
  const connection: KafkaConnection = {
    clientId: 'bench',
    brokers,
    ...(tls === false ? {} : { tls }),
    ...(sasl === null ? {} : { sasl }),
  };
  const port = connectKafka(connection);
  const codec = createCodec(settings);
  const topic = inNamespace('usage.events', settings.namespace);
  const now = BigInt(Date.now()) * 1_000n;
  try {
    await writeBenchUsage(port, codec, settings.namespace, benchUsage(records, now));
    say('written', 'records', records);
    const type = avro.Type.forSchema(
      selfContained('io.prorata.usage.UsageRecorded') as avro.Schema,
    );
    const group = (name: string): string => inNamespace(`usage-bench-${name}`, settings.namespace);
    const bareMs = await consumeBare(connection, topic, group('bare'), records, (value) => {
      type.fromBuffer(value.subarray(HEADER_BYTES));
    });
    say('consumption', '1/s', (records * 1_000) / bareMs);
    await ingest(port, codec, topic, group('sink'), records);
    const usages = [...benchUsage(records, now)];
    const writingMs = await writeBare(usages, productionPolicy.sink.recordsMax);
    say('writing', '1/s', (records * 1_000) / writingMs);
    await growth(topic);
  } finally {
    await port.close();
  }
}

await main(Number(process.argv[2]));
