import { createMemoryLog } from '@prorata/kafka-port';
import type { OutRecord } from '@prorata/kafka-port';
import { Codec, memoryIds } from '@prorata/schemas';
import type { Rule } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { rate, rule } from '../../test/fixtures.ts';
import { kafkaRules } from './kafkaRules.ts';
import type { RuleSet, RuleSink } from './ruleSource.ts';

function recorder() {
  const seen: unknown[] = [];
  const sink: RuleSink = {
    replaceAll: ({ rules, ...rest }: RuleSet) =>
      seen.push({ ...rest, rules: rules.map(({ quotaId }) => quotaId).sort() }),
    change: ({ quotaId }) => seen.push(quotaId),
    remove: (quotaId, eventOffset) => seen.push([quotaId, eventOffset]),
    complete: (completeTo, quotaIds) => seen.push({ completeTo, quotaIds: [...quotaIds].sort() }),
    confirm: () => undefined,
    unreadable: (quotaId) => seen.push({ unreadable: quotaId }),
    failed: (error) => seen.push((error as Error).name),
  };
  return { seen, sink };
}

async function topic() {
  const memory = createMemoryLog({ seed: 1 });
  memory.createTopic('quota.rules.a', 1);
  const port = memory.connect();
  const codec = new Codec(memoryIds());
  const place = { topic: 'quota.rules.a', partition: 0 };
  const writer = await port.writers.fence({ group: 'relay', topic: 'quota.events', partition: 0 });
  const record = async (value: Rule): Promise<OutRecord> => ({
    ...place,
    key: Buffer.from(value.quotaId),
    value: await codec.encode('quota.rules.a', { type: 'Rule', value }),
  });
  const gone = (quotaId: string, offset: string): OutRecord => ({
    ...place,
    key: Buffer.from(quotaId),
    value: null,
    headers: { 'event-offset': offset },
  });
  const complete = async (rules: number, eventOffset: bigint): Promise<OutRecord> => ({
    ...place,
    key: Buffer.from('$complete'),
    value: await codec.encode('quota.rules.a', {
      type: 'RuleSetComplete',
      value: { application: 'a', rules, eventOffset },
    }),
  });
  return { port, codec, writer, record, gone, complete, place };
}

describe('rules from a topic', () => {
  it('are read to the end, what is gone left out, and then followed', async () => {
    const { port, codec, writer, record, gone, complete, place } = await topic();
    await writer.append([
      await record(rule('a/x', [rate(1n)], { eventOffset: 1n })),
      await record(rule('a/y', [rate(1n)], { eventOffset: 2n })),
      gone('a/x', '3'),
      { ...place, key: Buffer.from('a/z'), value: Buffer.from('nonsense') },
      await complete(2, 4n),
    ]);
    const { seen, sink } = recorder();
    const abort = new AbortController();
    const running = kafkaRules({ port, codec }).run('a', sink, abort.signal);
    await expect.poll(() => seen).toHaveLength(2);
    await writer.append([await record(rule('a/w', [rate(1n)])), gone('a/y', '9')]);
    await writer.append([{ ...place, key: Buffer.from('a/w'), value: Buffer.from('nonsense') }]);
    await expect.poll(() => seen).toHaveLength(6);
    expect(seen).toEqual([
      'UnreadableRecord',
      {
        ...{ rules: ['a/y'], unreadable: ['a/z'], isCurrent: true },
        ...{ completeTo: 4n, appliedOffset: 4n },
      },
      'a/w',
      ['a/y', 9n],
      'UnreadableRecord',
      { unreadable: 'a/w' },
    ]);
    abort.abort();
    await running;
  });

  it('are a whole only after the record that is written last, with as many as it names', async () => {
    const { port, codec, writer, record, gone, complete, place } = await topic();
    await writer.append([await record(rule('a/x', [rate(1n)], { eventOffset: 7n }))]);
    const { seen, sink } = recorder();
    const abort = new AbortController();
    const running = kafkaRules({ port, codec }).run('a', sink, abort.signal);
    await expect.poll(() => seen).toHaveLength(1);
    expect(seen).toEqual([expect.objectContaining({ rules: ['a/x'], completeTo: null })]);
    await writer.append([await complete(2, 8n)]);
    await expect.poll(() => seen.at(-1)).toBe('UnreadableRecord');
    await writer.append([await record(rule('a/y', [rate(1n)], { eventOffset: 8n }))]);
    await writer.append([await complete(2, 8n)]);
    await expect.poll(() => seen.at(-1)).toEqual({ completeTo: 8n, quotaIds: ['a/x', 'a/y'] });
    // A tombstone that names no event may be older than what a host holds.
    await writer.append([{ ...place, key: Buffer.from('a/x'), value: null }, gone('a/y', '9')]);
    await expect.poll(() => seen.slice(-2)).toEqual(['UnreadableRecord', ['a/y', 9n]]);
    abort.abort();
    await running;
  });

  it('say nothing while the topic was never written, and wait for one that is not there', async () => {
    const { port, codec } = await topic();
    const { seen, sink } = recorder();
    const abort = new AbortController();
    const source = kafkaRules({ port, codec });
    const running = [source.run('a', sink, abort.signal), source.run('b', sink, abort.signal)];
    await expect.poll(() => seen.length).toBeGreaterThan(1);
    expect(seen).toContainEqual({
      rules: [],
      unreadable: [],
      completeTo: null,
      isCurrent: true,
      appliedOffset: -1n,
    });
    expect(seen).toContain('LogRefused');
    abort.abort();
    await Promise.all(running);
  });
});
