import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { LogRecord } from '@prorata/kafka-port';
import { Codec, memoryIds } from '@prorata/schemas';
import type { ResourceUsage, UsageRecorded } from '@prorata/schemas';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tokens, usageRecord } from '../../test/usageRecords.ts';
import { judgeRecord } from '../sink/judgeRecord.ts';
import { tablePlaces, UsageDatabase } from '../table/usageDatabase.ts';
import type { TablePlaces } from '../table/usageDatabase.ts';
import { UsageColumns } from '../table/usageColumns.ts';
import { UsageReader } from '../table/usageReader.ts';
import { UsageTable } from '../table/usageTable.ts';
import { verifyUsage } from './verifyUsage.ts';
import type { UsageVerified } from './verifyUsage.ts';

const TOPIC = 'usage.events';
const codec = new Codec(memoryIds());
const loggedMs = Date.now();

let root: string;
let places: TablePlaces;
let database: UsageDatabase;
let table: UsageTable;
let reader: UsageReader;
/** Of partition 1; offset 3 is a record sent again. */
let topic: LogRecord[];

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'prorata-verify-'));
  places = await tablePlaces(root);
  database = await UsageDatabase.open(places.root);
  table = await UsageTable.open({ database, places, topic: { name: TOPIC, partitions: 2 } });
  reader = new UsageReader(database, places);
  topic = await Promise.all(
    [1n, 2n, 3n, 3n, 4n].map(async (sequence, offset) => ({
      topic: TOPIC,
      partition: 1,
      offset: BigInt(offset),
      timestampMs: loggedMs,
      key: Buffer.from('llm/chat'),
      value: await codec.encode('usage.events', {
        type: 'UsageRecorded',
        value: usageAt(sequence),
      }),
      headers: new Map<string, Buffer>(),
    })),
  );
});

afterEach(async () => {
  table.close();
  database.close();
  await rm(root, { recursive: true, force: true });
});

const usageAt = (sequence: bigint): UsageRecorded =>
  usageRecord({ bootId: 'a', sequence, resources: [tokens(sequence * 10n)] });

/** What a sink writes of the topic, unless `damage` does something else to a record's rows. */
async function fill(
  damage: (columns: UsageColumns, offset: bigint, usage: UsageRecorded) => boolean = () => false,
  to = 5n,
): Promise<void> {
  const columns = new UsageColumns();
  const loggedAt = BigInt(loggedMs) * 1_000n;
  for (const [offset, sequence] of [1n, 2n, 3n, null, 4n].entries()) {
    if (sequence === null) continue;
    const usage = usageAt(sequence);
    if (damage(columns, BigInt(offset), usage)) continue;
    columns.addRecord(BigInt(offset), loggedAt, usage);
  }
  const range = { from: 0n, to, records: 5, duplicates: 1, usage: columns, quarantine: [] };
  const marker = { offset: to - 1n, sha256: 'last' };
  await table.commit(await table.takeOver(1), { ...range, marker });
}

async function verify(): Promise<UsageVerified> {
  const verified = await verifyUsage({
    log: {
      beginningOffset: () => Promise.resolve(0n),
      endOffset: ({ partition }) => Promise.resolve(partition === 1 ? 5n : 0n),
      async readToEnd(_partition, _from, onBatch) {
        await onBatch(topic);
        return 5n;
      },
    },
    async judge(record) {
      const judged = await judgeRecord(codec, record);
      if (judged.kind === 'duplicate') throw new Error('judged by more than the record');
      return judged;
    },
    reader,
    storage: places.storage,
    topic: TOPIC,
    partitions: 2,
    ledger: null,
  });
  if (verified === null) throw new Error('there is no table');
  return verified;
}

const at = (column: UsageColumns, offset: bigint, usage: UsageRecorded, used: bigint): void => {
  const changed: ResourceUsage = { ...tokens(used), peak: usage.resources[0]?.peak ?? 0n };
  column.add(offset, BigInt(loggedMs) * 1_000n, usage, changed);
};

describe('topic and table', () => {
  it('agree when nothing is wrong', async () => {
    await fill();
    const { firstDifference, partitions, usageFiles } = await verify();
    expect(firstDifference).toBeNull();
    expect(usageFiles.rows).toBe(4);
    expect(partitions).toMatchObject([
      { partition: 1, from: 0n, to: 5n, found: { records: 5, counted: 4, duplicates: 1 } },
    ]);
    expect(partitions[0]?.found.used).toEqual(new Map([['llm tokens', 100n]]));
  });

  it('differ by a row lost', async () => {
    await fill((_columns, offset) => offset === 1n);
    expect((await verify()).firstDifference).toMatchObject({
      code: 'ROW_LOST',
      place: 'usage.events/1',
      offset: 1n,
    });
  });

  it('differ by a row doubled', async () => {
    await fill((columns, offset, usage) => {
      if (offset === 2n) columns.addRecord(offset, BigInt(loggedMs) * 1_000n, usage);
      return false;
    });
    const { firstDifference } = await verify();
    expect(firstDifference).toMatchObject({ code: 'ROW_DOUBLED', offset: 2n });
  });

  it('differ by an amount changed', async () => {
    await fill((columns, offset, usage) => {
      if (offset !== 4n) return false;
      at(columns, offset, usage, 41n);
      return true;
    });
    expect((await verify()).firstDifference).toMatchObject({ code: 'ROW_CHANGED', offset: 4n });
  });

  it('differ by a record that was sent again and counted again', async () => {
    await fill((columns, offset, usage) => {
      if (offset === 2n) columns.addRecord(3n, BigInt(loggedMs) * 1_000n, usage);
      return false;
    });
    const { firstDifference } = await verify();
    expect(firstDifference).toMatchObject({ code: 'ID_COUNTED_TWICE', offset: 3n });
  });

  it('differ by a position that is ahead of the topic', async () => {
    await fill(undefined, 7n);
    const { firstDifference } = await verify();
    expect(firstDifference).toMatchObject({ code: 'POSITION_AHEAD', offset: 7n });
  });

  it('differ by a position that is behind the rows', async () => {
    await fill(undefined, 3n);
    const { firstDifference } = await verify();
    expect(firstDifference).toMatchObject({ code: 'BEYOND_POSITION', offset: 4n });
  });

  it('differ by a file that is not there, or is not what was written', async () => {
    await fill();
    const [file] = (await (await reader.newest())?.files()) ?? [];
    const place = path.join(root, file?.key ?? '');
    await appendFile(place, 'more');
    expect((await verify()).firstDifference).toMatchObject({
      code: 'FILE_CHANGED',
      place: file?.key,
    });
    await rm(place);
    expect((await verify()).firstDifference).toMatchObject({
      code: 'FILE_MISSING',
      place: file?.key,
    });
  });
});
