import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LogRefused, OffsetGone } from '../port.ts';
import type { LogRecord } from '../port.ts';
import { until } from './logHarness.ts';
import type { LogHarness } from './logHarness.ts';
import { outRecord, readAll, texts } from './records.ts';

export function describeReading(start: () => Promise<LogHarness>): void {
  describe('reading', () => {
    let harness: LogHarness;
    beforeAll(async () => {
      harness = await start();
    });
    afterAll(async () => harness.close());

    it('passes over control records to the end, and reads nothing from there', async () => {
      const topic = await harness.createTopic(1);
      const place = { topic, partition: 0 };
      const { port } = harness.connect('p');
      const writer = await port.writers.fence({ group: 'g', ...place });
      for (const text of ['a', 'b', 'c']) await writer.append([outRecord(topic, 0, text)]);
      await until(
        harness,
        'three records and markers',
        async () => (await port.log.endOffset(place)) === 6n,
      );
      const all = await readAll(port, place);
      expect(all.records.map(({ offset }) => offset)).toEqual([0n, 2n, 4n]);
      expect(all.end).toBe(6n);
      expect(texts((await readAll(port, place, 3n)).records)).toEqual(['c']);
      expect(await readAll(port, place, 6n)).toEqual({ records: [], end: 6n });
      expect(await port.log.beginningOffset(place)).toBe(0n);
    });

    it('hands over keys, values, tombstones and headers as they were written', async () => {
      const topic = await harness.createTopic(1);
      const place = { topic, partition: 0 };
      const { port } = harness.connect('p');
      const publisher = await port.publisher();
      await publisher.publish([
        {
          ...place,
          key: Buffer.from([0, 0, 0, 0]),
          value: Buffer.from([1, 0, 255]),
          headers: { h: 'text' },
        },
        { ...place, key: Buffer.from('k'), value: null, headers: { b: Buffer.from([0]), c: '' } },
        { ...place, key: null, value: Buffer.alloc(0) },
      ]);
      const { records } = await readAll(port, place);
      const [first, tombstone, empty] = records;
      expect(first).toMatchObject({ ...place, offset: 0n, key: Buffer.from([0, 0, 0, 0]) });
      expect(first?.value).toEqual(Buffer.from([1, 0, 255]));
      expect([...(first?.headers ?? [])]).toEqual([['h', Buffer.from('text')]]);
      expect(first?.timestampMs).toBeGreaterThan(Date.UTC(2025, 0, 1));
      expect(tombstone?.value).toBeNull();
      expect([...(tombstone?.headers ?? [])]).toEqual([
        ['b', Buffer.from([0])],
        ['c', Buffer.alloc(0)],
      ]);
      expect(empty).toMatchObject({ offset: 2n, key: null, value: Buffer.alloc(0) });
      await publisher.close();
    });

    it('finds the first record that is not older than a time, and none after the last', async () => {
      const topic = await harness.createTopic(1);
      const place = { topic, partition: 0 };
      const { port } = harness.connect('p');
      const publisher = await port.publisher();
      for (const text of ['a', 'b', 'c']) {
        await publisher.publish([outRecord(topic, 0, text)]);
        await harness.sleep(20);
      }
      const { records } = await readAll(port, place);
      const times = records.map(({ timestampMs }) => timestampMs);
      expect(await port.log.offsetAt(place, 0)).toBe(0n);
      for (const [at, time] of times.entries()) {
        expect(await port.log.offsetAt(place, time), `of ${at}`).toBe(BigInt(at));
        const next = at === 2 ? null : BigInt(at + 1);
        expect(await port.log.offsetAt(place, time + 1), `after ${at}`).toBe(next);
      }
      await publisher.close();
    });

    it('tells a topic from another by an id that stays', async () => {
      const [first, second] = [await harness.createTopic(1), await harness.createTopic(1)];
      const { port } = harness.connect('p');
      const id = await port.log.topicId(first);
      expect(id).not.toBeNull();
      expect(await port.log.topicId(second)).not.toBe(id);
      expect(await harness.connect('q').port.log.topicId(first)).toBe(id);
      await expect(port.log.topicId(`${first}-absent`)).rejects.toBeInstanceOf(LogRefused);
    });

    it('follows from any offset, in order, and stops', async () => {
      const topic = await harness.createTopic(2);
      const place = { topic, partition: 1 };
      const { port } = harness.connect('p');
      const writer = await port.writers.fence({ group: 'g', ...place });
      await writer.append(['0', '1', '2'].map((text) => outRecord(topic, 1, text)));
      await until(harness, 'the marker', async () => (await port.log.endOffset(place)) === 4n);

      const seen: LogRecord[] = [];
      const follower = await port.log.follow(place, 1n, (records) => {
        seen.push(...records);
      });
      expect(texts(seen), 'caught up at once').toEqual(['1', '2']);
      await writer.append([outRecord(topic, 1, '3'), outRecord(topic, 0, 'elsewhere')]);
      await writer.append([outRecord(topic, 1, '4')]);
      await until(harness, 'the later records', () => seen.length === 4);
      await until(harness, 'the last marker', () => follower.position === 8n);
      expect(texts(seen)).toEqual(['1', '2', '3', '4']);

      await follower.stop();
      await follower.finished;
      await writer.append([outRecord(topic, 1, '5')]);
      await harness.sleep(300);
      expect(seen).toHaveLength(4);
    });

    it('waits for a slow handler of one partition and goes on with the others', async () => {
      const topic = await harness.createTopic(2);
      const { port } = harness.connect('p');
      const publisher = await port.publisher();
      const slow: string[] = [];
      const quick: string[] = [];
      const held = Promise.withResolvers<undefined>();
      await port.log.follow({ topic, partition: 0 }, 0n, async (records) => {
        slow.push(...texts(records));
        await held.promise;
      });
      await port.log.follow({ topic, partition: 1 }, 0n, (records) => {
        quick.push(...texts(records));
      });
      for (let number = 0; number < 5; number++) {
        await publisher.publish(
          [0, 1].map((partition) => outRecord(topic, partition, String(number))),
        );
        await until(harness, `quick ${number}`, () => quick.length === number + 1);
      }
      expect(slow).toEqual(['0']);
      held.resolve(undefined);
      await until(harness, 'the slow one catches up', () => slow.length === 5);
      expect(slow).toEqual(['0', '1', '2', '3', '4']);
    });

    it('ends a follower with what its handler threw', async () => {
      const topic = await harness.createTopic(1);
      const { port } = harness.connect('p');
      const publisher = await port.publisher();
      const follower = await port.log.follow({ topic, partition: 0 }, 0n, () => {
        throw new Error('no such schema');
      });
      await publisher.publish([outRecord(topic, 0, 'x')]);
      let failure: unknown;
      follower.finished.catch((error: unknown) => (failure = error));
      await until(harness, 'the follower ends', () => failure !== undefined);
      expect(String(failure)).toContain('no such schema');
      expect(follower.position).toBe(0n);
    });

    it('refuses an offset past the end and a topic that is not there', async () => {
      const topic = await harness.createTopic(1);
      const { port } = harness.connect('p');
      await expect(readAll(port, { topic, partition: 0 }, 7n)).rejects.toBeInstanceOf(OffsetGone);
      await expect(port.log.endOffset({ topic, partition: 1 })).rejects.toBeInstanceOf(LogRefused);
      await expect(
        port.log.endOffset({ topic: `${topic}-absent`, partition: 0 }),
      ).rejects.toBeInstanceOf(LogRefused);
    });
  });
}
