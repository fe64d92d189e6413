import { CommitUnknown, createMemoryLog, OwnershipLost, recordBytes } from '@prorata/kafka-port';
import type { LogPort, LogRecord, OutRecord } from '@prorata/kafka-port';
import { Codec, memoryIds } from '@prorata/schemas';
import { recordTracing } from '@prorata/service-runtime';
import type { TraceRecords } from '@prorata/service-runtime';
import { tracingInMemory } from '@prorata/service-runtime/testing';
import { describe, expect, it } from 'vitest';
import { content } from '@prorata/quota-model/testing';
import { EventScript, EventWriter, rate } from '../../test/eventScript.ts';
import { PartitionPoisoned, PartitionRelay } from './partitionRelay.ts';
import { RuleTopics } from './ruleTopics.ts';
import { boundedBatches } from './ruleWriter.ts';

const events = { topic: 'quota.events', partition: 0 };
const rules = { topic: 'quota.rules.moka', partition: 0 };

function setUp() {
  const memory = createMemoryLog({ seed: 7 });
  memory.createTopic('quota.events', 1);
  const codec = new Codec(memoryIds());
  const port = memory.connect();
  const parts = (trace?: TraceRecords) => {
    const own = memory.connect();
    const topics = new RuleTopics(own, codec, '');
    return { port: own, codec, topics, namespace: '', wrote: () => undefined, trace };
  };
  const end = () => port.log.endOffset(rules);
  const read = async (place: typeof events, from: bigint) => {
    const records: LogRecord[] = [];
    await port.log.readToEnd(place, from, (batch) => void records.push(...batch));
    return records;
  };
  const script = new EventScript('moka');
  return { port, codec, parts, end, read, script, writer: new EventWriter(port, codec, '', 1) };
}

