import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RowsTable } from '../../test/rowsTable.ts';
import type { TableRow } from '../../test/rowsTable.ts';
import { Rollups } from '../rollups/rollups.ts';
import type { Payers } from '../table/payers.ts';
import type { TableVersion } from '../table/tableVersion.ts';
import { UsageDatabase } from '../table/usageDatabase.ts';
import type { MeteredUse } from './chargeUse.ts';
import { RolledUses } from './rolledUses.ts';
import { LookedAtFiles, TableUses } from './tableUses.ts';
import type { UsesAsked } from './usageSource.ts';

const SECOND = 1_000_000n;
const HOUR = 3_600n * SECOND;
const DAY = 24n * HOUR;
const start = 20_000n * DAY;
const keeping = { minutesMs: 1e12, hoursMs: 1e12 };
const everything = { positions: null, loggedBefore: null };

let root: string;
let database: UsageDatabase;
let tables = 0;

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'rolled-uses-'));
  database = await UsageDatabase.open(root);
});
afterEach(async () => {
  database.close();
  await rm(root, { recursive: true, force: true });
});

const newTable = (): RowsTable =>
  new RowsTable(database, path.join(root, `table-${(tables += 1)}`));
const openRollups = (): Promise<Rollups> =>
  Rollups.open({ directory: path.join(root, `rollups-${tables}`), database, keeping });

async function all(uses: AsyncIterable<MeteredUse>): Promise<MeteredUse[]> {
  const found: MeteredUse[] = [];
  for await (const use of uses) found.push(use);
  return found;
}

const judged = (version: TableVersion, asked: UsesAsked): Promise<MeteredUse[]> =>
  all(new TableUses(version).uses(asked));
const rolled = (
  version: TableVersion,
  rollups: Pick<Rollups, 'paid'>,
  asked: UsesAsked,
): Promise<MeteredUse[]> => all(new RolledUses(version, new LookedAtFiles(), rollups).uses(asked));

/** Files that were read, as they are read. */
function watched(version: TableVersion): { version: TableVersion; keys: string[] } {
  const keys: string[] = [];
  const scan: TableVersion['scan'] = (files, work) => {
    keys.push(...files.map(({ key }) => key));
    return version.scan(files, work);
  };
  return { keys, version: { ...version, scan } };
}

const rowOf = fc
  .record({
    // Times come in any order: rows are late, and quotas move from one project to another within an hour.
    at: fc.bigInt({ min: 0n, max: 30n * HOUR }),
    seconds: fc.bigInt({ min: 1n, max: 90n }),
    quotaId: fc.constantFrom('llm/chat', 'llm/code', 'batch/night'),
    project: fc.constantFrom('acme/search', 'acme/ads', 'acme-too/lab', null),
    source: fc.constantFrom('usage.events', 'import/1'),
    partition: fc.integer({ min: 0, max: 2 }),
    resource: fc.constantFrom('', 'tokens', 'requests'),
    used: fc.oneof(fc.bigInt(0n, 9n), fc.bigInt(0n, 2n ** 60n)),
    refused: fc.bigInt(0n, 5n),
  })
  .map(({ at, seconds, ...row }): TableRow => ({
    ...{ hostId: 'host-1', zone: null, queued: 0n, peak: 1n, trialRefused: 0n, ...row },
    ...{ windowStart: start + at, windowEnd: start + at + seconds * SECOND },
  }));
const rowsOf = fc.array(rowOf, { minLength: 1, maxLength: 12 });
const payersOf = fc.constantFrom<Payers>(
  { kind: 'everybody' },
  { kind: 'nobody' },
  { kind: 'organization', organization: 'acme' },
  { kind: 'projects', projects: ['acme/ads', 'acme-too/lab'] },
  { kind: 'projects', projects: [] },
);
/** Whole hours and days, and prices that change anywhere within them. */
const edgesOf = fc
  .uniqueArray(
    fc.oneof(
      fc.bigInt({ min: -2n, max: 40n }).map((hours) => start + hours * HOUR),
      fc.bigInt({ min: -HOUR, max: 40n * HOUR }).map((micros) => start + micros),
    ),
    { minLength: 2, maxLength: 6 },
  )
  .map((edges) => edges.sort((a, b) => (a < b ? -1 : 1)));

