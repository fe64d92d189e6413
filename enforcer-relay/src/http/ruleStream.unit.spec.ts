import { EventEmitter } from 'node:events';
import type { Rule } from '@prorata/schemas';
import type { Response } from 'express';
import { describe, expect, it, vi } from 'vitest';
import { rate } from '../../test/eventScript.ts';
import { RuleFeed } from '../feed/ruleFeed.ts';
import { RuleStreams } from './ruleStream.ts';

/** A response whose client reads, or does not. */
class Client extends EventEmitter {
  readonly written: string[] = [];
  reads = true;
  destroyed = false;
  writableEnded = false;
  writableLength = 0;
  writeHead(): void {}
  write(text: string): void {
    this.written.push(text);
    if (!this.reads) this.writableLength += Buffer.byteLength(text);
  }
  end(): void {
    this.writableEnded = true;
    this.emit('close');
  }
  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
  get asResponse(): Response {
    return this as unknown as Response;
  }
  get events(): { name: string; id: string | null; data: unknown }[] {
    return this.written
      .filter((text) => text.includes('event: '))
      .map((text) => ({
        name: /event: (.*)/.exec(text)![1]!,
        id: /id: (.*)/.exec(text)?.[1] ?? null,
        data: JSON.parse(/data: ?(.*)/.exec(text)![1]! || 'null') as unknown,
      }));
  }
}

const rule = (quotaId: string, eventOffset: bigint, tag: string | null = null): Rule => ({
  application: 'moka',
  quotaId,
  quotaVersion: 1n,
  eventOffset,
  decidedAt: 0n,
  limits: [rate(5n)],
  match: [],
  action: 'refuse',
  degradeTag: tag,
  mode: 'enforce',
  onStale: 'hold',
  tier: 2,
  project: null,
  after: null,
});

function openFeed() {
  const feed = new RuleFeed('moka', () => undefined);
  const set = { unreadable: [], isWritten: true };
  feed.replaceAll({ ...set, rules: [rule('moka/a', 3n)], appliedOffset: 4n });
  return { feed, streams: new RuleStreams() };
}

describe('a stream of rules', () => {
  it('confirms the set at once only while the topic is reached', () => {
    const { feed, streams } = openFeed();
    const names = () => {
      const client = new Client();
      streams.open(feed, client.asResponse);
      return client.events.map(({ name }) => name);
    };
    expect(names()).toEqual(['rules']);
    feed.confirm();
    expect(names()).toEqual(['rules', 'heartbeat']);
  });

  it('begins with the whole set and goes on with changes, by the ids of their events', () => {
    const { feed, streams } = openFeed();
    const client = new Client();
    streams.open(feed, client.asResponse);
    feed.change(rule('moka/b', 7n));
    feed.remove('moka/a', 9n);
    feed.confirm();
    expect(client.events.map(({ name, id }) => [name, id])).toEqual([
      ['rules', '4'],
      ['rule', '7'],
      ['rule-deleted', '9'],
      ['heartbeat', null],
    ]);
    expect(client.events[0]?.data).toMatchObject({
      application: 'moka',
      appliedOffset: 4,
      rules: [{ quotaId: 'moka/a' }],
    });
    expect(client.events[2]?.data).toEqual({ quotaId: 'moka/a', eventOffset: 9 });
    const late = new Client();
    streams.open(feed, late.asResponse);
    expect(late.events[0]?.data).toMatchObject({
      appliedOffset: 9,
      rules: [{ quotaId: 'moka/b' }],
    });
  });

  it('cuts off who does not read, and leaves who does alone', () => {
    const { feed, streams } = openFeed();
    const [slow, quick] = [new Client(), new Client()];
    slow.reads = false;
    streams.open(feed, slow.asResponse);
    streams.open(feed, quick.asResponse);
    const long = 'x'.repeat(10_000);
    for (let change = 0; change < 200; change++) feed.change(rule('moka/b', BigInt(change), long));
    expect([slow.destroyed, quick.destroyed]).toEqual([true, false]);
    expect(slow.writableLength).toBeLessThan(1_048_576 + 50_000);
    expect(quick.events).toHaveLength(201);
    expect([streams.cut, streams.size]).toEqual([1, 1]);
    streams.close();
    expect([quick.writableEnded, streams.size]).toEqual([true, 0]);
  });

  it('shows that it lives, but confirms nothing, while the log does not answer', () => {
    vi.useFakeTimers();
    const { feed, streams } = openFeed();
    const client = new Client();
    streams.open(feed, client.asResponse);
    vi.advanceTimersByTime(11_000);
    expect(client.written.slice(1)).toEqual([':\n\n', ':\n\n']);
    expect(client.events.map(({ name }) => name)).toEqual(['rules']);
    vi.useRealTimers();
  });
});

describe('a feed', () => {
  it('has one entity tag for one set, and keeps its rules when the topic is made anew', () => {
    const { feed } = openFeed();
    const first = feed.snapshot();
    feed.replaceAll({ rules: [], unreadable: [], isWritten: false, appliedOffset: -1n });
    expect(feed.snapshot().etag).toBe(first.etag);
    feed.change(rule('moka/a', 3n));
    expect(feed.snapshot().etag).toBe(first.etag);
    feed.change(rule('moka/a', 5n));
    expect(feed.snapshot().etag).not.toBe(first.etag);
  });
});
