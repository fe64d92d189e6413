import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { tokens, usageRecord } from '../../test/usageRecords.ts';
import { UsageColumns } from '../table/usageColumns.ts';
import { tablePlaces, UsageDatabase } from '../table/usageDatabase.ts';
import { UsageReader } from '../table/usageReader.ts';
import { UsageTable } from '../table/usageTable.ts';
import type { RangeToCommit } from '../table/usageTable.ts';
import { restoreSeenIds } from './restoreSeenIds.ts';
import { SeenIds } from './seenIds.ts';

const HOUR = 3_600_000_000n;

let root: string;
let database: UsageDatabase;
let table: UsageTable;
let reader: UsageReader;

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'prorata-seen-'));
  const places = await tablePlaces(root);
  database = await UsageDatabase.open(places.root);
  table = await UsageTable.open({
    database,
    places,
    topic: { name: 'usage.events', partitions: 2 },
  });
  reader = new UsageReader(database, places);
});

afterEach(async () => {
  table.close();
  database.close();
  await rm(root, { recursive: true, force: true });
});

const sent = fc.record({
  hostId: fc.constantFrom('host-1', "it's"),
  bootId: fc.constantFrom('a', 'b'),
  sequence: fc.oneof(
    fc.bigInt({ min: 0n, max: 70n }),
    fc.constantFrom(511n, 512n, 2n ** 40n, 2n ** 63n - 1n),
  ),
  hour: fc.bigInt({ min: 480_000n, max: 480_030n }),
});

/** One record, logged in that hour. */
function rangeOf(offset: bigint, hour: bigint, hostId: string): RangeToCommit {
  const usage = new UsageColumns();
  const windowStart = hour * HOUR;
  const windowEnd = windowStart + 1_000_000n;
  const record = usageRecord({
    hostId,
    sequence: offset,
    windowStart,
    windowEnd,
    resources: [tokens(1n)],
  });
  usage.addRecord(offset, hour * HOUR + 2_000_000n, record);
  return {
    from: offset,
    to: offset + 1n,
    records: 1,
    duplicates: 0,
    usage,
    quarantine: [],
    marker: { offset, sha256: `at ${offset}` },
  };
}

describe('what a takeover knows of ids', () => {
  it('is what a sink knows that never stopped', async () => {
    const log = fc.sample(sent, { numRuns: 400, seed: 7 });
    log.sort((left, right) => Number(left.hour - right.hour));
    const seen = new SeenIds();
    const columns = new UsageColumns();
    for (const [offset, { hour, ...id }] of log.entries()) {
      const loggedAt = hour * HOUR + BigInt(offset);
      const resources = [tokens(1n), tokens(2n, { resource: 'requests' })];
      const usage = usageRecord({ ...id, windowStart: hour * HOUR, resources });
      if (seen.verdict(usage, loggedAt) !== 'new') continue;
      seen.add(usage, loggedAt);
      columns.addRecord(BigInt(offset), loggedAt, usage);
    }
    await table.commit(await table.takeOver(1), {
      from: 0n,
      to: BigInt(log.length),
      records: log.length,
      duplicates: 0,
      usage: columns,
      quarantine: [],
      marker: { offset: BigInt(log.length) - 1n, sha256: 'last' },
    });
    // Another partition's ids are none of its own.
    await table.commit(await table.takeOver(0), rangeOf(0n, 480_031n, 'host-2'));
    expect((await restoreSeenIds(await reader.newest(), 'usage.events', 0)).chunks).toBe(1);
    // All files at once, and one after another.
    for (const batchBytes of [undefined, 1]) {
      const version = await reader.newest();
      const restored = await restoreSeenIds(version, 'usage.events', 1, batchBytes);
      expect(restored.chunks).toBe(seen.chunks);
      for (const { hour, ...id } of log) {
        for (const windowStart of [hour * HOUR, 0n]) {
          for (const later of [0n, 12n, 60n]) {
            const usage = usageRecord({ ...id, windowStart });
            const loggedAt = (hour + later) * HOUR;
            expect(restored.verdict(usage, loggedAt)).toBe(seen.verdict(usage, loggedAt));
          }
        }
      }
    }
  });

  it('opens no file that ended before the late window, however old the table is', async () => {
    let claim = await table.takeOver(1);
    for (const [at, hour] of [480_000n, 480_024n, 480_048n, 480_060n].entries()) {
      claim = await table.commit(claim, rangeOf(BigInt(at), hour, 'host-1'));
    }
    const version = (await reader.newest())!;
    const scan = vi.spyOn(version, 'scan');
    const restored = await restoreSeenIds(version, 'usage.events', 1, 1);
    expect(restored.chunks).toBe(2);
    const opened = scan.mock.calls.flatMap(([files]) => files.map(({ key }) => key));
    expect(opened.map((key) => /-1-1-(\d)-/.exec(key)?.[1])).toEqual(['3', '2']);
    // Nothing is looked for where nothing was ever committed.
    await table.takeOver(0);
    const later = (await reader.newest())!;
    const none = vi.spyOn(later, 'scan');
    expect((await restoreSeenIds(later, 'usage.events', 0)).chunks).toBe(0);
    expect(none).not.toHaveBeenCalled();
  });
});
