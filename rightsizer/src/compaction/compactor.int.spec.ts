import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { usageRow } from '../../test/usageRows.ts';
import { compactionSteps } from '../table/commitSteps.ts';
import { quarantineForm, usageForm } from '../table/rowForms.ts';
import type { Positions } from '../table/tableVersion.ts';
import { UsageColumns } from '../table/usageColumns.ts';
import { tablePlaces, UsageDatabase } from '../table/usageDatabase.ts';
import type { TablePlaces } from '../table/usageDatabase.ts';
import { UsageReader } from '../table/usageReader.ts';
import { UsageTable } from '../table/usageTable.ts';
import type { PartitionClaim } from '../table/usageTable.ts';
import { Compactor } from './compactor.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const topic = { name: 'usage.events', partitions: 2 };
const rule = { settleMs: 0, filesMin: 2, bytesMax: 1_000_000 };
const removal = { unnamedMs: HOUR_MS };

let root: string;
let places: TablePlaces;
let database: UsageDatabase;
/** Files are as old as the machine says, so the tests' time begins there. */
let nowMs: number;
/** The start of today, on which no day before it is open. */
let today: number;

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'prorata-compaction-'));
  places = await tablePlaces(root);
  database = await UsageDatabase.open(places.root);
  nowMs = Date.now();
  today = Math.floor(nowMs / DAY_MS) * DAY_MS;
});

afterEach(async () => {
  database.close();
  await rm(root, { recursive: true, force: true });
});

const now = (): number => nowMs;
const openTable = (): Promise<UsageTable> => UsageTable.open({ database, places, topic, now });
const compactorOf = (onStep: (step: string) => void = () => undefined): Compactor =>
  new Compactor({ database, places, form: usageForm, onStep, now });
const reader = (): UsageReader => new UsageReader(database, places);
const names = (folder: string): Promise<string[]> => readdir(path.join(root, 'usage', folder));

/** So many records, the windows over the last days. */
function rangeOf(from: bigint, count: number, daysBack: readonly number[]) {
  const rows = Array.from({ length: count }, (_, index) => {
    const offset = from + BigInt(index);
    const startMs = today - (daysBack[index % daysBack.length] ?? 0) * DAY_MS + index * 60_000;
    const windowStart = BigInt(startMs) * 1_000n;
    const windowEnd = windowStart + 60_000_000n;
    return usageRow({ offset, windowStart, windowEnd, quotaId: `llm/q${index % 5}`, used: offset });
  });
  const to = from + BigInt(count);
  return {
    from,
    to,
    records: count,
    duplicates: 0,
    usage: UsageColumns.of(rows),
    quarantine: [],
    marker: { offset: to - 1n, sha256: `at ${to}` },
  };
}

/** Everything that an answer could stand on: rows, sums and the set of ids, up to positions. */
async function answer(positions?: Positions): Promise<unknown> {
  const conditions = [...(positions ?? [])].map(([key, next]) => {
    const partition = key.slice(key.lastIndexOf('/') + 1);
    return `(source_partition = ${partition} AND source_offset < ${next})`;
  });
  return (await reader().newest())!.ask(`
    SELECT quota_id, epoch_us(window_start) // 86400000000 AS day, count(*) AS rows, sum(used) AS used,
      md5(string_agg(source_partition || ':' || source_offset || ':' || sequence, ','
        ORDER BY source_partition, source_offset)) AS ids
    FROM usage WHERE ${conditions.length === 0 ? 'true' : conditions.join(' OR ')}
    GROUP BY ALL ORDER BY ALL`);
}

