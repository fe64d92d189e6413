import { describe, expect, it } from 'vitest';
import type { FetchConnection, FetchPosition } from './fetchConnection.ts';
import { Followers } from './followers.ts';

const place = { topic: 't', partition: 3 };
const END = 40;

/** A broker with one partition: of one that a request names twice it answers the last, as Kafka does. */
const broker = {
  leaderOf: () => Promise.resolve('1'),
  reset: () => undefined,
  fetch: (_leader: string, positions: readonly FetchPosition[]) => {
    const from = Number(positions.at(-1)?.offset ?? END);
    // A few at a time, so that followers are at different places for long.
    const offsets = Array.from({ length: Math.min(3, END - from) }, (_, index) => from + index);
    const answer = {
      ...place,
      lastStableOffset: String(END),
      abortedTransactions: null,
      messages: offsets.map((offset) => ({
        offset: String(offset),
        timestamp: '0',
        key: null,
        value: Buffer.of(offset),
        headers: {},
        isControlRecord: false,
        batchContext: {
          producerId: '-1',
          inTransaction: false,
          firstOffset: String(offset),
          lastOffsetDelta: 0,
        },
      })),
    };
    return new Promise((resolve) => setTimeout(() => resolve([answer]), 1));
  },
} as unknown as FetchConnection;

describe('followers of one partition', () => {
  it('each get every record from their own place on, wherever the others are', async () => {
    const followers = new Followers(broker);
    const starts = [0, 17, 5, 39, 17];
    const got = starts.map((): number[] => []);
    const follow = (start: number, index: number) =>
      followers.add(place, BigInt(start), async (records) => {
        got[index]?.push(...records.map(({ offset }) => Number(offset)));
        // One of them is slow, and falls behind.
        if (index === 2) await new Promise((resolve) => setTimeout(resolve, 3));
      });
    starts.forEach(follow);
    const isDone = (): boolean => got.every((offsets) => offsets.at(-1) === END - 1);
    for (let tries = 0; !isDone() && tries < 1_000; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await followers.close();
    const whole = starts.map((start) =>
      Array.from({ length: END - start }, (_, index) => start + index),
    );
    expect(got).toEqual(whole);
  });
});
