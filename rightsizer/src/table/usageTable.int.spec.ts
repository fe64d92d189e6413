import { mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TableUses } from '../ledger/tableUses.ts';
import { bucketOf } from '../iceberg/transforms.ts';
import { commitSteps } from './commitSteps.ts';
import type { QuarantineRow, UsageRow } from './rows.ts';
import { tablePlaces, UsageDatabase } from './usageDatabase.ts';
import type { TablePlaces } from './usageDatabase.ts';
import { UsageReader } from './usageReader.ts';
import { UsageTable } from './usageTable.ts';
import { UsageColumns } from './usageColumns.ts';
import type { RangeToCommit } from './usageTable.ts';

const topic = { name: 'usage.events', partitions: 4 };
const second = 1_000_000n;

let root: string;
let places: TablePlaces;
let database: UsageDatabase;

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), "usage table's "));
  places = await tablePlaces(root);
  database = await UsageDatabase.open(places.root);
});

afterEach(async () => {
  database.close();
  await rm(root, { recursive: true, force: true });
});

const open = (): Promise<UsageTable> => UsageTable.open({ database, places, topic });
const dataFiles = ({ root: folder }: TablePlaces = places): Promise<string[]> =>
  readdir(path.join(folder, 'usage/data'));
const newest = async () => (await new UsageReader(database, places).newest())!;

const row = (offset: bigint, changes: Partial<UsageRow> = {}): UsageRow => ({
  offset,
  loggedAt: (offset + 1n) * second,
  hostId: 'host-1',
  bootId: 'boot-1',
  sequence: offset,
  application: 'llm',
  quotaId: 'llm/chat',
  project: 'acme/search',
  windowStart: offset * second,
  windowEnd: (offset + 1n) * second,
  resource: 'tokens',
  used: 10n,
  refused: 0n,
  queued: 0n,
  peak: 10n,
  zone: null,
  trialRefused: 0n,
  ...changes,
});

const aside = (offset: bigint): QuarantineRow => ({
  offset,
  timestampMs: Number(offset),
  reason: 'UNREADABLE',
  detail: 'torn',
  key: null,
  valueBytes: 1,
  valueSha256: 'x',
  value: Buffer.from([0, 255]),
});

type RowsToCommit = Partial<Omit<RangeToCommit, 'usage'>> & {
  readonly usage?: readonly UsageRow[];
};

const range = (
  from: bigint,
  to: bigint,
  { usage, ...changes }: RowsToCommit = {},
): RangeToCommit => ({
  from,
  to,
  records: Number(to - from),
  duplicates: 0,
  usage: UsageColumns.of(
    usage ?? Array.from({ length: Number(to - from) }, (_, index) => row(from + BigInt(index))),
  ),
  quarantine: [],
  marker: { offset: to - 1n, sha256: `at ${to}` },
  ...changes,
});

