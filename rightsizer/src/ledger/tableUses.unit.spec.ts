import { DuckDBInstance } from '@duckdb/node-api';
import { timeToJson } from '@prorata/schemas';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Payers } from '../table/payers.ts';
import type { TableVersion } from '../table/tableVersion.ts';
import { FirstUses } from './firstUses.ts';
import { LookedAtFiles, TableUses } from './tableUses.ts';
import { MemoryUses, SOURCE } from './testing/memoryUses.ts';
import type { MemoryRow } from './testing/memoryUses.ts';
import type { ClosedAt, UsageSource } from './usageSource.ts';

let instance: DuckDBInstance;

beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  await connection.run("SET GLOBAL TimeZone = 'UTC'");
  connection.closeSync();
});
afterAll(() => instance.closeSync());

/** A version of a table whose files are tables in memory; `scanned` counts those that were read. */
class MemoryVersion {
  readonly version = 1;
  readonly snapshotId = 1n;
  readonly positions = new Map();
  scanned: string[] = [];
  readonly #names: readonly string[];

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  files: TableVersion['files'] = () =>
    Promise.resolve(
      this.#names.map((key) => ({ key, rows: 1, bytes: 1, windowStart: 0n, windowEnd: 1n })),
    );

  scan: TableVersion['scan'] = async (files, work) => {
    this.scanned.push(...files.map(({ key }) => key));
    const connection = await instance.connect();
    const union = files.map(({ key }) => `SELECT * FROM ${key}`).join(' UNION ALL ');
    try {
      return await work(`(${union})`, connection);
    } finally {
      connection.closeSync();
    }
  };
}

async function fill(name: string, rows: readonly MemoryRow[]): Promise<void> {
  const connection = await instance.connect();
  await connection.run(`CREATE OR REPLACE TABLE ${name} (source VARCHAR, source_partition INTEGER,
    source_offset BIGINT, logged_at TIMESTAMPTZ, application VARCHAR, quota_id VARCHAR,
    project VARCHAR, window_start TIMESTAMPTZ, resource VARCHAR, used BIGINT)`);
  const values = rows.map((row) => {
    const project = row.project === null ? 'NULL' : `'${row.project}'`;
    return `('${SOURCE}', ${row.partition}, ${row.offset}, '${timeToJson(row.loggedAt)}',
      '${row.application}', '${row.quotaId}', ${project}, '${timeToJson(row.windowStart)}',
      '${row.resource}', ${row.used})`;
  });
  if (values.length > 0) await connection.run(`INSERT INTO ${name} VALUES ${values.join(', ')}`);
  connection.closeSync();
}

const rows: fc.Arbitrary<MemoryRow[]> = fc
  .array(
    fc.record({
      project: fc.constantFrom(null, 'acme/ads', 'acme/search', 'acme-too/lab'),
      application: fc.constantFrom('llm', 'moka'),
      quotaId: fc.constantFrom('llm/a', 'llm/b'),
      resource: fc.constantFrom('', 'tokens', 'vcpu'),
      used: fc.bigInt({ min: 0n, max: 2n ** 60n }),
      windowStart: fc.bigInt({ min: 0n, max: 9_000_000_000n }),
      late: fc.bigInt({ min: 0n, max: 9_000_000_000n }),
      partition: fc.integer({ min: 0, max: 1 }),
    }),
    { maxLength: 25 },
  )
  .map((records) =>
    records.map(({ late, ...record }, index) => ({
      ...record,
      loggedAt: record.windowStart + late,
      offset: BigInt(index),
    })),
  );

const payers = fc.constantFrom<Payers>(
  { kind: 'everybody' },
  { kind: 'nobody' },
  { kind: 'organization', organization: 'acme' },
  { kind: 'projects', projects: ['acme/ads', 'acme-too/lab'] },
);
const positions = fc
  .tuple(fc.bigInt({ min: 0n, max: 20n }), fc.bigInt({ min: 0n, max: 20n }))
  .map(([a, b]) => new Map([a, b].map((next, partition) => [`${SOURCE}/${partition}`, next])));
const known = fc.record({
  positions: fc.option(positions),
  loggedBefore: fc.option(fc.bigInt({ min: 0n, max: 12_000_000_000n })),
});
const edges = fc
  .uniqueArray(fc.bigInt({ min: 0n, max: 9_000_000_001n }), { minLength: 2, maxLength: 5 })
  .map((each) => each.sort((a, b) => (a < b ? -1 : 1)));

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const entries: T[] = [];
  for await (const entry of stream) entries.push(entry);
  return entries;
}

