import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { connectKafka } from '@prorata/kafka-port';
import type { LogPort } from '@prorata/kafka-port';
import { Codec, inNamespace, registryIds, timeToJson, topicManifest } from '@prorata/schemas';
import { freshNamespace, kafkaConnection, sharedStack } from '@prorata/test-kit';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { TestWriter } from '../../test/testWriter.ts';
import { tokens, usageOut, usageRecord } from '../../test/usageRecords.ts';
import { backtestCommand } from '../backtest/command/backtestCommand.ts';
import { whatIfCommand } from '../backtest/command/whatIfCommand.ts';
import { judgeRecord } from '../sink/judgeRecord.ts';
import { tablePlaces, UsageDatabase } from '../table/usageDatabase.ts';
import { UsageColumns } from '../table/usageColumns.ts';
import { UsageReader } from '../table/usageReader.ts';
import { UsageTable } from '../table/usageTable.ts';
import { importCommand } from './importCommand.ts';
import { quarantineCommand } from './quarantineCommand.ts';
import { queryCommand } from './queryCommand.ts';
import { verifyCommand } from './verifyCommand.ts';

const examples = path.join(import.meta.dirname, '../../../docs/how-to/examples/usage');
const HOUR = 3_600_000_000n;
const partitions = topicManifest.partitions.local;

let directory: string;
let environment: Readonly<Record<string, string>>;
let port: LogPort;

beforeAll(async () => {
  const namespace = await freshNamespace({ apply: ['quota.events', 'usage.events'] });
  directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-usage-'));
  port = connectKafka(kafkaConnection());
  const { brokers, sasl } = kafkaConnection('rightsizer');
  environment = {
    KAFKA_BROKERS: brokers.join(','),
    KAFKA_SASL_MECHANISM: 'plain',
    KAFKA_SASL_USERNAME: sasl?.username ?? '',
    KAFKA_SASL_PASSWORD: sasl?.password ?? '',
    SCHEMA_REGISTRY_URL: sharedStack().subjectsUrl,
    PRORATA_NAMESPACE: namespace,
    PRORATA_USAGE_DIRECTORY: path.join(directory, 'usage'),
    PRORATA_TOKEN_ISSUER: 'https://issuer.test',
    PRORATA_TOKEN_JWKS_FILE: path.join(directory, 'jwks.json'),
  };
  await fill(namespace);
});

afterAll(async () => {
  await port.close();
  await rm(directory, { recursive: true, force: true });
});

beforeEach(() => {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
});

/** A price, two records in the topic, and in the table what a sink makes of them. */
async function fill(namespace: string): Promise<void> {
  const codec = new Codec(registryIds(sharedStack().subjectsUrl), namespace);
  const writer = new TestWriter(port, codec, namespace, partitions);
  await writer.must('DefinePriceBook', 'pricebook:list', {
    currency: 'USD',
    prices: [
      {
        application: 'llm',
        resource: 'tokens',
        amount: '0.10',
        perUnits: 3,
        effectiveFrom: timeToJson(0n),
      },
    ],
  });
  await limitChat(writer);
  const publisher = await port.publisher();
  const topic = inNamespace('usage.events', namespace);
  const used = { codec, namespace, partitions };
  const bad = usageRecord({ hostId: '\u001b[31mred', resources: [tokens(-1n)] });
  const records = [await usageOut(used, usageRecord()), await usageOut(used, bad)];
  await publisher.publish(records);
  const partition = records[0]?.partition ?? 0;
  const places = await tablePlaces(path.join(directory, 'usage'));
  const database = await UsageDatabase.open(places.root);
  const table = await UsageTable.open({ database, places, topic: { name: topic, partitions } });
  const usage = new UsageColumns();
  const quarantine = [];
  for (const record of await recordsOf(topic, partition)) {
    const judged = await judgeRecord(codec, record);
    if (judged.kind === 'usage') usage.addRecord(record.offset, judged.loggedAt, judged.usage);
    else if (judged.kind === 'quarantine') quarantine.push(judged.row);
  }
  const range = { from: 0n, to: 2n, records: 2, duplicates: 0, usage, quarantine };
  const marker = { offset: 1n, sha256: 'last' };
  await table.commit(await table.takeOver(partition), { ...range, marker });
  table.close();
  database.close();
}

