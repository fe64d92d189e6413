import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tablePlaces, UsageDatabase } from '../table/usageDatabase.ts';
import type { TablePlaces } from '../table/usageDatabase.ts';
import { UsageReader } from '../table/usageReader.ts';
import { UsageTable } from '../table/usageTable.ts';
import type { ImportTable } from './importTable.ts';
import { importUsage } from './importUsage.ts';
import type { ImportReport } from './importUsage.ts';
import type { ImportOrder } from './importOrder.ts';
import { stageInput } from './stageInput.ts';
import { tableOfImports } from './tableOfImports.ts';

const topic = { name: 'usage.events', partitions: 2 };
const now = BigInt(Date.parse('2026-02-01T00:00:00Z')) * 1_000n;

let root: string;
let places: TablePlaces;
let database: UsageDatabase;
let reader: UsageReader;
const tables: UsageTable[] = [];

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'prorata-import-'));
  places = await tablePlaces(path.join(root, 'table'));
  database = await UsageDatabase.open(places.root);
  reader = new UsageReader(database, places);
});

afterEach(async () => {
  for (const table of tables.splice(0)) table.close();
  database.close();
  await rm(root, { recursive: true, force: true });
});

async function opened(): Promise<ImportTable> {
  const table = await UsageTable.open({ database, places, topic });
  tables.push(table);
  return tableOfImports(table, reader);
}

type Given = Omit<ImportOrder, 'separator'>;

async function bring(
  order: Given,
  table?: ImportTable,
  rowsOfRange = 1_000,
): Promise<ImportReport> {
  const input = await stageInput(order.file, places.staging);
  const ground = {
    table: table ?? (await opened()),
    connect: () => database.connect(),
    now,
    dryRun: false,
    rowsOfRange,
  };
  try {
    return await importUsage({ ...order, separator: ',' }, input, ground);
  } finally {
    await input.discard();
  }
}

async function csv(lines: number): Promise<Given> {
  const file = path.join(root, 'usage.csv');
  const body = Array.from(
    { length: lines },
    (_, at) => `q${at % 7},2026-01-${String(10 + (at % 3))}T00:00:00Z,${at}`,
  );
  await writeFile(file, ['queue,at,cpu', ...body, ''].join('\n'));
  return {
    file,
    format: 'csv',
    mapping: {
      quota: 'moka/{queue}',
      start: 'at',
      for: '1h',
      resources: [{ resource: 'vcore', used: 'cpu' }],
    },
  };
}

async function ask(sql: (rows: string) => string): Promise<readonly unknown[][]> {
  const version = await reader.newest();
  if (version === null) throw new Error('there is no table');
  return version.scan(await version.files(), async (rows, connection) =>
    (await connection.runAndReadAll(sql(rows))).getRows(),
  );
}

const counts = async (): Promise<readonly unknown[]> => {
  const [row] = await ask(
    (rows) => `SELECT count(*), count(DISTINCT source_offset), sum(used)::BIGINT FROM ${rows}`,
  );
  return row ?? [];
};

describe('an import into the table', () => {
  it('has a row a line, under its own source, and leaves nothing in the staging folder', async () => {
    const report = await bring(await csv(60));
    expect(report.outcome).toBe('imported');
    expect(await counts()).toEqual([60n, 60n, 1_770n]);
    const [row] = await ask(
      (rows) => `SELECT source, source_partition, quota_id, application FROM ${rows}
        WHERE source_offset = 2`,
    );
    expect(row).toEqual([`import/${report.importId}`, 0, 'moka/q0', 'moka']);
    expect((await reader.newest())?.positions.get(`import/${report.importId}/0`)).toBe(62n);
    expect(await readdir(places.staging)).toEqual([]);
  });

  it('goes on where it was cut off, and is there once', async () => {
    const order = await csv(60);
    const table = await opened();
    let commits = 0;
    const dying: ImportTable = {
      imports: () => table.imports(),
      async takeOver(id, sha256) {
        const claim = await table.takeOver(id, sha256);
        return {
          next: claim.next,
          commit(range) {
            commits += 1;
            return commits === 3 ? Promise.reject(new Error('killed')) : claim.commit(range);
          },
        };
      },
    };
    await expect(bring(order, dying, 20)).rejects.toThrow('killed');
    expect((await counts())[0]).toBe(40n);
    expect((await bring(order, undefined, 20)).outcome).toBe('resumed');
    expect(await counts()).toEqual([60n, 60n, 1_770n]);
    expect((await bring(order, undefined, 20)).outcome).toBe('already there');
    expect(await counts()).toEqual([60n, 60n, 1_770n]);
  });

  it('is brought by one of two at once', async () => {
    const order = await csv(60);
    const both = await Promise.allSettled([
      bring(order, await opened(), 20),
      bring(order, await opened(), 20),
    ]);
    for (const each of both) {
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'WRITER_STALE' });
    }
    expect(both.some(({ status }) => status === 'fulfilled')).toBe(true);
    expect(await counts()).toEqual([60n, 60n, 1_770n]);
  });

  it('keeps what cannot be counted, with its line', async () => {
    const file = path.join(root, 'scheduler.log');
    const summary =
      'YK_APP_SUMMARY: {ApplicationID: a-1, SubmissionTime: 1767225600000, StartTime: 1767225600000, FinishTime: 1767232800000, ' +
      'User: alice, Queue: root.prod.ads, State: Completed, RmID: c, ResourceUsage: TrackedResource{m5:vcore=7201}, ' +
      'PreemptedResource: TrackedResource{}, PlaceholderResource: TrackedResource{}}';
    await writeFile(file, ['noise', summary, 'YK_APP_SUMMARY: {half', summary, ''].join('\n'));
    await bring({ file, format: 'yunikorn', mapping: { quota: 'moka/{queue}' } });
    expect(await ask((rows) => `SELECT used FROM ${rows} ORDER BY window_start`)).toEqual([
      [3_600n],
      [3_601n],
    ]);
    const quarantine = await reader.quarantine();
    const rejected = await quarantine?.scan(await quarantine.files(), async (rows, connection) =>
      (
        await connection.runAndReadAll(
          `SELECT source_offset, reason FROM ${rows} ORDER BY source_offset`,
        )
      ).getRows(),
    );
    expect(rejected).toEqual([
      [3n, 'LINE_UNREADABLE'],
      [4n, 'ID_REPEATED'],
    ]);
  });
});
