import type { UsageRecorded } from '@prorata/schemas';
import { describe, expect, it, vi } from 'vitest';
import { RecordingChannel } from '../../test/fixtures.ts';
import { UsageRefused } from './usageChannel.ts';
import { UsageQueue } from './usageQueue.ts';

const records = (from: number, count: number): UsageRecorded[] =>
  Array.from({ length: count }, (_, index) => ({
    hostId: 'h',
    bootId: 'b',
    sequence: BigInt(from + index),
    application: 'a',
    quotaId: 'a/x',
    project: null,
    zone: null,
    windowStart: 0n,
    windowEnd: 1n,
    resources: [],
  }));

describe('the usage queue', () => {
  it('sends the same records again until they are taken, though the first try may have worked', async () => {
    vi.useFakeTimers();
    const channel = new RecordingChannel();
    const problems: unknown[] = [];
    const queue = new UsageQueue(channel, (error) => problems.push(error));
    channel.fails = 'after';
    queue.push(records(0, 3));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(queue.size).toBe(3);
    channel.fails = null;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(queue).toMatchObject({ size: 0, sent: 3, dropped: 0 });
    const ids = new Set(channel.usage.map(({ sequence }) => sequence));
    expect(channel.usage.length).toBeGreaterThan(3);
    expect([...ids]).toEqual([0n, 1n, 2n]);
    expect(problems.length).toBeGreaterThan(0);
    vi.useRealTimers();
  });

  it('drops the oldest beyond its limit, and counts them', async () => {
    vi.useFakeTimers();
    const channel = new RecordingChannel();
    const queue = new UsageQueue(channel, () => undefined);
    channel.fails = 'before';
    queue.push(records(0, 30_000));
    queue.push(records(30_000, 10));
    expect(queue).toMatchObject({ size: 30_000, dropped: 10 });
    channel.fails = null;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(queue).toMatchObject({ size: 0, sent: 30_000 });
    // What was under way stays; the next oldest went.
    expect(channel.usage.map(({ sequence }) => Number(sequence)).slice(248, 252)).toEqual([
      248, 249, 260, 261,
    ]);
    vi.useRealTimers();
  });

  it('drops the one record that is refused, and sends the others of its batch', async () => {
    const channel = new RecordingChannel();
    const taken = (batch: readonly UsageRecorded[]) =>
      RecordingChannel.prototype.sendUsage.call(channel, batch);
    channel.sendUsage = (batch) =>
      batch.some(({ sequence }) => sequence === 137n)
        ? Promise.reject(new UsageRefused('no'))
        : taken(batch);
    const problems: unknown[] = [];
    const queue = new UsageQueue(channel, (error) => problems.push(error));
    queue.push(records(0, 600));
    await queue.close(1_000);
    expect(queue).toMatchObject({ size: 0, sent: 599, dropped: 1 });
    expect(problems).toHaveLength(1);
    expect(new Set(channel.usage.map(({ sequence }) => sequence)).size).toBe(599);
    expect(channel.usage).toHaveLength(599);
    expect(channel.calls).toBeLessThan(30);
  });

  it('makes batches smaller when they are too large, and larger again', async () => {
    const channel = new RecordingChannel();
    const sizes: number[] = [];
    channel.sendUsage = (batch) => {
      sizes.push(batch.length);
      const isTooLarge = sizes.length < 3;
      return isTooLarge ? Promise.reject(new UsageRefused('413')) : Promise.resolve();
    };
    const queue = new UsageQueue(channel, () => undefined);
    queue.push(records(0, 700));
    await queue.close(1_000);
    expect(sizes).toEqual([250, 125, 63, 126, 250, 250, 11]);
    expect(queue).toMatchObject({ sent: 700, dropped: 0 });
  });

  it('does not ask again for what is refused for good', async () => {
    const channel = new RecordingChannel();
    channel.sendUsage = () => Promise.reject(new UsageRefused('no'));
    const queue = new UsageQueue(channel, () => undefined);
    queue.push(records(0, 2));
    await queue.close(1_000);
    expect(queue).toMatchObject({ size: 0, sent: 0, dropped: 2 });
  });
});
