import { describe, expect, it } from 'vitest';
import { Codec } from './codec.ts';
import { UnreadableRecord } from './recordErrors.ts';
import type { SchemaIds } from './codec.ts';
import type { UsageRecorded } from './generated/messages.ts';
import { memoryIds } from './registry.ts';
import { selfContained } from './schemaFiles.ts';

const usage: UsageRecorded = {
  hostId: 'h1',
  bootId: 'b',
  sequence: 1n,
  application: 'moka',
  quotaId: 'moka/prod',
  project: null,
  zone: null,
  windowStart: 1n,
  windowEnd: 2n,
  resources: [],
};

/** A number as Avro writes a long. */
function long(value: bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)); ; rest >>= 7n) {
    if (rest < 0x80n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
}

/** A registry that knows one schema, whatever is asked. */
const only = (schema: unknown): SchemaIds => ({
  idOf: () => Promise.resolve(1),
  schemaOf: () => Promise.resolve(typeof schema === 'string' ? schema : JSON.stringify(schema)),
});

async function framed(): Promise<Buffer> {
  return new Codec(only('')).encode('usage.events', { type: 'UsageRecorded', value: usage });
}

describe('a count that its bytes cannot hold', () => {
  const counts = [2n ** 31n, 3_000_000n, 2n ** 53n - 1n, -(2n ** 31n), -3_000_000n];

  it.each(counts)('%i of a list is unreadable at once, and costs no memory', async (count) => {
    const codec = new Codec(memoryIds());
    const good = await codec.encode('usage.events', { type: 'UsageRecorded', value: usage });
    const bytes = Buffer.concat([good.subarray(0, -1), long(count), Buffer.from([1, 0])]);
    const before = process.threadCpuUsage();
    await expect(codec.decode(bytes)).rejects.toThrow(UnreadableRecord);
    await expect(codec.hash(bytes)).rejects.toThrow(UnreadableRecord);
    const { user, system } = process.threadCpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(200);
  });

  it.each(['array', 'map'])('is unreadable in a %s that the reader passes over', async (type) => {
    const schema = selfContained('io.prorata.usage.UsageRecorded') as { fields: object[] };
    const more = { type, items: 'string', values: 'string' };
    const newer = { ...schema, fields: [...schema.fields, { name: 'more', type: more }] };
    const codec = new Codec(only(newer));
    const good = await framed();
    const passed = Buffer.concat([good, Buffer.from([0])]);
    expect((await codec.decode(passed)).value).toEqual(usage);
    for (const count of counts) {
      const bytes = Buffer.concat([good, long(count), Buffer.from([1, 0])]);
      await expect(codec.decode(bytes)).rejects.toThrow(UnreadableRecord);
    }
  });

  it('is unreadable where items take no byte, for nothing bounds those', async () => {
    const schema = selfContained('io.prorata.usage.UsageRecorded') as { fields: object[] };
    const nothings = { name: 'more', type: { type: 'array', items: 'null' } };
    const codec = new Codec(only({ ...schema, fields: [...schema.fields, nothings] }));
    const bytes = Buffer.concat([await framed(), long(2n), Buffer.from([0])]);
    await expect(codec.decode(bytes)).rejects.toThrow(UnreadableRecord);
  });

  it('leaves lists that come in several blocks, sized ones too, readable', async () => {
    const codec = new Codec(memoryIds());
    const resource = {
      resource: 't',
      used: 1n,
      refused: 0n,
      queued: 0n,
      peak: 0n,
      trialRefused: 0n,
    };
    const value = { ...usage, resources: [resource] };
    const one = await codec.encode('usage.events', { type: 'UsageRecorded', value });
    const none = await codec.encode('usage.events', { type: 'UsageRecorded', value: usage });
    // The body's end is: count 1, the item, count 0, no zone.
    const item = one.subarray(none.length - 1, -2);
    const sized = Buffer.concat([long(-1n), long(BigInt(item.length)), item]);
    const bytes = Buffer.concat([one.subarray(0, -2), sized, Buffer.from([0, 0])]);
    expect((await codec.decode(bytes)).value).toEqual({
      ...usage,
      resources: [resource, resource],
    });
  });
});

describe('a schema that the registry has and that is none of ours', () => {
  it.each([
    ['Protobuf', 'syntax = "proto3"; message M {}'],
    ['JSON Schema', '{"type": "object", "properties": {}}'],
    [
      'Avro with a reference',
      '{"type": "record", "name": "R", "fields": [{"name": "a", "type": "B"}]}',
    ],
    ['no text', ''],
    [
      'our name over other fields',
      '{"type": "record", "name": "io.prorata.usage.UsageRecorded", "fields": []}',
    ],
  ])('(%s) makes its records unreadable, not the registry absent', async (_what, schema) => {
    const decoding = new Codec(only(schema)).decode(Buffer.from([0, 0, 0, 0, 1, 0]));
    await expect(decoding).rejects.toThrow(UnreadableRecord);
  });

  it('is told from a registry that does not answer, which may answer later', async () => {
    let isAway = true;
    const known = only(selfContained('io.prorata.usage.UsageRecorded'));
    const codec = new Codec({
      ...known,
      schemaOf: (id) => (isAway ? Promise.reject(new Error('away')) : known.schemaOf(id)),
    });
    await expect(codec.decode(await framed())).rejects.not.toThrow(UnreadableRecord);
    isAway = false;
    expect((await codec.decode(await framed())).value).toEqual(usage);
  });
});