describe('compaction', () => {
  it('makes one sorted file of a day and bucket, and carries on where partitions stand', async () => {
    const table = await openTable();
    let claim = await table.takeOver(0);
    for (let at = 0; at < 4; at += 1) {
      claim = await table.commit(claim, rangeOf(BigInt(at * 20), 20, [1, 2]));
    }
    const before = (await reader().newest())!;
    const expected = await answer();
    const done = await compactorOf().compact(rule);
    const after = (await reader().newest())!;
    expect(done).toEqual({ replaced: before.totals.files, written: after.totals.files, rows: 80 });
    expect(after.totals.files).toBeLessThan(before.totals.files / 3);
    expect(after.positions).toEqual(before.positions);
    expect(await answer()).toEqual(expected);
    expect([...(await reader().at(after.snapshotId)).positions]).toEqual([...before.positions]);
    // The sink goes on, and nothing is due any more.
    await table.commit(claim, rangeOf(80n, 3, [0]));
    expect(await compactorOf().compact(rule)).toMatchObject({ replaced: 0 });
  });

  it('leaves a day alone until it is over and has settled', async () => {
    const table = await openTable();
    let claim = await table.takeOver(0);
    for (let at = 0; at < 3; at += 1) {
      claim = await table.commit(claim, rangeOf(BigInt(at * 5), 5, [0]));
    }
    const settled = { ...rule, settleMs: 2 * HOUR_MS };
    nowMs = today + DAY_MS + 2 * HOUR_MS - 1;
    expect(await compactorOf().compact(settled)).toMatchObject({ replaced: 0 });
    nowMs += 1;
    expect((await compactorOf().compact(settled)).replaced).toBeGreaterThan(0);
  });

  it('keeps what a sink adds while it works, and gives way to another that compacts', async () => {
    const table = await openTable();
    let claim = await table.takeOver(0);
    for (let at = 0; at < 3; at += 1) {
      claim = await table.commit(claim, rangeOf(BigInt(at * 10), 10, [1]));
    }
    let adding: Promise<PartitionClaim> | null = null;
    const compactor = compactorOf((step) => {
      if (step === 'compaction-commit-begins')
        adding ??= table.commit(claim, rangeOf(30n, 10, [1]));
    });
    await compactor.compact(rule);
    claim = await adding!;
    const [rows] = await (await reader().newest())!.ask('SELECT count(*) AS rows FROM usage');
    expect(rows).toEqual({ rows: 40n });
    const other = compactorOf();
    await other.compact(rule);
    await table.commit(claim, rangeOf(40n, 10, [1]));
    await expect(compactor.compact(rule)).rejects.toMatchObject({ code: 'WRITER_STALE' });
  });

  it('compacts what was put aside by the same way', async () => {
    const table = await openTable();
    let claim = await table.takeOver(0);
    for (let at = 0n; at < 3n; at += 1n) {
      const quarantine = [
        {
          offset: at,
          timestampMs: today - DAY_MS,
          reason: 'UNREADABLE',
          detail: 'torn',
          key: null,
          valueBytes: 1,
          valueSha256: 'x',
          value: Buffer.from([1]),
        },
      ];
      claim = await table.commit(claim, { ...rangeOf(at, 1, [0]), quarantine });
    }
    const compactor = new Compactor({ database, places, form: quarantineForm, now });
    expect(await compactor.compact(rule)).toEqual({ replaced: 3, written: 1, rows: 3 });
    expect((await reader().quarantine())?.totals).toEqual({ files: 1, rows: 3 });
  });
});

