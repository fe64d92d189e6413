import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { LogPort } from '@prorata/kafka-port';
import { freshDatabase, provideUsageLogin } from '@prorata/test-kit';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { productionPolicy } from '../policy.ts';
import { Rollups } from '../rollups/rollups.ts';
import type { UsageRow } from '../table/rows.ts';
import { tablePlaces, UsageDatabase } from '../table/usageDatabase.ts';
import { UsageColumns } from '../table/usageColumns.ts';
import { UsageReader } from '../table/usageReader.ts';
import { UsageTable } from '../table/usageTable.ts';
import { TableFreshness } from '../tableFreshness.ts';
import { SummaryKeeper } from './summaryKeeper.ts';

const DAY = 86_400_000_000n;
const now = BigInt(Date.now()) * 1_000n;

let root: string;
let database: UsageDatabase;
let table: UsageTable;
let reader: UsageReader;
let rollups: Rollups;
let owner: pg.Client;
let login: string;
let keeper: SummaryKeeper;

const use = (offset: bigint, change: Partial<UsageRow>): UsageRow => {
  const windowStart = change.windowStart ?? now - DAY / 2n;
  return {
    offset,
    loggedAt: windowStart + 1_000_000n,
    hostId: 'host-1',
    bootId: 'boot-1',
    sequence: offset,
    application: 'llm',
    quotaId: 'llm/chat',
    project: 'acme/search',
    windowStart,
    windowEnd: windowStart + 1_000_000n,
    resource: 'tokens',
    used: 10n,
    refused: 0n,
    queued: 0n,
    peak: 10n,
    zone: null,
    trialRefused: 0n,
    ...change,
  };
};

let claim: Awaited<ReturnType<UsageTable['takeOver']>>;
async function commit(from: bigint, ...changes: readonly Partial<UsageRow>[]): Promise<void> {
  const usage = changes.map((change, index) => use(from + BigInt(index), change));
  const to = from + BigInt(usage.length);
  claim = await table.commit(claim, {
    ...{
      from,
      to,
      records: usage.length,
      duplicates: 0,
      usage: UsageColumns.of(usage),
      quarantine: [],
    },
    marker: { offset: to - 1n, sha256: `at ${to}` },
  });
}

function keeperOf(databaseUrl: string): SummaryKeeper {
  const log = { log: { endOffset: () => Promise.resolve(0n) } } as unknown as LogPort;
  const freshness = new TableFreshness(log, 'usage.events', 4);
  return new SummaryKeeper({ databaseUrl, reader, rollups, freshness, broken: () => undefined });
}

async function rowsOf(name: string): Promise<readonly object[]> {
  const { rows } = await owner.query<object>(`SELECT * FROM rightsizer.${name} ORDER BY 1, 2`);
  return rows;
}

beforeAll(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'prorata-summary-'));
  const places = await tablePlaces(root);
  database = await UsageDatabase.open(places.root);
  table = await UsageTable.open({
    database,
    places,
    topic: { name: 'usage.events', partitions: 4 },
  });
  reader = new UsageReader(database, places);
  const directory = path.join(places.root, 'rollups');
  rollups = await Rollups.open({ directory, database, keeping: productionPolicy.rollups });
  claim = await table.takeOver(0);
  const url = await freshDatabase();
  owner = new pg.Client({ connectionString: url });
  await owner.connect();
  login = await provideUsageLogin(url, 'test');
  keeper = keeperOf(login);
});
afterAll(async () => {
  await keeper.stop();
  await owner.end();
  database.close();
  await rm(root, { recursive: true, force: true });
});

describe('the summary of what quotas have used', () => {
  it('says of each quota when it was used last, how much, and what was refused', async () => {
    await commit(
      0n,
      { used: 5n, refused: 2n, peak: 7n },
      { windowStart: now - 3n * DAY },
      { windowStart: now - 20n * DAY },
      { windowStart: now - 90n * DAY, used: 2n ** 60n },
      { quotaId: 'llm/idle', used: 0n, peak: 0n },
      { quotaId: 'llm/former', windowStart: now - 60n * DAY },
    );
    await keeper.evaluate(now);
    expect(await rowsOf('quota_usage')).toMatchObject([
      {
        quota_id: 'llm/chat',
        used_1d: '5',
        used_7d: '15',
        used_30d: '25',
        refused_1d: '2',
        peak_30d: '10',
      },
      { quota_id: 'llm/former', used_30d: '0', peak_30d: '0' },
      { quota_id: 'llm/idle', last_used_at: null, used_30d: '0' },
    ]);
    const [chat, former] = (await rowsOf('quota_usage')) as { last_used_at: Date }[];
    expect(BigInt(chat!.last_used_at.getTime()) * 1_000n).toBe(now - DAY / 2n + 1_000_000n);
    expect(BigInt(former!.last_used_at.getTime()) * 1_000n).toBe(now - 60n * DAY + 1_000_000n);
    expect(await rowsOf('usage_source')).toMatchObject([{ manifest_version: '3' }]);
    const [llm] = (await rowsOf('application_usage')) as { first_reported_at: Date }[];
    expect(BigInt(llm!.first_reported_at.getTime()) * 1_000n).toBe(now - 90n * DAY);
  });

  it('leaves rows alone that are as they were, and comes back from the usage table alone', async () => {
    const places = () =>
      owner.query('SELECT ctid, quota_id FROM rightsizer.quota_usage ORDER BY 2');
    const before = await rowsOf('quota_usage');
    const { rows: stood } = await places();
    await commit(6n, { quotaId: 'llm/new' });
    await keeper.evaluate(now);
    const { rows: stand } = await places();
    expect(stand).toEqual(expect.arrayContaining(stood));
    const after = await rowsOf('quota_usage');
    expect(after).toEqual(expect.arrayContaining([...before]));
    await owner.query('DROP SCHEMA rightsizer CASCADE');
    await keeper.evaluate(now);
    expect(await rowsOf('quota_usage')).toEqual(after);
  });

  it('is not written over by a process that has seen less of the table', async () => {
    await owner.query('UPDATE rightsizer.usage_source SET manifest_version = 99');
    await owner.query('DELETE FROM rightsizer.quota_usage');
    await expect(keeper.evaluate(now)).rejects.toThrow('DELETE FROM rightsizer.usage_source');
    expect(await rowsOf('quota_usage')).toEqual([]);
    // As an operator says that the table was put back from a backup.
    await owner.query('DELETE FROM rightsizer.usage_source');
    await keeper.evaluate(now);
    expect(await rowsOf('quota_usage')).toHaveLength(4);
    await owner.query('UPDATE rightsizer.usage_source SET manifest_version = 1, form = 0');
    await keeper.evaluate(now);
    expect(await rowsOf('quota_usage')).toHaveLength(4);
  });

  it('is kept by a login that may touch nothing that others have made', async () => {
    await owner.query('CREATE SCHEMA quotas_1; CREATE TABLE quotas_1.quotas (a int)');
    const client = new pg.Client({ connectionString: login });
    await client.connect();
    for (const statement of [
      'SELECT * FROM quotas_1.quotas',
      'CREATE TABLE quotas_1.mine (a int)',
      'DROP SCHEMA quotas_1 CASCADE',
      'CREATE TABLE public.mine (a int)',
      'CREATE ROLE another',
    ]) {
      await expect(client.query(statement)).rejects.toMatchObject({ code: '42501' });
    }
    await client.end();
  });
});
