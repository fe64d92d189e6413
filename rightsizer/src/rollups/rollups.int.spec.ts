import { mkdtemp, readdir, readFile, rm, truncate, utimes } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RowsTable } from '../../test/rowsTable.ts';
import type { TableRow } from '../../test/rowsTable.ts';
import { sqlText, UsageDatabase } from '../table/usageDatabase.ts';
import type { DemandOf, RolledUsage } from './rolledUsage.ts';
import { fileKinds } from './rollupIndex.ts';
import { Rollups } from './rollups.ts';
import type { RollupKeeping } from './rollups.ts';

const SECOND = 1_000_000n;
const MINUTE = 60n * SECOND;
const HOUR = 60n * MINUTE;
const DAY = 24n * HOUR;
const start = 20_000n * DAY;
const keeping = { minutesMs: 1e12, hoursMs: 1e12 };

let root: string;
let database: UsageDatabase;
let tables = 0;

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), "roll-up's "));
  database = await UsageDatabase.open(root);
});
afterEach(async () => {
  database.close();
  await rm(root, { recursive: true, force: true });
});

const newTable = (): RowsTable =>
  new RowsTable(database, path.join(root, `table-${(tables += 1)}`));
const openAt = (name: string, changes: Partial<RollupKeeping> = {}): Promise<Rollups> =>
  Rollups.open({ directory: path.join(root, name), database, keeping: { ...keeping, ...changes } });

const use = (changes: Partial<TableRow> = {}): TableRow => ({
  ...{ source: 'usage.events', partition: 0, hostId: 'host-1', quotaId: 'llm/chat' },
  ...{ project: 'acme/search', zone: null, resource: 'tokens' },
  ...{ windowStart: start, windowEnd: start + 10n * SECOND },
  ...{ used: 10n, refused: 0n, queued: 0n, peak: 10n, trialRefused: 0n },
  ...changes,
});
const useAt = (after: bigint, changes: Partial<TableRow> = {}): TableRow =>
  use({ windowStart: start + after, windowEnd: start + after + MINUTE, ...changes });

async function all<Row>(pages: AsyncIterable<readonly Row[]>): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const page of pages) rows.push(...page);
  return rows;
}

const quotaIds = ['llm/chat', 'llm/code'];
const span = { from: start - DAY, to: start + 5n * DAY };
const demand = (usage: RolledUsage, demandOf: DemandOf, stepMicros = MINUTE) =>
  all(usage.demand({ quotaIds, ...span, stepMicros, demandOf }));

interface Named {
  readonly name: string;
}
interface IndexJson {
  readonly cells: readonly { readonly files: Readonly<Record<string, Named | undefined>> }[];
  readonly ever: Named | null;
}

async function indexOf(name: string): Promise<IndexJson> {
  const names = (await readdir(path.join(root, name))).filter((file) => file.endsWith('.json'));
  const newest = names.sort().at(-1);
  if (newest === undefined) return { cells: [], ever: null };
  const text = await readFile(path.join(root, name, newest), 'utf8');
  return JSON.parse(text) as IndexJson;
}

const filesIn = (name: string): Promise<string[]> => readdir(path.join(root, name, 'files'));

async function makeOld(folder: string): Promise<void> {
  const hourAgo = new Date(Date.now() - 3_600_000);
  for (const name of await readdir(path.join(root, folder))) {
    await utimes(path.join(root, folder, name), hourAgo, hourAgo);
  }
}

/** What is stored, whatever its files are called. */
async function stored(name: string): Promise<Record<string, unknown>> {
  const { cells, ever } = await indexOf(name);
  const named = Object.fromEntries(
    fileKinds.map((kind) => [kind, cells.map(({ files }) => files[kind])]),
  );
  const connection = await database.connect();
  const contents: Record<string, unknown> = {};
  for (const [kind, files] of Object.entries({ ...named, ever: [ever ?? undefined] })) {
    const list = files
      .filter((file) => file !== undefined)
      .map((file) => sqlText(path.join(root, name, 'files', file.name)));
    if (list.length === 0) continue;
    const rows = await connection.runAndReadAll(
      `SELECT * FROM read_parquet([${list.join(', ')}]) ORDER BY ALL`,
    );
    contents[kind] = rows.getRowObjectsJson();
  }
  connection.closeSync();
  return contents;
}