describe('usage from the table', () => {
  it('is what a walk over its rows comes to, late rows apart', () =>
    fc.assert(
      fc.asyncProperty(
        rows,
        payers,
        known,
        edges,
        fc.tuple(positions, positions),
        async (table, who, what, at, [first, second]) => {
          await fill('usage', table);
          const asked = { payers: who, edges: at, known: what };
          // A later closing knows at least as much.
          const most = new Map(
            [...first].map(([place, next]) => {
              const other = second.get(place) ?? 0n;
              return [place, other > next ? other : next];
            }),
          );
          const closings: ClosedAt[] = [
            { positions: first, closedAt: 5_000_000_000n },
            { positions: most, closedAt: 7_000_000_000n },
          ];
          const ask = async (source: UsageSource) => ({
            uses: await all(source.uses(asked)),
            late: await all(source.lateUses(asked, closings)),
            payers: [
              ...(await source.latePayers(
                { from: at[0]!, to: at.at(-1)!, known: what },
                closings[0]!,
              )),
            ].sort(),
          });
          const counted = table.filter(({ resource, used }) => resource !== '' && used > 0n);
          const version = new MemoryVersion(['usage']);
          expect(await ask(new TableUses(version))).toEqual(await ask(new MemoryUses(counted)));
        },
      ),
      { numRuns: 20 },
    ));

  it('looks at a file that a closing knew whole only once', async () => {
    const row: MemoryRow = {
      project: 'acme/ads',
      application: 'llm',
      quotaId: 'llm/a',
      resource: 'tokens',
      used: 1n,
      windowStart: 5n,
      loggedAt: 5n,
      partition: 0,
      offset: 3n,
    };
    await fill('old', [row]);
    await fill('fresh', [{ ...row, offset: 4n }]);
    const closing = { positions: new Map([[`${SOURCE}/0`, 4n]]), closedAt: 9n };
    const asked = { from: 0n, to: 9n, known: { positions: null, loggedBefore: null } };
    const looked = new LookedAtFiles();
    const before = new MemoryVersion(['old']);
    expect(await new TableUses(before, looked).latePayers(asked, closing)).toEqual(new Set());
    const after = new MemoryVersion(['old', 'fresh']);
    const source = new TableUses(after, looked);
    expect(await source.latePayers(asked, closing)).toEqual(new Set(['acme/ads']));
    expect(await source.latePayers(asked, closing)).toEqual(new Set(['acme/ads']));
    expect(after.scanned).not.toContain('old');
  });

  it('keeps what it saw of its files while another version is looked at', async () => {
    const row: MemoryRow = {
      project: 'acme/ads',
      application: 'llm',
      quotaId: 'llm/a',
      resource: 'tokens',
      used: 1n,
      windowStart: 5n,
      loggedAt: 5n,
      partition: 0,
      offset: 4n,
    };
    await fill('late_one', [row]);
    await fill('known_one', [{ ...row, offset: 1n }]);
    await fill('other_one', [{ ...row, offset: 2n }]);
    const closing = { positions: new Map([[`${SOURCE}/0`, 4n]]), closedAt: 9n };
    const asked = { from: 0n, to: 9n, known: { positions: null, loggedBefore: null } };
    const looked = new LookedAtFiles();
    await new TableUses(new MemoryVersion(['late_one']), looked).latePayers(asked, closing);
    const version = new MemoryVersion(['late_one', 'known_one']);
    const scan = version.scan;
    let isFirst = true;
    version.scan = async (files, work) => {
      const other = new TableUses(new MemoryVersion(['other_one']), looked);
      if (isFirst) await other.latePayers(asked, closing);
      isFirst = false;
      return scan(files, work);
    };
    const source = new TableUses(version, looked);
    expect(await source.latePayers(asked, closing)).toEqual(new Set(['acme/ads']));
  });

  it('finds when an organization first used anything, and reads each file once', async () => {
    const row: MemoryRow = {
      project: 'acme/ads',
      application: 'llm',
      quotaId: 'llm/a',
      resource: 'tokens',
      used: 1n,
      windowStart: 50n,
      loggedAt: 50n,
      partition: 0,
      offset: 3n,
    };
    const idle = { ...row, used: 0n, windowStart: 1n };
    await fill('first_file', [row, { ...row, project: 'acme-too/lab', windowStart: 9n }, idle]);
    await fill('second_file', [{ ...row, windowStart: 7n }]);
    const first = new FirstUses();
    const before = new MemoryVersion(['first_file']);
    expect(await first.of(before, 'acme')).toBe(50n);
    expect(await first.of(before, 'zeta')).toBe(null);
    expect(before.scanned).toEqual(['first_file']);
    const after = new MemoryVersion(['first_file', 'second_file']);
    expect([await first.of(after, 'acme'), await first.of(after, 'acme-too')]).toEqual([7n, 9n]);
    expect(after.scanned).toEqual(['second_file']);
  });

  it('lets go of the files when nobody takes the rest', async () => {
    await fill('usage', []);
    const connection = await instance.connect();
    await connection.run(`INSERT INTO usage SELECT 'usage.events', 0, i, make_timestamptz(i), 'llm',
      'llm/' || i, 'acme/ads', make_timestamptz(i), 'tokens', 1 FROM range(100000) r(i)`);
    connection.closeSync();
    const version = new MemoryVersion(['usage']);
    let open = 0;
    const scan = version.scan;
    version.scan = async (files, work) => {
      open += 1;
      const result = await scan(files, work);
      open -= 1;
      return result;
    };
    const asked = {
      payers: { kind: 'everybody' },
      edges: [0n, 1_000_000n],
      known: { positions: null, loggedBefore: null },
    } as const;
    let taken = 0;
    for await (const use of new TableUses(version).uses(asked)) {
      expect(use.used).toBe(1n);
      taken += 1;
      if (taken === 10) break;
    }
    expect(open).toBe(0);
  });
});
