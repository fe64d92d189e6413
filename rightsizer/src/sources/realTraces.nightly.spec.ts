import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tablePlaces, UsageDatabase } from '../table/usageDatabase.ts';
import type { TablePlaces } from '../table/usageDatabase.ts';
import { UsageReader } from '../table/usageReader.ts';
import { UsageTable } from '../table/usageTable.ts';
import { importUsage } from './importUsage.ts';
import type { ImportReport } from './importUsage.ts';
import type { MappingJson } from './mapping.ts';
import { stageInput } from './stageInput.ts';
import { tableOfImports } from './tableOfImports.ts';

const repository = path.join(import.meta.dirname, '../../..');
const directory = process.env['PRORATA_TRACES'] ?? path.join(repository, '../shared/traces');
const isThere = existsSync(path.join(directory, 'nab.parquet'));

let root: string;
let places: TablePlaces;
let database: UsageDatabase;
let table: UsageTable;
let reader: UsageReader;

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'prorata-traces-'));
  places = await tablePlaces(root);
  database = await UsageDatabase.open(places.root);
  table = await UsageTable.open({
    database,
    places,
    topic: { name: 'usage.events', partitions: 1 },
  });
  reader = new UsageReader(database, places);
});

afterEach(async () => {
  table.close();
  database.close();
  await rm(root, { recursive: true, force: true });
});

async function bring(file: string, mapping: MappingJson): Promise<ImportReport> {
  const input = await stageInput(path.join(directory, file), places.staging);
  try {
    return await importUsage({ file, format: 'parquet', separator: ',', mapping }, input, {
      table: tableOfImports(table, reader),
      connect: () => database.connect(),
      now: BigInt(Date.now()) * 1_000n,
      dryRun: false,
    });
  } finally {
    await input.discard();
  }
}

async function sums(): Promise<readonly unknown[][]> {
  const version = await reader.newest();
  if (version === null) throw new Error('there is no table');
  return version.scan(await version.files(), async (rows, connection) =>
    (
      await connection.runAndReadAll(
        `SELECT quota_id, resource, sum(used)::HUGEINT FROM ${rows} GROUP BY ALL ORDER BY ALL`,
      )
    ).getRows(),
  );
}

describe.skipIf(!isThere)(
  'real traces (skipped where PRORATA_TRACES names no folder of them)',
  () => {
    it.each<[string, MappingJson, number, number]>([
      [
        'azure_llm2023.parquet',
        {
          quota: 'llm/{service}',
          start: 'TIMESTAMP',
          for: '1s',
          resources: [
            { resource: 'context-tokens', used: 'ContextTokens' },
            { resource: 'generated-tokens', used: 'GeneratedTokens' },
          ],
        },
        28_185,
        4,
      ],
      [
        'nab.parquet',
        {
          quota: 'nab/{group:id}/{series:id}',
          start: 'timestamp',
          for: '5m',
          resources: [{ resource: 'amount', gauge: 'value', scale: '1000' }],
        },
        274_437,
        37,
      ],
      [
        'alibaba2018_vasim_2.parquet',
        {
          quota: 'batch/{series:id}',
          start: 't',
          for: '1m',
          resources: [{ resource: 'vcore', gauge: 'cpu', scale: '1000' }],
        },
        22_980,
        2,
      ],
    ])(
      '%s comes into the table to the last unit',
      async (file, mapping, lines, ofQuotas) => {
        const { summary } = await bring(file, mapping);
        expect(summary.counted + summary.rejectedLines).toBe(lines);
        expect(summary.rejected).toEqual([]);
        expect(summary.sums.length).toBe(ofQuotas);
        expect(await sums()).toEqual(
          summary.sums.map(({ quotaId, resource, used }) => [quotaId, resource, used]),
        );
      },
      600_000,
    );
  },
);