describe('the usage table', () => {
  it('reads back what was committed, whole numbers of 60 bits and absent projects included', async () => {
    const table = await open();
    const claim = await table.takeOver(1);
    const large = 2n ** 60n;
    const usage = [row(0n, { used: large, project: null }), row(1n, { used: large })];
    await table.commit(claim, range(0n, 2n, { usage }));
    const snapshot = await newest();
    expect(snapshot.version).toBe(3);
    const [sum] = await snapshot.ask(
      'SELECT sum(used) AS used, count(project) AS named, min(epoch_us(window_start)) AS first FROM usage',
    );
    expect(sum).toEqual({ used: 2n * large, named: 1n, first: 0n });
    const bucket = bucketOf('llm/chat', 4);
    expect(await dataFiles()).toEqual([`usage-usage.events-1-1-0-2-1970-01-01-${bucket}.parquet`]);
  });

  it('gives the ledger each use in the interval in which its window starts', async () => {
    const table = await open();
    await table.commit(await table.takeOver(0), range(0n, 10n));
    const uses = new TableUses(await newest()).uses({
      payers: { kind: 'projects', projects: ['acme/search'] },
      edges: [2n, 3n, 6n, 8n].map((each) => each * second),
      known: { positions: new Map([[`${topic.name}/0`, 7n]]), loggedBefore: null },
    });
    const sums: bigint[][] = [];
    for await (const { start, used } of uses) sums.push([start / second, used]);
    expect(sums).toEqual([
      [2n, 10n],
      [3n, 30n],
      [6n, 10n],
    ]);
  });

  it('refuses a gap, an overlap and a writer whose partition was taken over', async () => {
    const table = await open();
    const claim = await table.commit(await table.takeOver(0), range(5n, 8n));
    await expect(table.commit(claim, range(9n, 10n))).rejects.toMatchObject({ code: 'OFFSET_GAP' });
    await expect(table.commit(claim, range(7n, 9n))).rejects.toMatchObject({
      code: 'OFFSET_OVERLAP',
    });
    const successor = await open();
    const taken = await successor.takeOver(0);
    expect(taken).toMatchObject({ epoch: 2, nextOffset: 8n });
    await expect(table.commit(claim, range(8n, 9n))).rejects.toMatchObject({
      code: 'WRITER_STALE',
    });
    await successor.commit(taken, range(8n, 9n));
    expect(await (await newest()).ask('SELECT count(*) AS rows FROM usage')).toEqual([
      { rows: 4n },
    ]);
  });

  it('keeps the commits of writers side by side', async () => {
    const tables = await Promise.all([open(), open(), open()]);
    await Promise.all(
      tables.map(async (table, partition) => {
        let claim = await table.takeOver(partition);
        for (let at = 0n; at < 10n; at += 1n) claim = await table.commit(claim, range(at, at + 1n));
      }),
    );
    const snapshot = await newest();
    expect(await snapshot.files()).toHaveLength(30);
    expect(snapshot.totals).toEqual({ files: 30, rows: 30 });
    // Made, taken over by three, and ten ranges of each.
    expect(snapshot.version).toBe(34);
  });

  it('says of an older version what it held, and of one that has expired that it has', async () => {
    const table = await open();
    const claim = await table.commit(await table.takeOver(0), range(0n, 3n));
    const first = await newest();
    await table.commit(claim, range(3n, 5n));
    await table.commit(await table.takeOver(2), range(0n, 1n));
    const reader = new UsageReader(database, places);
    const older = await reader.at(first.snapshotId);
    expect(older.version).toBe(first.version);
    expect([...older.positions]).toEqual([['usage.events/0', 3n]]);
    expect(await older.ask('SELECT count(*) AS rows FROM usage')).toEqual([{ rows: 3n }]);
    expect(await first.ask('SELECT count(*) AS rows FROM usage')).toEqual([{ rows: 3n }]);
    await expect(reader.at(7n)).rejects.toMatchObject({ code: 'SNAPSHOT_EXPIRED' });
  });

  it('opens only the files that can hold what is asked for', async () => {
    const table = await open();
    let claim = await table.takeOver(0);
    const day = 86_400n * second;
    for (let at = 0n; at < 4n; at += 1n) {
      const usage = [row(at, { windowStart: at * day, windowEnd: at * day + second })];
      claim = await table.commit(claim, range(at, at + 1n, { usage }));
    }
    const files = await (await newest()).files({ from: day, to: 2n * day + 1n });
    expect(files.map(({ windowStart }) => windowStart / day)).toEqual([1n, 2n]);
  });

  it('may end at the steps that are named, and at no other', async () => {
    const reached = new Set<string>();
    const onStep = (step: string): void => void reached.add(step);
    const table = await UsageTable.open({ database, places, topic, onStep });
    const claim = await table.takeOver(0);
    await table.commit(claim, range(0n, 6n, { quarantine: [1n].map(aside) }));
    expect([...reached].sort()).toEqual([...commitSteps].sort());
  });

  it('puts records aside once, however the range is cut when it is written again', async () => {
    const dying = await UsageTable.open({
      database,
      places,
      topic,
      onStep(step) {
        if (step === 'quarantine-committed') throw new Error('It ended here.');
      },
    });
    const first = range(0n, 6n, { quarantine: [1n, 4n].map(aside) });
    await expect(dying.commit(await dying.takeOver(0), first)).rejects.toThrow('It ended here.');
    const successor = await open();
    const whole = range(0n, 9n, { quarantine: [1n, 4n, 7n].map(aside) });
    await successor.commit(await successor.takeOver(0), whole);
    const rejected = (await new UsageReader(database, places).quarantine())!;
    const offsets = await rejected.scan(await rejected.files(), async (rows, connection) =>
      (await connection.runAndReadAll(`SELECT source_offset FROM ${rows} ORDER BY 1`)).getRows(),
    );
    expect(offsets).toEqual([[1n], [4n], [7n]]);
    const [position] = [...(await newest()).partitions.values()];
    expect(position).toMatchObject({ records: 9, quarantined: 3, duplicates: 0 });
  });

  it('takes in what is imported beside the topic, with a position of its own', async () => {
    const table = await open();
    await table.commit(await table.takeOver(0), range(0n, 2n));
    const claim = await table.takeOver(0, 'import/2026-05');
    await table.commit(claim, range(0n, 5n, { topicId: null }));
    const snapshot = await newest();
    expect([...snapshot.positions]).toEqual([
      ['usage.events/0', 2n],
      ['import/2026-05/0', 5n],
    ]);
    const sources = await snapshot.ask(
      'SELECT source, count(*) AS rows FROM usage GROUP BY ALL ORDER BY 1',
    );
    expect(sources).toEqual([
      { source: 'import/2026-05', rows: 5n },
      { source: 'usage.events', rows: 2n },
    ]);
  });

  it('keeps what the broker called the topic', async () => {
    const table = await open();
    const claim = await table.commit(await table.takeOver(0), range(0n, 2n, { topicId: 'abc' }));
    expect(claim.topicId).toBe('abc');
    await table.commit(claim, range(2n, 3n));
    expect((await table.takeOver(0)).topicId).toBe('abc');
  });

  it('clears away what a dead process staged, and leaves what one may be at', async () => {
    for (const name of ['dead', 'alive']) await mkdir(path.join(places.staging, name));
    const old = new Date(Date.now() - 2 * 3_600_000);
    await utimes(path.join(places.staging, 'dead'), old, old);
    await open();
    expect(await readdir(places.staging)).toEqual(['alive']);
  });

  it('is not begun beside a table of the form before Iceberg', async () => {
    await mkdir(path.join(root, 'manifests'));
    await writeFile(path.join(root, 'manifests/manifest-000000000001.json'), '{}');
    const fault = { code: 'TABLE_FORMAT_OLD' };
    await expect(open()).rejects.toMatchObject(fault);
    await expect(new UsageReader(database, places).newest()).rejects.toMatchObject(fault);
  });

  it('gives the same bytes for the same range', async () => {
    const bytes = await Promise.all(
      ['one', 'other'].map(async (name) => {
        const own = await tablePlaces(path.join(root, name));
        const table = await UsageTable.open({ database, places: own, topic });
        await table.commit(await table.takeOver(0), range(0n, 500n));
        const [file] = await dataFiles(own);
        return readFile(path.join(own.root, 'usage/data', file!));
      }),
    );
    expect(bytes[0]!.equals(bytes[1]!)).toBe(true);
  });

  it('is of one topic with one number of partitions', async () => {
    const table = await open();
    await table.takeOver(0);
    const other = (changes: Partial<typeof topic>) =>
      UsageTable.open({ database, places, topic: { ...topic, ...changes } });
    await expect(other({ name: 'x.usage.events' })).rejects.toMatchObject({
      code: 'TOPIC_CHANGED',
    });
    await expect(other({ partitions: 8 })).rejects.toMatchObject({ code: 'PARTITIONS_CHANGED' });
  });
});

describe('the database', () => {
  const forbidden = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "COPY (SELECT 1) TO '/tmp/outside.parquet' (FORMAT parquet)",
    "ATTACH '/tmp/outside.db'",
    "SELECT * FROM read_parquet('s3://bucket/file.parquet')",
    'INSTALL httpfs',
    'SET threads = 8',
    "SET allowed_directories = ['/']",
    'SET enable_external_access = true',
  ];
  it.each(forbidden)('refuses %s', async (sql) => {
    const connection = await database.connect();
    try {
      await expect(connection.run(sql)).rejects.toThrow();
    } finally {
      connection.closeSync();
    }
  });
});