/** Fewer tokens a second than are used. */
async function limitChat(writer: TestWriter): Promise<void> {
  await writer.must('RegisterApplication', 'application:llm', {
    displayName: 'LLM',
    levels: ['service'],
    resources: [{ name: 'tokens', kind: 'rate', unit: 'token', total: null }],
    defaultMode: 'enforce',
    defaultOnStale: 'hold',
    robotChanges: 'apply',
    proposalLifetimeMicros: 60_000_000,
  });
  await writer.must('CreateQuota', 'application:llm', {
    quotaId: 'llm/chat',
    content: {
      owner: 'team',
      project: null,
      tier: 3,
      cutPriority: 0,
      labels: {},
      attributes: {},
      limits: [{ resource: 'tokens', rate: { amount: 8, per: '1s' } }],
      match: [],
      action: 'refuse',
      degradeTag: null,
      mode: null,
      onStale: null,
      requests: null,
      rightsizing: [],
    },
  });
}

async function recordsOf(topic: string, partition: number) {
  const all: Parameters<typeof judgeRecord>[1][] = [];
  await port.log.readToEnd({ topic, partition }, 0n, (records) => {
    all.push(...records);
  });
  return all;
}

/** What a command prints on stdout. */
async function printed(run: () => Promise<number>): Promise<{ code: number; out: string }> {
  let out = '';
  const writing = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  try {
    return { code: await run(), out };
  } finally {
    writing.mockRestore();
  }
}

const importing = (file: string, words: object = {}) =>
  printed(() =>
    importCommand([path.join(examples, file)], {
      mapping: path.join(examples, file.replace(/\.\w+$/, '.mapping.json')),
      ...words,
    }),
  );

const asked = async (sql: string): Promise<unknown[]> => {
  const { out } = await printed(() => queryCommand([sql], { output: 'json' }));
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
};

