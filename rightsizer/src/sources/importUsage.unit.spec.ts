import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ResourceUsage, UsageRecorded } from '@prorata/schemas';
import type { QuarantineRow } from '../table/rows.ts';
import type { ImportedRange, ImportTable } from './importTable.ts';
import { importUsage } from './importUsage.ts';
import type { ImportReport } from './importUsage.ts';
import type { ImportFormat } from './importOrder.ts';
import type { MappingJson } from './mapping.ts';
import { stageInput } from './stageInput.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'import-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** Holds what is committed, and can fail at a commit. */
class MemoryTable implements ImportTable {
  readonly positions = new Map<string, bigint>();
  readonly usage: (UsageRecorded & ResourceUsage & { readonly offset: bigint })[] = [];
  readonly quarantine: QuarantineRow[] = [];
  commits = 0;
  failAt = Infinity;

  imports(): Promise<ReadonlyMap<string, bigint>> {
    return Promise.resolve(this.positions);
  }

  takeOver(importId: string) {
    const next = this.positions.get(importId) ?? 0n;
    return Promise.resolve({
      next,
      commit: (range: ImportedRange): Promise<void> => {
        this.commits += 1;
        if (this.commits === this.failAt) return Promise.reject(new Error('killed'));
        expect(range.from).toBe(this.positions.get(importId) ?? 0n);
        this.positions.set(importId, range.to);
        for (const { position, usage } of range.usage) {
          const rows = usage.resources.map((each) => ({ offset: position, ...usage, ...each }));
          this.usage.push(...rows);
        }
        this.quarantine.push(...range.quarantine);
        return Promise.resolve();
      },
    });
  }
}

const now = BigInt(Date.parse('2026-02-01T00:00:00Z')) * 1_000n;
const mapping: MappingJson = {
  quota: 'moka/{queue}',
  start: 'at',
  for: '5m',
  project: 'acme/{team}',
  resources: [{ resource: 'vcore', used: 'cpu', scale: '1000' }],
};

async function bring(
  table: ImportTable,
  content: string,
  given: {
    readonly format?: ImportFormat;
    readonly mapping?: object;
    readonly dryRun?: boolean;
    readonly name?: string;
  } = {},
): Promise<ImportReport> {
  const file = path.join(directory, given.name ?? 'Usage of January.csv');
  await writeFile(file, content);
  const staging = path.join(directory, 'staging');
  const input = await stageInput(file, staging);
  const { format = 'csv', dryRun = false } = given;
  const order = { file, format, separator: ',', mapping: given.mapping ?? mapping };
  const connect = () => Promise.reject(new Error('no database is asked for text'));
  try {
    return await importUsage(order, input, {
      table,
      connect,
      now,
      dryRun,
      rowsOfRange: 100,
    });
  } finally {
    await input.discard();
    expect(await readdir(staging)).toEqual([]);
  }
}

const csv = (lines: readonly string[]): string => ['queue,at,cpu,team', ...lines, ''].join('\n');