describe('a partition of the relay', () => {
  it('writes once what the events say, whoever restores however often', async () => {
    const { parts, end, script, writer, read } = setUp();
    await writer.write(script.register(), script.create('prod', 9n), script.create('prod/a', 5n));
    const first = await PartitionRelay.restore(events, parts());
    const after = await end();
    expect((await read(rules, 0n)).map(({ key }) => key?.toString())).toEqual([
      'moka/prod',
      'moka/prod/a',
      '$complete',
    ]);
    for (let takeover = 0; takeover < 3; takeover++) {
      const next = await PartitionRelay.restore(events, parts());
      expect(next.next).toBe(first.next);
      expect(await end()).toBe(after);
    }
  });

  it('cannot write an older rule over a newer one, once it has a successor', async () => {
    const { parts, end, script, writer, read } = setUp();
    await writer.write(script.register(), script.create('prod', 9n));
    const zombie = await PartitionRelay.restore(events, parts());
    await writer.write(script.change('prod', 8n));
    const late = await read(events, zombie.next);
    await writer.write(script.change('prod', 7n));
    await PartitionRelay.restore(events, parts());
    const before = await end();
    await expect(zombie.serve(late)).rejects.toThrow(OwnershipLost);
    expect(await end()).toBe(before);
  });

  it('serves events, tombstones included, and passes over what it was given twice', async () => {
    const { parts, end, script, writer, read } = setUp();
    await writer.write(script.register(), script.create('prod', 9n));
    const relay = await PartitionRelay.restore(events, parts());
    await writer.write(script.change('prod', 3n), script.delete('prod'));
    const records = await read(events, 0n);
    await relay.serve(records);
    const after = await end();
    await relay.serve(records);
    expect(await end()).toBe(after);
    const [last, complete] = (await read(rules, 0n)).slice(-2);
    expect(complete?.key?.toString()).toBe('$complete');
    expect([last?.key?.toString(), last?.value]).toEqual(['moka/prod', null]);
    expect(last?.headers.get('event-offset')?.toString()).toBe(records.at(-1)!.offset.toString());
  });

  it('has its part in the trace of a command, once its rules are written, and none in a restore', async () => {
    const { parts, script, writer, read } = setUp();
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
    const { tracing, spans } = tracingInMemory('relay');
    const trace = recordTracing(tracing, 'write rules');
    await writer.writeWith(headers, script.register(), script.create('prod', 9n));
    const relay = await PartitionRelay.restore(events, parts(trace));
    await writer.writeWith(headers, script.change('prod', 3n), script.change('prod', 4n));
    expect(spans()).toEqual([]);
    await relay.serve(await read(events, 0n));
    await writer.writeWith(headers, script.change('prod', 5n));
    const late = await read(events, relay.next);
    await PartitionRelay.restore(events, parts(trace));
    await expect(relay.serve(late)).rejects.toThrow(OwnershipLost);
    const shared = { name: 'write rules', traceId, parentSpanId: 'b7ad6b7169203331' };
    expect(spans()).toMatchObject([
      { ...shared, attributes: { 'prorata.records': 2 }, isFault: false },
      { ...shared, attributes: { 'prorata.records': 1 }, isFault: true },
    ]);
  });

  it('says last that the set is whole, also when its predecessor died half way', async () => {
    const { parts, script, writer, read, codec } = setUp();
    const long = content([rate(5n)], { action: 'degrade', degradeTag: 'x'.repeat(2_000) });
    await writer.write(script.register());
    for (let quota = 0; quota < 600; quota += 200) {
      const names = Array.from({ length: 200 }, (_, index) => `q${quota + index}`);
      const made = names.map((name) =>
        script.make('QuotaCreated', name, { content: long, contentHash: null }),
      );
      await writer.write(...made);
    }
    const dying = parts();
    let appends = 0;
    const writers: LogPort['writers'] = {
      async fence(identity) {
        const own = await dying.port.writers.fence(identity);
        const append = async (records: readonly OutRecord[]) => {
          appends += 1;
          if (appends > 1) throw new CommitUnknown('the process died');
          await own.append(records);
        };
        return { identity, append, close: () => own.close() };
      },
    };
    const port = { log: dying.port.log, writers };
    await expect(PartitionRelay.restore(events, { ...dying, port })).rejects.toThrow(CommitUnknown);
    const keys = async () => (await read(rules, 0n)).map(({ key }) => key?.toString());
    expect((await keys()).length).toBeGreaterThan(100);
    expect(await keys()).not.toContain('$complete');
    await PartitionRelay.restore(events, parts());
    expect(await keys()).toHaveLength(601);
    const last = (await read(rules, 0n)).at(-1);
    expect(last?.key?.toString()).toBe('$complete');
    expect(await codec.decode(last!.value)).toEqual({
      type: 'RuleSetComplete',
      value: {
        application: 'moka',
        rules: 600,
        eventOffset: (await port.log.endOffset(events)) - 2n,
      },
    });
  });

  it('stops at bytes that are no event, and names the place', async () => {
    const { port, parts, script, writer } = setUp();
    await writer.write(script.register());
    const stray = await port.writers.fence({ group: 'stray', ...events });
    await stray.append([{ ...events, key: null, value: Buffer.from('no event') }]);
    const fault = await PartitionRelay.restore(events, parts()).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(PartitionPoisoned);
    expect((fault as PartitionPoisoned).offset).toBe(2n);
  });
});

describe('the batches of a writer', () => {
  it('keep the order, and each fits one append', async () => {
    const records = Array.from({ length: 40 }, (_, index): OutRecord => ({
      ...rules,
      key: Buffer.from(String(index)),
      value: Buffer.alloc(100_000),
    }));
    const batches: OutRecord[][] = [];
    for await (const batch of boundedBatches(records)) batches.push(batch);
    expect(batches.flat()).toEqual(records);
    expect(batches.length).toBeGreaterThan(4);
    for (const batch of batches) {
      const bytes = batch.reduce((sum, record) => sum + recordBytes(record), 0);
      expect(bytes).toBeLessThanOrEqual(900_000);
    }
  });
});
