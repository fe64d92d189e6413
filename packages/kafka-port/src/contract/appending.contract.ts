import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendLimits } from '../appendLimits.ts';
import { AppendTooLarge, LogRefused, OwnershipLost } from '../port.ts';
import { until } from './logHarness.ts';
import type { LogHarness } from './logHarness.ts';
import { outRecord, readAll, texts } from './records.ts';

export function describeAppending(start: () => Promise<LogHarness>): void {
  describe('fencing and appending', () => {
    let harness: LogHarness;
    beforeAll(async () => {
      harness = await start();
    });
    afterAll(async () => harness.close());

    it('refuses every append of a writer that was fenced, and writes nothing of it', async () => {
      const topic = await harness.createTopic(1);
      const place = { topic, partition: 0 };
      const first = await harness.connect('first').port.writers.fence({ group: 'g', ...place });
      const port = harness.connect('second').port;
      await first.append([outRecord(topic, 0, 'before')]);
      const second = await port.writers.fence({ group: 'g', ...place });
      await expect(first.append([outRecord(topic, 0, 'zombie')])).rejects.toBeInstanceOf(
        OwnershipLost,
      );
      await expect(first.append([outRecord(topic, 0, 'again')])).rejects.toBeInstanceOf(
        OwnershipLost,
      );
      await second.append([outRecord(topic, 0, 'after')]);
      await until(harness, 'both appends are visible', async () => {
        const { records } = await readAll(port, place);
        return texts(records).join() === 'before,after';
      });
    });

    it('leaves writers of other partitions and other groups alone', async () => {
      const topic = await harness.createTopic(2);
      const { port } = harness.connect('p');
      const writer = await port.writers.fence({ group: 'g', topic, partition: 0 });
      await port.writers.fence({ group: 'g', topic, partition: 1 });
      await port.writers.fence({ group: 'h', topic, partition: 0 });
      await expect(writer.append([outRecord(topic, 0, 'x')])).resolves.toBeUndefined();
    });

    it('hides an open transaction, ends it by a fence, and reads past what was aborted', async () => {
      const topic = await harness.createTopic(1);
      const place = { topic, partition: 0 };
      const { port } = harness.connect('p');
      const writer = await port.writers.fence({ group: 'other', ...place });
      await writer.append([outRecord(topic, 0, 'committed')]);
      await until(
        harness,
        'the commit marker',
        async () => (await port.log.endOffset(place)) === 2n,
      );

      const identity = { group: 'g', ...place };
      await harness.leaveOpen(identity, [
        outRecord(topic, 0, 'open 1'),
        outRecord(topic, 0, 'open 2'),
      ]);
      expect(await port.log.endOffset(place), 'the last stable offset').toBe(2n);
      const during = await readAll(port, place);
      expect({ texts: texts(during.records), end: during.end }).toEqual({
        texts: ['committed'],
        end: 2n,
      });

      const successor = await port.writers.fence(identity);
      expect(await port.log.endOffset(place), 'two aborted records and their marker').toBe(5n);
      const after = await readAll(port, place);
      expect({ texts: texts(after.records), end: after.end }).toEqual({
        texts: ['committed'],
        end: 5n,
      });
      await successor.append([outRecord(topic, 0, 'successor')]);
      await until(
        harness,
        'the successor is visible',
        async () => (await port.log.endOffset(place)) === 7n,
      );
      const last = await readAll(port, place, 2n);
      expect(last.records.map(({ offset }) => offset)).toEqual([5n]);
    });

    it('appends to several topics together or not at all', async () => {
      const [events, outcomes] = [await harness.createTopic(2), await harness.createTopic(2)];
      const { port } = harness.connect('p');
      const writer = await port.writers.fence({ group: 'g', topic: events, partition: 1 });
      await writer.append([
        outRecord(events, 1, 'event 1'),
        outRecord(outcomes, 1, 'outcome'),
        outRecord(events, 1, 'event 2'),
      ]);
      const both = [events, outcomes].map((topic) => ({ topic, partition: 1 }));
      await until(harness, 'the markers', async () => {
        const ends = await Promise.all(both.map((place) => port.log.endOffset(place)));
        return ends.join() === '3,2';
      });
      expect(texts((await readAll(port, both[0]!)).records)).toEqual(['event 1', 'event 2']);
      expect(texts((await readAll(port, both[1]!)).records)).toEqual(['outcome']);

      const withAbsent = [
        outRecord(events, 1, 'lost'),
        outRecord(`${events}-absent`, 0, 'nowhere'),
      ];
      await expect(writer.append(withAbsent)).rejects.toBeInstanceOf(LogRefused);
      await writer.append([outRecord(events, 1, 'event 3')]);
      await until(harness, 'the next append', async () => {
        const { records } = await readAll(port, both[0]!);
        return texts(records).join() === 'event 1,event 2,event 3';
      });
    });

    it('refuses an append that is too large before anything is written', async () => {
      const topic = await harness.createTopic(1);
      const place = { topic, partition: 0 };
      const { port } = harness.connect('p');
      const writer = await port.writers.fence({ group: 'g', ...place });
      const many = Array.from({ length: appendLimits.recordsMax + 1 }, () =>
        outRecord(topic, 0, ''),
      );
      const wide = [{ ...place, key: null, value: Buffer.alloc(appendLimits.partitionBytesMax) }];
      await expect(writer.append(many)).rejects.toBeInstanceOf(AppendTooLarge);
      await expect(writer.append(wide)).rejects.toBeInstanceOf(AppendTooLarge);
      expect(await port.log.endOffset(place)).toBe(0n);
      const largest = Buffer.alloc(appendLimits.partitionBytesMax - 1_000);
      await expect(
        writer.append([{ ...place, key: null, value: largest }]),
      ).resolves.toBeUndefined();
    });

    it('gives a writer no way to send outside a transaction', async () => {
      const topic = await harness.createTopic(1);
      const writer = await harness
        .connect('p')
        .port.writers.fence({ group: 'g', topic, partition: 0 });
      const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(writer));
      expect([...methods, ...Object.keys(writer)].sort()).toEqual([
        'append',
        'close',
        'constructor',
        'identity',
      ]);
    });

    it('allows one append at a time, and none to a closed writer', async () => {
      const topic = await harness.createTopic(1);
      const writer = await harness
        .connect('p')
        .port.writers.fence({ group: 'g', topic, partition: 0 });
      const first = writer.append([outRecord(topic, 0, '1')]);
      await expect(writer.append([outRecord(topic, 0, '2')])).rejects.toThrow(
        'One append at a time',
      );
      await first;
      await writer.append([]);
      await writer.close();
      await expect(writer.append([outRecord(topic, 0, '3')])).rejects.toBeInstanceOf(OwnershipLost);
    });
  });
}