describe('an import', () => {
  it('becomes rows whose offsets are its lines, and a quarantine of what cannot be counted', async () => {
    const table = new MemoryTable();
    const report = await bring(
      table,
      csv([
        'ads,2026-01-01T00:00:00Z,1.5,search',
        'ads,yesterday,1,search',
        'Ads Queue,2026-01-01T00:00:00Z,1,search',
        'etl,2026-01-01T00:05:00Z,-3,search',
        'etl,2026-01-01T00:05:00Z,,search',
        'etl,2026-01-01T00:05:00Z,many,search',
        'etl,2026-01-01T00:05:00Z,2',
        'etl,2026-03-01T00:05:00Z,2,search',
        '',
        'etl,2026-01-01 00:05:00,2,search',
      ]),
    );
    expect(table.usage).toMatchObject([
      { offset: 2n, quotaId: 'moka/ads', used: 1_500n, project: 'acme/search', resource: 'vcore' },
      { offset: 11n, quotaId: 'moka/etl', used: 2_000n, application: 'moka' },
    ]);
    expect(table.quarantine.map(({ offset, reason }) => [offset, reason])).toEqual([
      [3n, 'TIME_UNREADABLE'],
      [4n, 'ID_MALFORMED'],
      [5n, 'AMOUNT_NEGATIVE'],
      [6n, 'AMOUNT_MISSING'],
      [7n, 'AMOUNT_UNREADABLE'],
      [8n, 'LINE_UNREADABLE'],
      [9n, 'WINDOW_IN_FUTURE'],
    ]);
    expect(table.quarantine[0]?.value.toString()).toBe('ads,yesterday,1,search');
    expect(report.outcome).toBe('imported');
    expect(report.importId).toMatch(/^usage-of-january-csv-[0-9a-f]{32}$/);
    expect(report.summary.sums).toMatchObject([
      { quotaId: 'moka/ads', resource: 'vcore', used: 1_500n, rows: 1 },
      { quotaId: 'moka/etl', resource: 'vcore', used: 2_000n, rows: 1 },
    ]);
  });

  it('is there once, also under another name', async () => {
    const table = new MemoryTable();
    const content = csv(['ads,2026-01-01T00:00:00Z,1.5,search']);
    const { importId } = await bring(table, content);
    const again = await bring(table, content);
    expect(again).toMatchObject({ outcome: 'already there', importId });
    const renamed = await bring(table, content, { name: 'copy.csv' });
    expect(renamed).toMatchObject({ outcome: 'already there', importId });
    expect(table.usage).toHaveLength(1);
  });

  it('is another one by another mapping', async () => {
    const table = new MemoryTable();
    const content = csv(['ads,2026-01-01T00:00:00Z,1.5,search']);
    await bring(table, content);
    await bring(table, content, { mapping: { ...mapping, quota: 'other/{queue}' } });
    expect(table.usage.map(({ quotaId }) => quotaId)).toEqual(['moka/ads', 'other/ads']);
  });

  it('goes on where it was interrupted', async () => {
    const lines = Array.from(
      { length: 250 },
      (_, index) => `ads,2026-01-01T00:00:${String(index % 60).padStart(2, '0')}Z,1,search`,
    );
    const table = new MemoryTable();
    table.failAt = 2;
    await expect(bring(table, csv(lines))).rejects.toThrow('killed');
    expect(table.usage).toHaveLength(100);
    expect(await bring(table, csv(lines))).toMatchObject({ outcome: 'resumed' });
    expect(table.usage.map(({ offset }) => offset)).toEqual(
      lines.map((_, index) => BigInt(index) + 2n),
    );
  });

  it('writes nothing on a dry run, and says the same', async () => {
    const table = new MemoryTable();
    const content = csv(['ads,2026-01-01T00:00:00Z,1.5,search', 'broken']);
    const { outcome, summary } = await bring(table, content, { dryRun: true });
    expect(outcome).toBe('dry run');
    expect(summary).toMatchObject({ counted: 1, rejectedLines: 1, rows: 1 });
    expect(table.commits).toBe(0);
  });

  it.each([
    ['no column', { ...mapping, quota: 'moka/{que}' }, 'MAPPING_WRONG'],
    ['no end', { ...mapping, for: undefined }, 'MAPPING_WRONG'],
    ['a word nobody knows', { ...mapping, quotas: 'moka' }, 'MAPPING_WRONG'],
    ['a brace that is open', { ...mapping, quota: 'moka/{queue' }, 'MAPPING_WRONG'],
    ['nothing used', { ...mapping, resources: [{ resource: 'vcore' }] }, 'MAPPING_WRONG'],
    ['no line that counts', { ...mapping, quota: 'moka', project: '{cpu}' }, 'NOTHING_COUNTED'],
  ])('is refused whole by a mapping with %s', async (_what, wrong, code) => {
    const table = new MemoryTable();
    const content = csv(['ads,2026-01-01T00:00:00Z,1.5,search']);
    await expect(bring(table, content, { mapping: wrong })).rejects.toMatchObject({ code });
    expect(table.commits).toBe(0);
  });

  it('takes lines of JSON, numbers as they are written', async () => {
    const table = new MemoryTable();
    const lines = [
      { q: 'ads', usage: { cpu: 1.25, tokens: 7 }, t: [1_767_225_600, 1_767_226_200] },
      { q: 'ads', usage: { tokens: 8 }, from: 1_767_225_600, to: 1_767_226_200 },
    ].map((line) => JSON.stringify(line).replace(':8}', ':9007199254740993}'));
    await bring(table, [...lines, '[1]', '{'].join('\n'), {
      format: 'ndjson',
      mapping: {
        quota: 'moka/{q}',
        start: 'from',
        end: 'to',
        time: 's',
        resources: [
          { resource: 'vcore', gauge: 'usage.cpu', scale: '1000' },
          { resource: 'tokens', used: 'usage.tokens' },
        ],
      },
    });
    expect(table.usage).toMatchObject([{ resource: 'tokens', used: 9_007_199_254_740_993n }]);
    expect(table.quarantine.map(({ reason }) => reason)).toEqual([
      'COLUMN_MISSING',
      'LINE_UNREADABLE',
      'LINE_UNREADABLE',
    ]);
  });

  it('counts what was held all through a window in unit-seconds, and as its peak', async () => {
    const table = new MemoryTable();
    await bring(table, csv(['ads,2026-01-01T00:00:00Z,1.5,search']), {
      mapping: { ...mapping, resources: [{ resource: 'vcore', gauge: 'cpu', scale: '1000' }] },
    });
    expect(table.usage).toMatchObject([{ used: 450_000n, peak: 1_500n }]);
  });
});
