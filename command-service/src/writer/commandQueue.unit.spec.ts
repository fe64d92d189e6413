import type { LogRecord } from '@prorata/kafka-port';
import { describe, expect, it } from 'vitest';
import { CommandQueue } from './commandQueue.ts';

const records = (from: number, count: number, bytes = 1): LogRecord[] =>
  Array.from({ length: count }, (_, index) => ({
    topic: 'quota.commands',
    partition: 0,
    offset: BigInt(from + index),
    timestampMs: 0,
    key: null,
    value: Buffer.alloc(bytes),
    headers: new Map(),
  }));
const offsets = (taken: readonly LogRecord[]): number[] =>
  taken.map(({ offset }) => Number(offset));

describe('the queue of commands', () => {
  it('keeps order, also of what is put back', async () => {
    const queue = new CommandQueue();
    await queue.offer(records(0, 5));
    const taken = queue.take(3, 1_000);
    queue.putBack(taken.slice(1));
    expect(offsets(queue.take(10, 1_000))).toEqual([1, 2, 3, 4]);
  });

  it('takes a record that is handed over twice once', async () => {
    const queue = new CommandQueue();
    await queue.offer(records(0, 3));
    await queue.offer(records(1, 4));
    expect(offsets(queue.take(10, 1_000))).toEqual([0, 1, 2, 3, 4]);
  });

  it('takes up to so many bytes, and at least one record', async () => {
    const queue = new CommandQueue();
    await queue.offer(records(0, 4, 100));
    expect(offsets(queue.take(10, 250))).toEqual([0, 1]);
    expect(offsets(queue.take(10, 50))).toEqual([2]);
  });

  it('makes whoever offers wait while it is full, until there is room', async () => {
    const queue = new CommandQueue();
    let through = false;
    const offered = queue.offer(records(0, 3_500)).then(() => (through = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(through).toBe(false);
    queue.take(1_000, 1_000_000);
    await offered;
    expect(queue.length).toBe(2_500);
  });

  it('lets go of everybody when it is closed', async () => {
    const queue = new CommandQueue();
    const offered = queue.offer(records(0, 5_000));
    queue.close();
    await offered;
    await queue.offer(records(0, 5_000));
    expect(queue.length).toBe(0);
  });
});
