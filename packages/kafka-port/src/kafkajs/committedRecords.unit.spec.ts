import { describe, expect, it } from 'vitest';
import { committedRecords, pastEmptied } from './committedRecords.ts';
import type { FetchedPartition } from './committedRecords.ts';

type Message = FetchedPartition['messages'][number];

interface Shape {
  producer?: string;
  transactional?: boolean;
  control?: 'abort' | 'commit';
  key?: Buffer;
  /** The batch's bounds, where compaction has left gaps. */
  batch?: [first: number, last: number];
}

function message(offset: number, shape: Shape = {}): Message {
  const {
    producer = '-1',
    transactional = producer !== '-1',
    control,
    batch = [offset, offset],
  } = shape;
  const key =
    control === undefined
      ? (shape.key ?? null)
      : Buffer.from([0, 0, 0, control === 'abort' ? 0 : 1]);
  return {
    offset: String(offset),
    timestamp: '1700000000000',
    key,
    value: Buffer.from(String(offset)),
    headers: {},
    isControlRecord: control !== undefined,
    batchContext: {
      producerId: producer,
      inTransaction: transactional,
      firstOffset: String(batch[0]),
      lastOffsetDelta: batch[1] - batch[0],
    },
  };
}

function fetched(messages: Message[], aborted: [string, number][] = []): FetchedPartition {
  return {
    topic: 't',
    partition: 0,
    lastStableOffset: '100',
    abortedTransactions: aborted.map(([producerId, first]) => ({
      producerId,
      firstOffset: String(first),
    })),
    messages,
  };
}

const offsets = (part: FetchedPartition, from = 0n) =>
  committedRecords(part, from).records.map(({ offset }) => Number(offset));

describe('committed records of a fetch', () => {
  it('leaves out what was aborted between others’ records, and all markers', () => {
    const part = fetched(
      [
        message(0, { producer: 'a' }),
        message(1, { producer: 'b' }),
        message(2, { producer: 'a' }),
        message(3, { producer: 'a', control: 'abort' }),
        message(4, { producer: 'b', control: 'commit' }),
        message(5, { producer: 'a' }),
        message(6, { producer: 'a', control: 'commit' }),
        message(7),
      ],
      [['a', 0]],
    );
    expect(offsets(part)).toEqual([1, 5, 7]);
    expect(committedRecords(part, 0n).next).toBe(8n);
  });

  it('follows two aborted transactions of one producer, listed in any order', () => {
    const part = fetched(
      [
        message(0, { producer: 'a' }),
        message(1, { producer: 'a', control: 'abort' }),
        message(2, { producer: 'a' }),
        message(3, { producer: 'a', control: 'commit' }),
        message(4, { producer: 'a' }),
        message(5, { producer: 'a', control: 'abort' }),
      ],
      [
        ['a', 4],
        ['a', 0],
      ],
    );
    expect(offsets(part)).toEqual([2]);
  });

  it('does not take an aborted data record with the key 00 00 00 00 for a marker', () => {
    const key = Buffer.alloc(4);
    const part = fetched(
      [
        message(0, { producer: 'a', key }),
        message(1, { producer: 'a' }),
        message(2, { producer: 'a', control: 'abort' }),
      ],
      [['a', 0]],
    );
    expect(offsets(part)).toEqual([]);
  });

  it('knows an abort that began before the position, in the same batch', () => {
    const part = fetched(
      [message(4, { producer: 'a' }), message(5, { producer: 'a' })],
      [['a', 4]],
    );
    expect(offsets(part, 5n)).toEqual([]);
  });

  it('drops what lies before the position', () => {
    const part = fetched([
      message(3, { batch: [3, 5] }),
      message(4, { batch: [3, 5] }),
      message(5, { batch: [3, 5] }),
    ]);
    expect(offsets(part, 5n)).toEqual([5]);
  });

  it('goes on behind a batch whose last records compaction has removed', () => {
    const part = fetched([message(10, { batch: [10, 49] })]);
    expect(committedRecords(part, 0n).next).toBe(50n);
    expect(committedRecords(part, 20n)).toEqual({ records: [], next: 50n });
  });

  it('steps one offset past an emptied batch, and not past the last stable offset', () => {
    const empty = fetched([]);
    const nothing = committedRecords(empty, 20n);
    expect(pastEmptied(empty, nothing, 20n)).toBe(21n);
    expect(pastEmptied(empty, committedRecords(empty, 100n), 100n)).toBe(100n);
  });

  it('keeps the last value of a repeated header', () => {
    const repeated = {
      ...message(0),
      headers: { h: [Buffer.from('1'), Buffer.from('2')], single: Buffer.from('3') },
    };
    const [record] = committedRecords(fetched([repeated]), 0n).records;
    expect([...(record?.headers ?? [])].map(([name, value]) => [name, String(value)])).toEqual([
      ['h', '2'],
      ['single', '3'],
    ]);
  });
});
