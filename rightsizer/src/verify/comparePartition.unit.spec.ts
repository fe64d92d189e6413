import { createHash } from 'node:crypto';
import type { LogRecord } from '@prorata/kafka-port';
import { Codec, memoryIds } from '@prorata/schemas';
import type { UsageRecorded } from '@prorata/schemas';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tokens, usageRecord } from '../../test/usageRecords.ts';
import { judgeRecord } from '../sink/judgeRecord.ts';
import { PartitionComparison } from './comparePartition.ts';
import type { Judge } from './comparePartition.ts';
import type { PartitionRows, RejectedRow, TableRow, UsageId } from './tableRows.ts';

const codec = new Codec(memoryIds());
const loggedMs = Date.now();

/** Offset 12 is a record sent again, 13 is none that counts, and 15 the table has not come to. */
const usages: ReadonlyMap<bigint, Partial<UsageRecorded>> = new Map([
  [10n, { bootId: 'a', sequence: 1n, resources: [tokens(5n), tokens(7n, { resource: 'calls' })] }],
  [11n, { bootId: 'a', sequence: 2n }],
  [12n, { bootId: 'a', sequence: 2n }],
  [13n, { bootId: 'a', sequence: 3n, resources: [tokens(-1n)] }],
  [14n, { bootId: 'a', sequence: 4n, resources: [] }],
  [15n, { bootId: 'a', sequence: 5n }],
]);
const POSITION = 15n;
let topic: LogRecord[];

beforeAll(async () => {
  topic = await Promise.all(
    [...usages].map(async ([offset, changes]) => ({
      topic: 'usage.events',
      partition: 0,
      offset,
      timestampMs: loggedMs,
      key: Buffer.from('llm/chat'),
      value: await codec.encode('usage.events', {
        type: 'UsageRecorded',
        value: usageRecord(changes),
      }),
      headers: new Map<string, Buffer>(),
    })),
  );
});

const judge: Judge = async (record) => {
  const judged = await judgeRecord(codec, record);
  if (judged.kind === 'duplicate') throw new Error('judged by more than the record');
  return judged;
};

let rows: TableRow[];
let rejected: RejectedRow[];

/** What the sink would have made of the topic. */
beforeEach(() => {
  const counted = [10n, 11n, 14n];
  rows = counted.flatMap((offset) => {
    const usage = usageRecord(usages.get(offset));
    const none = { ...tokens(0n), resource: '' };
    const resources = usage.resources.length === 0 ? [none] : usage.resources;
    return resources.map((resource) => ({
      ...usage,
      ...resource,
      offset,
      loggedAt: BigInt(loggedMs) * 1_000n,
    }));
  });
  const value = topic.find(({ offset }) => offset === 13n)?.value ?? Buffer.alloc(0);
  const valueSha256 = createHash('sha256').update(value).digest('hex');
  rejected = [{ offset: 13n, reason: 'AMOUNT_NEGATIVE', valueSha256 }];
});

class GivenRows implements PartitionRows {
  async *usage() {
    // One by one: what is compared must not hang on how they come.
    for (const row of rows) yield await Promise.resolve([row]);
  }

  async *rejected() {
    yield await Promise.resolve(rejected);
  }

  countedBefore(ids: readonly UsageId[]): Promise<ReadonlySet<bigint>> {
    const isCounted = (id: UsageId) =>
      rows.some(
        ({ bootId, sequence, offset }) =>
          bootId === id.bootId && sequence === id.sequence && offset < id.offset,
      );
    return Promise.resolve(new Set(ids.filter(isCounted).map(({ offset }) => offset)));
  }
}

async function compare(position = POSITION) {
  const comparison = new PartitionComparison('usage.events/0', position, new GivenRows(), judge);
  await comparison.take(topic.slice(0, 2));
  await comparison.take(topic.slice(2));
  return { difference: await comparison.end(), found: comparison.found };
}

const rowAt = (offset: bigint): TableRow => {
  const row = rows.find((each) => each.offset === offset);
  if (row === undefined) throw new Error(`no row at ${offset}`);
  return row;
};

describe('a partition of the topic and of the table', () => {
  it('agree, with what was sent again and what does not count', async () => {
    const { difference, found } = await compare();
    expect(difference).toBeNull();
    expect(found).toEqual({
      records: 5,
      counted: 3,
      duplicates: 1,
      quarantined: 1,
      rows: 4,
      used: new Map([
        ['llm tokens', 15n],
        ['llm calls', 7n],
        ['llm ', 0n],
      ]),
      reasons: new Map([['AMOUNT_NEGATIVE', 1]]),
    });
  });

  it.each<[string, () => void, string, bigint]>([
    ['a row lost', () => rows.splice(1, 1), 'ROW_LOST', 10n],
    ['a record lost', () => (rows = rows.filter(({ offset }) => offset !== 11n)), 'ROW_LOST', 11n],
    ['a row doubled', () => rows.splice(2, 0, rowAt(11n)), 'ROW_DOUBLED', 11n],
    [
      'an amount changed',
      () => (rows[0] = { ...rowAt(10n), used: rowAt(10n).used + 1n }),
      'ROW_CHANGED',
      10n,
    ],
    [
      'a payer changed',
      () => (rows[2] = { ...rowAt(11n), project: 'acme/other' }),
      'ROW_CHANGED',
      11n,
    ],
    [
      'a resource that no record names',
      () => rows.push({ ...rowAt(14n), resource: 'gpu' }),
      'ROW_UNKNOWN',
      14n,
    ],
    ['a row of no record', () => rows.unshift({ ...rowAt(10n), offset: 7n }), 'ROW_UNKNOWN', 7n],
    [
      'a row behind the position',
      () => rows.push({ ...rowAt(14n), offset: 15n }),
      'BEYOND_POSITION',
      15n,
    ],
    ['a quarantine lost', () => (rejected = []), 'QUARANTINE_LOST', 13n],
    [
      'another value in quarantine',
      () => (rejected = rejected.map((each) => ({ ...each, valueSha256: 'ff' }))),
      'QUARANTINE_CHANGED',
      13n,
    ],
    [
      'usage in quarantine too',
      () => rejected.unshift({ offset: 11n, reason: 'QUOTA_UNKNOWN', valueSha256: 'ff' }),
      'COUNTED_TWICE_OVER',
      11n,
    ],
    [
      'a record counted that must not be',
      () => {
        rejected = [];
        rows.splice(3, 0, { ...rowAt(11n), offset: 13n });
      },
      'QUARANTINE_LOST',
      13n,
    ],
  ])('differ by %s', async (_what, damage, code, offset) => {
    damage();
    const { difference } = await compare();
    expect(difference).toMatchObject({ code, offset, place: 'usage.events/0' });
  });

  it('differ by a position that is ahead of the rows', async () => {
    expect((await compare(16n)).difference).toMatchObject({ code: 'ROW_LOST', offset: 15n });
  });

  it('differ first where the log is first, also when the loss is found out later', async () => {
    rows = rows.filter(({ offset }) => offset !== 11n && offset !== 14n);
    rows.push({ ...rowAt(10n), offset: 14n, bootId: 'other', resource: '' });
    expect((await compare()).difference).toMatchObject({ code: 'ROW_LOST', offset: 11n });
  });

  it('says which field is changed, from what to what', async () => {
    rows[0] = { ...rowAt(10n), used: 6n };
    expect((await compare()).difference?.detail).toBe(
      'llm/chat tokens: used is 6, and the record says 5',
    );
  });
});