const rowOf = fc
  .record({
    at: fc.integer({ min: 0, max: 30 * 3_600 }),
    seconds: fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 1, max: 90 }) },
      { weight: 1, arbitrary: fc.integer({ min: 91, max: 1_500 }) },
    ),
    micros: fc.integer({ min: 0, max: 999_999 }),
    host: fc.integer({ min: 1, max: 3 }),
    zone: fc.constantFrom(null, 'a', 'b'),
    quotaId: fc.constantFrom(...quotaIds),
    project: fc.constantFrom('acme/search', 'acme/ads', null),
    partition: fc.integer({ min: 0, max: 2 }),
    source: fc.constantFrom('usage.events', 'import/1'),
    used: fc.oneof(fc.bigInt(0n, 100n), fc.bigInt(0n, 2n ** 60n)),
    refused: fc.bigInt(0n, 5n),
  })
  .map(({ at, seconds, micros, host, ...row }) => {
    const windowStart = start + BigInt(at) * SECOND + BigInt(micros);
    const resource = row.used % 5n === 0n ? 'requests' : 'tokens';
    return use({
      ...{ ...row, hostId: `host-${host}`, resource },
      ...{ windowStart, windowEnd: windowStart + BigInt(seconds) * SECOND },
      ...{ queued: row.refused * 2n, peak: row.used % 50n, trialRefused: row.refused },
    });
  });
const stepOf = fc.record({
  does: fc.oneof(
    { weight: 4, arbitrary: fc.array(rowOf, { minLength: 1, maxLength: 10 }) },
    { weight: 1, arbitrary: fc.constant('compact' as const) },
    { weight: 1, arbitrary: fc.constant('reopen' as const) },
  ),
  hour: fc.integer({ min: 0, max: 60 }),
});

/** By minute, in plain sums: each host's slices of each window, by cumulative floors. */
function minutesOf(rows: readonly TableRow[], demandOf: DemandOf): Map<string, bigint> {
  const hosts = new Map<string, bigint>();
  for (const row of rows) {
    const length = row.windowEnd - row.windowStart;
    for (let at = (row.windowStart / MINUTE) * MINUTE; at < row.windowEnd; at += MINUTE) {
      const begin = at > row.windowStart ? at - row.windowStart : 0n;
      const end = at + MINUTE < row.windowEnd ? at + MINUTE - row.windowStart : length;
      const part = (amount: bigint): bigint => (amount * end) / length - (amount * begin) / length;
      const key = [row.quotaId, row.resource, at, row.hostId].join(' ');
      hosts.set(key, (hosts.get(key) ?? 0n) + part(row.used) + part(row.refused));
    }
  }
  const minutes = new Map<string, bigint>();
  for (const [key, amount] of hosts) {
    const minute = key.slice(0, key.lastIndexOf(' '));
    const known = minutes.get(minute) ?? 0n;
    minutes.set(minute, demandOf === 'fleet' ? known + amount : amount > known ? amount : known);
  }
  return minutes;
}

type Amounts = Pick<TableRow, 'project' | 'quotaId' | 'resource' | 'used' | 'refused'>;

/** Sums of `used` and `refused`, in the order of their names. */
function sumsOf<Row extends Amounts>(
  rows: readonly Row[],
  placeOf: (row: Row) => bigint | number,
): unknown[] {
  const sums = new Map<string, { used: bigint; refused: bigint }>();
  for (const row of rows) {
    const key = `${placeOf(row)} ${row.project ?? '-'} ${row.quotaId} ${row.resource}`;
    const { used, refused } = sums.get(key) ?? { used: 0n, refused: 0n };
    sums.set(key, { used: used + row.used, refused: refused + row.refused });
  }
  return [...sums].sort(([left], [right]) => (left < right ? -1 : 1));
}

async function expectPayers(usage: RolledUsage, rows: readonly TableRow[]): Promise<void> {
  expect(sumsOf(await all(usage.payerHours(span)), ({ hour }) => hour)).toEqual(
    sumsOf(rows, ({ windowStart }) => (windowStart / HOUR) * HOUR),
  );
  const edges = [start - 1n, start + 7n, start + 5n * HOUR, start + DAY + 1_234_567n];
  edges.push(start + 4n * DAY);
  expect(sumsOf(await all(usage.usedBetween({ edges })), ({ index }) => index)).toEqual(
    sumsOf(rows, ({ windowStart }) => edges.findLastIndex((edge) => edge <= windowStart)),
  );
}

