import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { bench, rate, rule, second } from '../../test/fixtures.ts';
import { BoundHandle } from '../decision/handle.ts';
import type { Host } from '../host.ts';
import { pausingRun } from './kafkajs.ts';

/** A partition as kafkajs has it: fetched from the first message that was not resolved, unless paused. */
function partitionOf(messages: number) {
  const state = { next: 0, isPaused: false, pauses: 0, heartbeats: 0, commits: 0, running: true };
  const payload = () => ({
    batch: {
      topic: 't',
      partition: 3,
      messages: Array.from({ length: messages - state.next }, (_, index) => ({
        offset: String(state.next + index),
        size: 2,
      })),
    },
    resolveOffset: (offset: string) => {
      state.next = Number(offset) + 1;
    },
    heartbeat: () => Promise.resolve(void (state.heartbeats += 1)),
    commitOffsetsIfNecessary: () => Promise.resolve(void (state.commits += 1)),
    isRunning: () => state.running,
    isStale: () => false,
    pause: () => {
      state.isPaused = true;
      state.pauses += 1;
      return () => {
        state.isPaused = false;
      };
    },
  });
  return { state, payload };
}

function hostWith(amount: bigint, perMicros: number) {
  const { clock, table, limiter, meters } = bench();
  table.put(rule('moka/ads', [{ ...rate(amount), perMicros: BigInt(perMicros) }]), clock.now);
  const quota = new BoundHandle(limiter, table, { quota: 'moka/ads' });
  return { clock, meters, quota, host: { last: limiter.last } as Host };
}

it('pauses a partition that its quota has no room for, and goes on with the same message', async () => {
  const { clock, quota, host } = hostWith(4n, 40_000);
  const { state, payload } = partitionOf(5);
  const seen: string[] = [];
  const options = { host, quota, resource: 'tokens', cost: ({ size }: { size: number }) => size };
  const { eachBatch, eachBatchAutoResolve } = pausingRun<{ offset: string; size: number }>(
    options,
    ({ message }) => Promise.resolve(void seen.push(message.offset)),
  );
  expect(eachBatchAutoResolve).toBe(false);
  await eachBatch(payload());
  expect([seen, state.next, state.isPaused]).toEqual([['0', '1'], 2, true]);
  expect([state.heartbeats, state.commits]).toEqual([2, 2]);
  clock.now += 40_000;
  await expect.poll(() => state.isPaused).toBe(false);
  await eachBatch(payload());
  expect(seen).toEqual(['0', '1', '2', '3']);
  expect(state.pauses).toBe(2);
});

it('looks again before a far end, for the limit may be raised, and not all the time', async () => {
  const { quota, host } = hostWith(1n, 3_600 * second);
  const { state, payload } = partitionOf(2);
  const { eachBatch } = pausingRun({ host, quota, resource: 'tokens' }, () => Promise.resolve());
  await eachBatch(payload());
  await delay(100);
  expect([state.next, state.isPaused, state.pauses]).toEqual([1, true, 1]);
});

it('counts a message that waits as refused once, however often it is asked for', async () => {
  const { clock, meters, quota, host } = hostWith(4n, second);
  const { payload } = partitionOf(1);
  const { eachBatch } = pausingRun({ host, quota, resource: 'tokens' }, () => Promise.resolve());
  quota.take('tokens', 4);
  for (let count = 0; count < 3; count += 1) await eachBatch(payload());
  clock.now += second;
  await eachBatch(payload());
  const [usage] = meters.close(clock.now, clock.now);
  expect(usage?.resources[0]).toMatchObject({ used: 5n, refused: 1n });
});

it('resolves nothing that failed, and stops where the consumer does', async () => {
  const { quota, host } = hostWith(100n, second);
  const { state, payload } = partitionOf(3);
  const { eachBatch } = pausingRun({ host, quota, resource: 'tokens' }, ({ message }) => {
    if (message.offset === '1') throw new Error('cannot be handled');
    return Promise.resolve();
  });
  await expect(eachBatch(payload())).rejects.toThrow('cannot be handled');
  expect(state.next).toBe(1);
  state.running = false;
  await eachBatch(payload());
  expect(state.next).toBe(1);
});
