import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publisherLimits } from '../publishRoom.ts';
import { LogRefused, PublishQueueFull } from '../port.ts';
import type { LogHarness } from './logHarness.ts';
import { outRecord, readAll, texts } from './records.ts';

export function describePublishing(start: () => Promise<LogHarness>): void {
  describe('publishing', () => {
    let harness: LogHarness;
    beforeAll(async () => {
      harness = await start();
    });
    afterAll(async () => harness.close());

    it('keeps the order of calls that do not wait for each other', async () => {
      const topic = await harness.createTopic(2);
      const { port } = harness.connect('p');
      const publisher = await port.publisher();
      const numbers = Array.from({ length: 3_000 }, (_, number) => number);
      await Promise.all(
        numbers.map((number) => publisher.publish([outRecord(topic, number % 2, String(number))])),
      );
      for (const partition of [0, 1]) {
        const { records } = await readAll(port, { topic, partition });
        expect(texts(records)).toEqual(
          numbers.filter((number) => number % 2 === partition).map(String),
        );
      }
      await publisher.close();
      await expect(publisher.publish([outRecord(topic, 0, 'late')])).rejects.toBeInstanceOf(
        LogRefused,
      );
    });

    it('takes nothing of a call that its queue has no room for, and goes on afterwards', async () => {
      const topic = await harness.createTopic(1);
      const { port } = harness.connect('p');
      const publisher = await port.publisher();
      const call = Array.from({ length: 1_000 }, () => outRecord(topic, 0, 'x'));
      const fitting = publisherLimits.queueRecordsMax / call.length;
      const calls = Array.from({ length: fitting + 1 }, () => publisher.publish(call));
      await expect(calls.at(-1)).rejects.toBeInstanceOf(PublishQueueFull);
      await Promise.all(calls.slice(0, -1));
      await publisher.publish([outRecord(topic, 0, 'later')]);
      expect(await port.log.endOffset({ topic, partition: 0 })).toBe(
        BigInt(publisherLimits.queueRecordsMax + 1),
      );
    });

    it('rejects the call whose topic is absent and delivers the others', async () => {
      const topic = await harness.createTopic(1);
      const { port } = harness.connect('p');
      const publisher = await port.publisher();
      await expect(
        publisher.publish([outRecord(`${topic}-absent`, 0, 'x')]),
      ).rejects.toBeInstanceOf(LogRefused);
      await publisher.publish([outRecord(topic, 0, 'y')]);
      expect(texts((await readAll(port, { topic, partition: 0 })).records)).toEqual(['y']);
    });
  });
}
