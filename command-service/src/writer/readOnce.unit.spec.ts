import type { LogRecord } from '@prorata/kafka-port';
import { describe, expect, it } from 'vitest';
import type { ReadCommand } from './readCommand.ts';
import { readOnce } from './readOnce.ts';

const recordAt = (offset: bigint): LogRecord => ({
  topic: 'quota.commands',
  partition: 0,
  offset,
  timestampMs: 0,
  key: null,
  value: null,
  headers: new Map(),
});

describe('a record that a batch has put back', () => {
  it('is not read again, and another one is', async () => {
    const asked: bigint[] = [];
    const read = readOnce((record) => {
      asked.push(record.offset);
      return Promise.resolve<ReadCommand>({ kind: 'unreadable', record, message: '', stream: '' });
    });
    const [one, other] = [recordAt(1n), recordAt(2n)];
    expect(await read(one)).toBe(await read(one));
    expect((await read(other)).record).toBe(other);
    expect(asked).toEqual([1n, 2n]);
  });

  it('is read again when nobody could tell what it says', async () => {
    let isAway = true;
    const read = readOnce((record) => {
      if (isAway) return Promise.reject(new Error('The registry is away.'));
      return Promise.resolve<ReadCommand>({ kind: 'unreadable', record, message: '', stream: '' });
    });
    const record = recordAt(1n);
    await expect(read(record)).rejects.toThrow('away');
    isAway = false;
    expect((await read(record)).kind).toBe('unreadable');
  });
});