describe('usage from payers’ hours', () => {
  it('is to the last unit what the table’s rows come to, in the same order', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ rows: rowsOf, isCompacted: fc.boolean(), isRolledUp: fc.boolean() }), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.array(fc.record({ payers: payersOf, edges: edgesOf }), { minLength: 3, maxLength: 3 }),
        async (steps, questions) => {
          const table = newTable();
          const rollups = await openRollups();
          const versions: TableVersion[] = [];
          for (const { rows, isCompacted, isRolledUp } of steps) {
            await table.add(rows);
            if (isCompacted) {
              // It removes the files of older versions.
              await table.compact();
              versions.length = 0;
            }
            versions.push(table.newest());
            if (isRolledUp) await rollups.of(table.newest(), start + 2n * DAY);
          }
          const newest = table.newest();
          for (const question of questions) {
            for (const version of versions) {
              const asked = { ...question, known: everything };
              expect(await rolled(version, rollups, asked)).toEqual(await judged(version, asked));
            }
            for (const { positions } of versions) {
              const asked = { ...question, known: { positions, loggedBefore: null } };
              expect(await rolled(newest, rollups, asked)).toEqual(await judged(newest, asked));
            }
          }
        },
      ),
      { numRuns: 3 },
    ));

  it('reads rows in hours that an edge cuts alone, and those that came since', async () => {
    const [first] = fc.sample(rowOf, 1);
    const use = { ...first!, resource: 'tokens', used: 7n, project: 'acme/ads' };
    const at = (hours: bigint): TableRow => ({
      ...use,
      ...{ windowStart: start + hours * HOUR, windowEnd: start + hours * HOUR + SECOND },
    });
    const table = newTable();
    // Windows are a day long at most: files of a day before an edge may reach over it.
    for (const hour of [-60n, 2n, 60n]) await table.add([at(hour)]);
    const [, cut] = (await table.newest().files()).map(({ key }) => key);
    const rollups = await openRollups();
    await rollups.of(table.newest(), start + DAY);
    const payers = { kind: 'organization', organization: 'acme' } as const;
    const read = async (edges: readonly bigint[]): Promise<string[]> => {
      const { version, keys } = watched(table.newest());
      const asked = { payers, edges, known: everything };
      expect(await rolled(version, rollups, asked)).toEqual(await judged(table.newest(), asked));
      return keys;
    };
    expect(await read([start - 3n * DAY, start + 3n * DAY])).toEqual([]);
    const middle = start + 2n * HOUR + 5n;
    const mixed = await read([start - 3n * DAY, middle, start + 3n * DAY]);
    expect(mixed).toContain(cut);
    expect(mixed.length).toBe(1);
    await table.add([at(1n)]);
    const late = (await table.newest().files()).at(-1)!.key;
    expect(await read([start, start + DAY])).toEqual([late]);
    // The version before is behind what is rolled up now, and what was rolled up before it is kept.
    const older = table.newest();
    const { version, keys } = watched(older);
    await table.add([at(3n)]);
    await rollups.of(table.newest(), start + DAY);
    const asked = { payers, edges: [start, start + DAY], known: everything };
    expect(await rolled(version, rollups, asked)).toEqual(await judged(older, asked));
    expect(keys).toEqual([late]);
  });

  it('comes from what another process rolled up, and from rows once that was deleted', async () => {
    const [row] = fc.sample(rowOf, 1);
    const table = newTable();
    await table.add([{ ...row!, resource: 'tokens', used: 7n }]);
    const [looking, rolling] = [await openRollups(), await openRollups()];
    await rolling.of(table.newest(), start + DAY);
    const edges = [start, start + 2n * DAY];
    const asked: UsesAsked = { payers: { kind: 'everybody' }, edges, known: everything };
    const read = async (): Promise<number> => {
      const { version, keys } = watched(table.newest());
      expect(await rolled(version, looking, asked)).toMatchObject([{ used: 7n }]);
      return keys.length;
    };
    expect(await read()).toBe(0);
    await rm(path.join(root, `rollups-${tables}`), { recursive: true });
    expect(await read()).toBe(1);
  });
});