describe('roll-ups', () => {
  it('kept up with what comes in any order say what they would made at once, and what the rows say', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(stepOf, { minLength: 1, maxLength: 5 }), async (steps) => {
        const table = newTable();
        const name = `kept-${tables}`;
        let kept = await openAt(name);
        for (const { does, hour } of steps) {
          if (does === 'compact') await table.compact();
          else if (does === 'reopen') kept = await openAt(name);
          else await table.add(does);
          await kept.of(table.newest(), start + BigInt(hour) * HOUR);
        }
        const now = start + 10n * DAY;
        const usage = await kept.of(table.newest(), now);
        const fresh = await openAt(`fresh-${tables}`);
        await fresh.of(table.newest(), now);
        expect(await stored(name)).toEqual(await stored(`fresh-${tables}`));
        for (const demandOf of ['host', 'fleet'] as const) {
          const wanted = (await demand(usage, demandOf)).map((step): [string, bigint] => [
            `${step.quotaId} ${step.resource} ${step.start}`,
            step.wantedMicros / SECOND,
          ]);
          expect(new Map(wanted)).toEqual(minutesOf(table.rows, demandOf));
        }
        await expectPayers(usage, table.rows);
      }),
      { numRuns: 4 },
    );
  });

  it('answer as of earlier positions, also once the rows of then lie in other files', async () => {
    const table = newTable();
    await table.add([use(), useAt(HOUR)]);
    const then = table.newest();
    const rollups = await openAt('as-of');
    const before = await demand(await rollups.of(then, start + DAY), 'fleet');
    await table.add([use({ used: 1_000n }), use({ partition: 2 }), use({ source: 'import/1' })]);
    await table.compact();
    const late = await rollups.of(table.newest(), start + DAY);
    expect(await demand(late, 'fleet')).not.toEqual(before);
    const asOf = rollups.at(table.newest(), then.positions);
    expect(asOf.positions).toEqual(then.positions);
    expect(await demand(asOf, 'fleet')).toEqual(before);
    expect((await all(asOf.payerHours(span))).map(({ used }) => used)).toEqual([10n, 10n]);
    expect(await all(asOf.summary(start + DAY))).toMatchObject([{ used: [20n, 20n, 20n] }]);
  });

  it('add nothing when rows are moved into other files', async () => {
    const table = newTable();
    await table.add([use(), use()]);
    const rollups = await openAt('moved');
    const before = await demand(await rollups.of(table.newest(), start + 2n * DAY), 'fleet');
    await table.compact();
    await table.add([use({ quotaId: 'llm/code' })]);
    const after = await demand(await rollups.of(table.newest(), start + 2n * DAY), 'fleet');
    expect(after.filter(({ quotaId }) => quotaId === 'llm/chat')).toEqual(before);
  });

  it('come back equal when they are damaged, deleted, or ahead of a table from a backup', async () => {
    const table = newTable();
    await table.add([use(), useAt(3n * DAY)]);
    const now = start + 3n * DAY + 2n * HOUR;
    const directory = path.join(root, 'lost');
    await (await openAt('lost')).of(table.newest(), now);
    const whole = await stored('lost');
    const [file] = await readdir(path.join(directory, 'files'));
    for (const lose of [
      () => truncate(path.join(directory, 'files', file!), 20),
      () => rm(path.join(directory, 'files'), { recursive: true }),
      () => rm(directory, { recursive: true }),
    ]) {
      await lose();
      await (await openAt('lost')).of(table.newest(), now);
      expect(await stored('lost')).toEqual(whole);
    }
    const running = await openAt('lost');
    await rm(directory, { recursive: true });
    await running.of(table.newest(), now);
    expect(await stored('lost')).toEqual(whole);
    // The backup lacks the second partition, and more has come to the first since.
    const backup = newTable();
    for (const used of [1n, 2n, 3n, 4n]) await backup.add([use({ used })]);
    await table.add([use({ partition: 1 })]);
    const rollups = await openAt('ahead');
    await rollups.of(table.newest(), now);
    const usage = await rollups.of(backup.newest(), now);
    expect(await all(usage.payerHours(span))).toMatchObject([{ used: 10n }]);
  });

  it('are whole again whatever step ended the process', async () => {
    const table = newTable();
    const now = start + 2n * DAY;
    const steps = ['rows-found', 'cell-made', 'cells-merged', 'index-made'];
    for (const [at, step] of steps.entries()) {
      // First while the hour still runs, and then once it is over: there is something to put together.
      const directory = path.join(root, `ended-${step}`);
      await table.add([use({ used: BigInt(at) }), useAt(DAY)]);
      const onStep = (name: string): void => {
        if (name === step) throw new Error('ended');
      };
      const ending = await Rollups.open({ directory, database, keeping, onStep });
      const running = ending
        .of(table.newest(), start + DAY)
        .then(() => ending.of(table.newest(), now));
      await expect(running).rejects.toThrow('ended');
      await (await openAt(`ended-${step}`)).of(table.newest(), now);
      await (await openAt(`whole-${step}`)).of(table.newest(), now);
      expect(await stored(`ended-${step}`)).toEqual(await stored(`whole-${step}`));
    }
  });

  it('are kept by several processes that share a folder, and each answers from what it has', async () => {
    const table = newTable();
    await table.add([use()]);
    const [one, other] = [await openAt('shared'), await openAt('shared')];
    await one.of(table.newest(), start + DAY);
    await table.add([use({ used: 5n })]);
    const older = table.newest();
    await table.add([use({ used: 7n })]);
    await one.of(table.newest(), start + DAY);
    const usage = await other.of(older, start + DAY);
    expect(await all(usage.payerHours(span))).toMatchObject([{ used: 15n }]);
    const newest = await other.of(table.newest(), start + DAY);
    expect(await all(newest.payerHours(span))).toMatchObject([{ used: 22n }]);
  });

  it('are gone on with by a process that looks seldom, when what it knows was put together and removed', async () => {
    const table = newTable();
    await table.add([use()]);
    const [often, seldom] = [await openAt('seldom'), await openAt('seldom')];
    await seldom.of(table.newest(), start + 61n * MINUTE);
    const then = await filesIn('seldom');
    // Another index each minute, hours put together meanwhile; all that was there is an hour old.
    await table.add([useAt(2n * HOUR, { used: 5n })]);
    await often.of(table.newest(), start + 121n * MINUTE);
    expect(await filesIn('seldom')).toEqual(expect.arrayContaining(then));
    for (const folder of ['seldom', 'seldom/files']) await makeOld(folder);
    await table.add([useAt(2n * HOUR, { used: 7n })]);
    await often.of(table.newest(), start + 122n * MINUTE);
    await makeOld('seldom');
    await table.add([useAt(2n * HOUR, { used: 1n })]);
    await often.of(table.newest(), start + 123n * MINUTE);
    const now = await filesIn('seldom');
    expect(then.filter((name) => now.includes(name))).toEqual([]);
    const usage = await seldom.of(table.newest(), start + 3n * DAY);
    await openAt('made at once').then((rollups) => rollups.of(table.newest(), start + 3n * DAY));
    expect(await stored('seldom')).toEqual(await stored('made at once'));
    expect(await all(usage.payerHours(span))).toHaveLength(2);
  });

  it('let minutes fall into hours and hours into days, and late rows into them all the same', async () => {
    const table = newTable();
    await table.add([use({ used: 100n }), useAt(MINUTE)]);
    const rollups = await openAt('short', { minutesMs: 86_400_000, hoursMs: 2 * 86_400_000 });
    const kinds = async (): Promise<string[]> =>
      (await indexOf('short')).cells.flatMap(({ files }) => Object.keys(files)).sort();
    await rollups.of(table.newest(), start + 25n * HOUR);
    expect(await kinds()).toEqual(['days', 'hours', 'minutes', 'payers']);
    await rollups.of(table.newest(), start + 3n * DAY - 1n);
    expect(await kinds()).toEqual(['days', 'hours', 'payers']);
    await table.add([useAt(HOUR, { used: 1n })]);
    const usage = await rollups.of(table.newest(), start + 9n * DAY);
    expect(await kinds()).toEqual(['days', 'payers']);
    const asked = { quotaIds, demandOf: 'fleet', quantiles: [0, 0.5, 1] } as const;
    const spread = { minutes: 3, values: [1n, 10n, 100n], max: 100n };
    const day = { from: start, to: start + DAY };
    expect(await usage.percentiles({ ...asked, ...day })).toMatchObject([spread]);
    // The edges of a span need minutes: they are made from rows.
    const most = { from: start, to: start + DAY - MINUTE };
    expect(await usage.percentiles({ ...asked, ...most })).toMatchObject([spread]);
    expect(await demand(usage, 'fleet')).toHaveLength(3);
  });

  it('tell percentiles of minutes within one percent, of a zone or of all, over days, hours and edges', async () => {
    const table = newTable();
    const rows = Array.from({ length: 400 }, (_, at) => {
      const zone = at % 2 === 0 ? 'a' : 'b';
      return useAt(BigInt(at) * 13n * MINUTE, { used: BigInt(at * at + 1), zone });
    });
    await table.add(rows);
    const usage = await (await openAt('spread')).of(table.newest(), start + 9n * DAY);
    const asOfRows = (await openAt('unused')).at(table.newest(), table.newest().positions);
    for (const zone of [undefined, 'b']) {
      const asked = {
        ...{ quotaIds, demandOf: 'host' as const, quantiles: [0, 0.5, 0.9, 0.99, 1] },
        ...{ from: start + 17n * MINUTE, to: start + 3n * DAY + 95n * MINUTE },
        ...(zone === undefined ? {} : { zone }),
      };
      const [found] = await usage.percentiles(asked);
      const amounts = rows
        .filter((row) => row.windowStart >= asked.from && row.windowStart < asked.to)
        .filter((row) => zone === undefined || row.zone === zone)
        .map(({ used }) => used);
      expect(found).toMatchObject({ minutes: amounts.length, max: amounts.at(-1) });
      asked.quantiles.forEach((quantile, at) => {
        const exact = Number(amounts[Math.max(1, Math.ceil(quantile * amounts.length)) - 1]);
        const error = Math.abs(Number(found!.values[at]) - exact);
        expect(error).toBeLessThanOrEqual(exact * 0.01 + 0.5);
      });
      expect(await asOfRows.percentiles(asked)).toEqual([found]);
    }
  });

  it('refuse times for which they have no exact answer', async () => {
    const usage = await (await openAt('empty')).of(newTable().newest(), start);
    expect(await all(usage.summary(start))).toEqual([]);
    const hours = { from: start + 1n, to: start + HOUR };
    await expect(all(usage.payerHours(hours))).rejects.toThrow(RangeError);
    await expect(all(usage.usedBetween({ edges: [start, start] }))).rejects.toThrow(RangeError);
    const asked = { quotaIds, demandOf: 'host', quantiles: [2] } as const;
    const hour = { from: start, to: start + HOUR };
    await expect(usage.percentiles({ ...asked, ...hour })).rejects.toThrow(RangeError);
  });

  it('spread a window over the steps it reaches over, and see a fleet or its busiest host', async () => {
    const table = newTable();
    const window = (from: bigint, to: bigint) => ({
      ...{ windowStart: start + from * SECOND, windowEnd: start + to * SECOND },
    });
    await table.add([
      use({ ...window(5n, 15n), used: 101n, peak: 7n }),
      use({ ...window(12n, 13n), hostId: 'host-2', refused: 4n, peak: 5n }),
      use({ ...window(12n, 13n), quotaId: 'llm/other' }),
    ]);
    const usage = await (await openAt('steps')).of(table.newest(), start + DAY);
    const steps = async (demandOf: DemandOf, seconds: bigint): Promise<bigint[][]> =>
      (await demand(usage, demandOf, seconds * SECOND)).map((step) => [
        (step.start - start) / SECOND,
        step.wantedMicros / SECOND,
        step.refusedMicros / SECOND,
        step.peak,
      ]);
    // 50 of 101 in the first half: slices sum to the whole.
    expect(await steps('fleet', 10n)).toEqual([
      [0n, 50n, 0n, 7n],
      [10n, 65n, 4n, 12n],
    ]);
    expect(await steps('host', 10n)).toEqual([
      [0n, 50n, 0n, 7n],
      [10n, 51n, 4n, 7n],
    ]);
    for (const seconds of [60n, 3_600n]) {
      expect(await steps('fleet', seconds)).toEqual([[0n, 115n, 4n, 12n]]);
      expect(await steps('host', seconds)).toEqual([[0n, 101n, 4n, 7n]]);
    }
  });
});