describe('the removal of files', () => {
  it('leaves a reader of an old version its files, until that has long been followed', async () => {
    const table = await openTable();
    let claim = await table.takeOver(0);
    for (let at = 0; at < 25; at += 1) {
      claim = await table.commit(claim, rangeOf(BigInt(at), 1, [1]));
    }
    const old = (await reader().newest())!;
    const expected = await old.ask('SELECT sum(used) AS used FROM usage');
    nowMs += 2 * HOUR_MS;
    const compactor = compactorOf();
    await compactor.compact(rule);
    const files = (await names('data')).length;
    // It has been followed just now: what was compacted is still its own.
    await compactor.removeUnnamed(removal);
    expect(await names('data')).toHaveLength(files);
    expect(await old.ask('SELECT sum(used) AS used FROM usage')).toEqual(expected);
    nowMs += HOUR_MS;
    for (let at = 25; at < 50; at += 1) {
      claim = await table.commit(claim, rangeOf(BigInt(at), 1, [0]));
    }
    const removed = await compactor.removeUnnamed(removal);
    expect(removed.files).toBeGreaterThan(25);
    expect((await names('data')).length).toBeLessThan(files + 25);
    await expect(reader().at(old.snapshotId)).rejects.toMatchObject({ code: 'SNAPSHOT_EXPIRED' });
    await expect(old.ask('SELECT sum(used) FROM usage')).rejects.toMatchObject({
      code: 'SNAPSHOT_EXPIRED',
    });
    const [rows] = await (await reader().newest())!.ask('SELECT count(*) AS rows FROM usage');
    expect(rows).toEqual({ rows: 50n });
  });

  it('has a sink that slept write its files anew: those that it had written may be gone', async () => {
    const table = await openTable();
    const claim = await table.commit(await table.takeOver(0), rangeOf(0n, 1, [1]));
    const { storage } = places;
    const upload = storage.upload.bind(storage);
    let removed = 0;
    vi.spyOn(storage, 'upload').mockImplementationOnce(async (...named) => {
      const bytes = await upload(...named);
      nowMs += 2 * HOUR_MS;
      removed = (await compactorOf().removeUnnamed(removal)).files;
      return bytes;
    });
    const late = table.commit(claim, rangeOf(1n, 1, [1]));
    await expect(late).rejects.toMatchObject({ code: 'COMMIT_CONTENDED' });
    expect(removed).toBe(1);
    expect(await answer()).toHaveLength(1);
    await table.commit(claim, rangeOf(1n, 1, [1]));
    expect((await reader().newest())!.totals.rows).toBe(2);
    await answer();
  });

  it('leaves alone what may be on its way into a commit, however it is asked', async () => {
    const table = await openTable();
    const claim = await table.takeOver(0);
    await table.commit(claim, rangeOf(0n, 1, [0]));
    await places.storage.create('usage/data/young.parquet', Buffer.from('young'));
    expect(await compactorOf().removeUnnamed({ unnamedMs: 1 })).toMatchObject({ files: 0 });
    nowMs += 2 * HOUR_MS;
    expect(await compactorOf().removeUnnamed(removal)).toEqual({ files: 1, bytes: 5 });
  });
});

it('may end at the steps that are named, and at no other', async () => {
  const table = await openTable();
  let claim = await table.takeOver(0);
  for (let at = 0; at < 2; at += 1) {
    claim = await table.commit(claim, rangeOf(BigInt(at), 1, [1]));
  }
  await places.storage.create('usage/data/left.parquet', Buffer.from('left'));
  nowMs += 2 * HOUR_MS;
  const reached = new Set<string>();
  const compactor = compactorOf((step) => void reached.add(step));
  await compactor.compact(rule);
  await compactor.removeUnnamed(removal);
  expect([...reached].sort()).toEqual([...compactionSteps].sort());
});

it('no answer changes by compaction and removal, whatever is committed between and wherever they end', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          partition: fc.integer({ min: 0, max: 1 }),
          count: fc.integer({ min: 1, max: 12 }),
          daysBack: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 3 }),
          // Then the compactor runs, and ends at this step where it comes to it.
          endsAt: fc.option(fc.constantFrom(...compactionSteps, 'never'), { nil: null, freq: 2 }),
          laterMs: fc.constantFrom(0, 1_000_000, 2 * HOUR_MS),
        }),
        { minLength: 3, maxLength: 8 },
      ),
      async (moves) => {
        const folder = await mkdtemp(path.join(root, 'run-'));
        const outer = places;
        places = await tablePlaces(folder);
        try {
          const table = await openTable();
          const claims = [await table.takeOver(0), await table.takeOver(1)];
          const answers: [Positions, unknown][] = [];
          for (const { partition, count, daysBack, endsAt, laterMs } of moves) {
            const claim = claims[partition]!;
            claims[partition] = await table.commit(
              claim,
              rangeOf(claim.nextOffset, count, daysBack),
            );
            answers.push([(await reader().newest())!.positions, await answer()]);
            nowMs += laterMs;
            if (endsAt !== null) await compactUntil(endsAt);
          }
          for (const [positions, expected] of answers)
            expect(await answer(positions)).toEqual(expected);
          table.close();
        } finally {
          places = outer;
        }
      },
    ),
    { numRuns: 4, seed: 11 },
  );
}, 60_000);

async function compactUntil(step: string): Promise<void> {
  const compactor = compactorOf((reached) => {
    if (reached === step) throw new Error('It ended here.');
  });
  try {
    await compactor.compact(rule);
    await compactor.removeUnnamed(removal);
  } catch (error) {
    if ((error as Error).message !== 'It ended here.') throw error;
  }
}