describe('./prorata usage', () => {
  it('says on a dry run what a file would bring, and writes nothing', async () => {
    const { out } = await importing('requests.csv', { 'dry-run': true });
    expect(out).toContain('dry run');
    expect(out).toContain('4 with usage, 1 passed over, 1 rejected');
    expect(out).toMatch(/llm\/chat\s+tokens\s+39260\s+1400\s+3/);
    expect(out).toMatch(/AMOUNT_UNREADABLE\s+1\s+line 6\s+tokens is no number: n\/a/);
    expect(
      await asked("SELECT count(*) AS n FROM usage WHERE starts_with(source, 'import')"),
    ).toEqual([{ n: 0 }]);
  });

  it('imports, once, and answers questions of it', async () => {
    expect((await importing('requests.csv')).out).toContain('imported as import/requests-csv-');
    expect((await importing('requests.csv')).out).toContain('already there as import/');
    expect((await importing('scheduler.log')).out).toContain('imported');
    expect(
      await asked(
        "SELECT quota_id, resource, project, sum(used)::BIGINT AS used FROM usage WHERE starts_with(source, 'import') GROUP BY ALL ORDER BY ALL",
      ),
    ).toEqual([
      { quota_id: 'llm/chat', resource: 'tokens', project: 'acme/assistant', used: 39_260 },
      { quota_id: 'llm/embeddings', resource: 'tokens', project: 'acme/search', used: 5_126 },
      {
        quota_id: 'moka/prod/ads/etl',
        resource: 'memory',
        project: 'acme/ads',
        used: 309_237_645_312_000,
      },
      { quota_id: 'moka/prod/ads/etl', resource: 'vcore', project: 'acme/ads', used: 144_120_000 },
    ]);
    expect(await readdir(path.join(directory, 'usage/staging'))).toEqual([]);
  });

  it('asks an earlier version too', async () => {
    const place = { output: 'json', 'as-of': new Date(Date.now() - 3_600_000).toISOString() };
    await expect(queryCommand(['SELECT 1'], place)).rejects.toThrow('No version as old as that');
    const now = { output: 'csv', 'as-of': new Date().toISOString() };
    const { out } = await printed(() =>
      queryCommand(['SELECT count(*) AS n FROM quarantine'], now),
    );
    expect(out).toBe('n\n2\n');
  });

  it('refuses to do more than answer', async () => {
    const place = path.join(directory, 'out.csv');
    await expect(queryCommand([`COPY usage TO '${place}'`], {})).rejects.toMatchObject({
      code: 'NOT_A_SELECT',
    });
    const files = `SELECT * FROM read_text('${directory}/usage/usage/metadata/*.json')`;
    await expect(queryCommand([files], {})).rejects.toMatchObject({ code: 'NOT_A_TABLE' });
  });

  it('lists what was not counted, with nothing in it that steers a screen', async () => {
    const { out } = await printed(() => quarantineCommand({}));
    expect(out).toMatch(/ID_MALFORMED\s+1/);
    expect(out).toMatch(/AMOUNT_UNREADABLE\s+1/);
    expect(out).toContain('\\x1b[31mred');
    expect(out).not.toContain('\u001b');
    const one = await printed(() => quarantineCommand({ reason: 'AMOUNT_UNREADABLE', json: true }));
    expect(JSON.parse(one.out)).toMatchObject({
      reasons: [{ reason: 'AMOUNT_UNREADABLE', records: 1 }],
      newest: [{ offset: 6 }],
    });
  });

  it('holds policies against what the table has, and says what they would have changed', async () => {
    const now = BigInt(Date.now()) * 1_000n;
    const [from, to] = [timeToJson(now - HOUR), timeToJson(now + HOUR)];
    const then = await printed(() => whatIfCommand(['llm'], { json: true, from, to }));
    // One record of ten tokens in a second, and eight are let through.
    expect(JSON.parse(then.out)).toMatchObject({
      policy: { name: 'production' },
      ...{ limits: 1, windows: 24, missing: 23 },
      inForce: { violations: 100, unserved: 20, changesPerSeriesDay: 0 },
    });
    const day = { from: '2026-01-12T00:00:00Z', to: '2026-01-13T00:00:00Z' };
    const words = { step: '1m', lag: '0', 'warm-up': '1m', policy: ['static-max'], json: true };
    const minutes = await printed(() =>
      backtestCommand([], { table: true, subtree: 'llm/chat', ...day, ...words }),
    );
    // What was imported: 18250 tokens in a minute; then 21510 were wanted, 1400 of them refused, and 900.
    expect(JSON.parse(minutes.out)).toMatchObject({
      ...{ policy: 'static-max', series: 1, windows: 2 },
      unserved: expect.closeTo((100 * (21_510 - 1.15 * 18_250)) / (21_510 + 900), 2) as number,
    });
  });

  it('verifies topic and table, and fails once a file is gone', async () => {
    const held = await printed(() => verifyCommand({ json: true }));
    expect(JSON.parse(held.out)).toMatchObject({
      firstDifference: null,
      partitions: [{ records: 2, counted: 1, quarantined: 1, duplicates: 0 }],
      imports: { sources: 2 },
      ledgers: [{ priceBook: 'list', organization: 'acme' }],
    });
    expect(held.code).toBe(0);
    const places = await tablePlaces(path.join(directory, 'usage'));
    const database = await UsageDatabase.open(places.root);
    const version = await new UsageReader(database, places).newest();
    const [file] = (await version?.files()) ?? [];
    database.close();
    await rm(path.join(directory, 'usage', file?.key ?? ''));
    const broken = await printed(() => verifyCommand({}));
    expect(broken.out).toContain(`FILE_MISSING at ${file?.key ?? ''}`);
    expect(broken.code).toBe(1);
  });
});
