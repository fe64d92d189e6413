import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { pythonTables } from '@prorata/test-kit';
import { expect, it } from 'vitest';
import { usageRow } from '../../test/usageRows.ts';
import { IcebergTable } from '../iceberg/icebergTable.ts';
import { UsageColumns } from './usageColumns.ts';
import { usageForm, usageTableForm } from './rowForms.ts';
import { tablePlaces, UsageDatabase } from './usageDatabase.ts';
import { UsageReader } from './usageReader.ts';
import { UsageTable } from './usageTable.ts';

const run = promisify(execFile);
const HOUR = 3_600_000_000n;
const DAY = 24n * HOUR;
/** The start of a day in 2026. */
const start = 20_635n * DAY;
/** Two days of twelve quotas, from each offset on. */
const ROWS = 240n;

/** What a reader that knows nothing of us finds. */
interface Found {
  readonly all: { readonly rows: number; readonly used: number; readonly files: number };
  readonly pruned: Found['all'];
  readonly older: Found['all'];
  readonly added: number;
  readonly sorted: boolean;
  readonly spec: readonly string[];
  readonly snapshots: number;
  readonly duckdb: { readonly rows: number; readonly used: number };
}

const python = await pythonTables();

it.skipIf('missing' in python)(
  'is read, pruned and asked of its past by engines that we did not write',
  async () => {
    const root = await mkdtemp(path.join(os.tmpdir(), 'prorata-engines-'));
    const places = await tablePlaces(root);
    const database = await UsageDatabase.open(places.root);
    try {
      const topic = { name: 'usage.events', partitions: 1 };
      const table = await UsageTable.open({ database, places, topic });
      let claim = await table.takeOver(0);
      for (let range = 0n; range < 3n; range += 1n) {
        claim = await table.commit(claim, rangeAt(range * ROWS));
      }
      const reader = new UsageReader(database, places);
      const older = (await reader.newest())!;
      await addColumn(places);
      await table.commit(claim, rangeAt(3n * ROWS));
      const found = await readByOthers(root, '2026-07-02', 'llm/q3', older.snapshotId);
      const newest = (await reader.newest())!;
      const ours = (sql: string): Promise<Record<string, unknown>[]> => newest.ask(sql);
      const [all] = await ours('SELECT count(*)::INT AS rows, sum(used)::INT AS used FROM usage');
      expect(all).toMatchObject({ rows: 960 });
      expect(found.all).toEqual({ ...all, files: (await newest.files()).length });
      expect(found.duckdb).toEqual(all);
      const [pruned] = await ours(`SELECT count(*)::INT AS rows, sum(used)::INT AS used FROM usage
        WHERE quota_id = 'llm/q3' AND window_start >= '2026-07-02' AND window_start < '2026-07-03'`);
      // Two days and four buckets a range: of each range one file is left.
      expect(found.all.files).toBe(4 * 2 * 4);
      expect(found.pruned).toEqual({ ...pruned, files: 4 });
      const [before] = await older.ask(
        'SELECT count(*)::INT AS rows, sum(used)::INT AS used FROM usage',
      );
      expect(found.older).toEqual({ ...before, files: 24 });
      expect(found).toMatchObject({
        added: 960,
        sorted: true,
        spec: ['day', 'bucket[4]'],
        snapshots: 4,
      });
      table.close();
    } finally {
      database.close();
      await rm(root, { recursive: true, force: true });
    }
  },
);

/** As a later release of ours would. */
async function addColumn(places: Awaited<ReturnType<typeof tablePlaces>>): Promise<void> {
  const table = new IcebergTable({ storage: places.storage, name: usageForm.name });
  const form = usageTableForm(4, {});
  const colour = { id: 100, name: 'colour', required: false, type: 'string' } as const;
  await table.ensure({
    ...form,
    schema: { ...form.schema, fields: [...form.schema.fields, colour] },
  });
}

function rangeAt(from: bigint): Parameters<UsageTable['commit']>[1] {
  const rows = Array.from({ length: Number(ROWS) }, (_, index) => {
    const offset = from + BigInt(index);
    const windowStart = start + (BigInt(index) % 48n) * HOUR;
    return usageRow({
      offset,
      sequence: offset,
      quotaId: `llm/q${index % 12}`,
      windowStart,
      windowEnd: windowStart + HOUR,
      used: offset,
    });
  });
  const to = from + ROWS;
  const marker = { offset: to - 1n, sha256: `at ${to}` };
  const usage = UsageColumns.of(rows);
  return { from, to, records: rows.length, duplicates: 0, usage, quarantine: [], marker };
}

async function readByOthers(
  root: string,
  day: string,
  quotaId: string,
  older: bigint,
): Promise<Found> {
  if ('missing' in python) throw new TypeError(python.missing);
  const script = path.join(import.meta.dirname, '../../test/readTable.py');
  const newest = path.join(root, 'usage/metadata/v7.metadata.json');
  const { stdout } = await run(python.python, [script, newest, day, quotaId, String(older)]);
  return JSON.parse(stdout) as Found;
}
