import { EventEmitter } from 'node:events';
import type { Response } from 'express';
import { describe, expect, it, vi } from 'vitest';
import { ruleOf } from '../../test/ruleOf.ts';
import { ChangeLog } from '../feed/changeLog.ts';
import type { LeaseFeed } from '../feed/leaseFeed.ts';
import { RuleFeed } from '../feed/ruleFeed.ts';
import { LeaseStreams } from './leaseRoutes.ts';
import { RuleStreams } from './ruleStream.ts';

/** A response whose client reads, or does not. */
class Client extends EventEmitter {
  readonly written: string[] = [];
  reads = true;
  destroyed = false;
  writableEnded = false;
  writableLength = 0;
  writeHead(): void {}
  write(bytes: string | Buffer): void {
    const text = String(bytes);
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

const whole = { unreadable: [], completeTo: 4n, isCurrent: true, appliedOffset: 4n };

function openFeed() {
  const feed = new RuleFeed('moka', () => undefined);
  feed.replaceAll({ ...whole, rules: [ruleOf('moka/a', 3n)] });
  return { feed, streams: new RuleStreams() };
}

describe('a stream of rules', () => {
  it('makes the changes since a cursor once for all who come back with it, and anew after a change', () => {
    const { feed } = openFeed();
    const { cursor } = feed.state;
    feed.change(ruleOf('moka/b', 5n));
    const after = vi.spyOn(ChangeLog.prototype, 'after');
    const first = feed.changesSince(cursor);
    expect(feed.changesSince(cursor)).toBe(first);
    expect(after).toHaveBeenCalledTimes(1);
    feed.change(ruleOf('moka/c', 6n));
    expect(JSON.parse(feed.changesSince(cursor) ?? '')).toMatchObject({
      ...feed.state,
      rules: [{ quotaId: 'moka/b' }, { quotaId: 'moka/c' }],
    });
    after.mockRestore();
  });

  it('opens nothing for a client that went while it waited, for nobody would ever close it', () => {
    const { feed, streams } = openFeed();
    const client = new Client();
    client.destroyed = true;
    streams.open(feed, client.asResponse, Infinity);
    const leases = new LeaseStreams();
    const listened: string[] = [];
    const listen = (bootId: string) => {
      listened.push(bootId);
      return () => undefined;
    };
    leases.open({ listen } as unknown as LeaseFeed, 'a', client.asResponse, Infinity);
    expect([streams.size, leases.size, listened, client.written]).toEqual([0, 0, [], []]);
  });

  it('says that a set is old while the topic is not reached, and sends it again when it is', () => {
    vi.useFakeTimers();
    const { feed, streams } = openFeed();
    const open = () => {
      const client = new Client();
      streams.open(feed, client.asResponse, Infinity);
      return client;
    };
    const brief = (client: Client) =>
      client.events.map(({ name, data }) => [
        name,
        (data as { isCurrent: boolean } | null)?.isCurrent,
      ]);
    expect(brief(open())).toEqual([
      ['rules', true],
      ['heartbeat', undefined],
    ]);
    vi.advanceTimersByTime(15_000);
    const client = open();
    expect(brief(client)).toEqual([['rules', false]]);
    for (let round = 0; round < 2; round++) feed.confirm();
    expect(brief(client)).toEqual([
      ['rules', false],
      ['rules', true],
      ['heartbeat', undefined],
      ['heartbeat', undefined],
    ]);
    vi.useRealTimers();
  });

  it('begins with the whole set and goes on with changes, by the ids of their events', () => {
    const { feed, streams } = openFeed();
    const client = new Client();
    streams.open(feed, client.asResponse, Infinity);
    feed.change(ruleOf('moka/b', 7n));
    feed.remove('moka/a', 9n);
    feed.confirm();
    expect(client.events.map(({ name, id }) => [name, id])).toEqual([
      ['rules', '4'],
      ['heartbeat', null],
      ['rule', '7'],
      ['rule-deleted', '9'],
      ['heartbeat', null],
    ]);
    expect(client.events[0]?.data).toMatchObject({
      application: 'moka',
      appliedOffset: 4,
      rules: [{ quotaId: 'moka/a' }],
    });
    expect(client.events[3]?.data).toEqual({ quotaId: 'moka/a', eventOffset: 9 });
    const late = new Client();
    streams.open(feed, late.asResponse, Infinity);
    expect(late.events[0]?.data).toMatchObject({
      appliedOffset: 9,
      rules: [{ quotaId: 'moka/b' }],
    });
  });

  it('cuts off who does not read, and leaves who does alone', () => {
    const { feed, streams } = openFeed();
    const [slow, quick] = [new Client(), new Client()];
    slow.reads = false;
    streams.open(feed, slow.asResponse, Infinity);
    streams.open(feed, quick.asResponse, Infinity);
    const long = 'x'.repeat(10_000);
    for (let change = 0; change < 200; change++)
      feed.change(ruleOf('moka/b', BigInt(change), long));
    expect([slow.destroyed, quick.destroyed]).toEqual([true, false]);
    expect(slow.writableLength).toBeLessThan(1_048_576 + 50_000);
    expect(quick.events).toHaveLength(202);
    expect([streams.cut, streams.size]).toEqual([1, 1]);
    streams.close();
    expect([quick.writableEnded, streams.size]).toEqual([true, 0]);
  });

  it('ends with the token that opened it', () => {
    vi.useFakeTimers();
    const { feed, streams } = openFeed();
    const [short, long] = [new Client(), new Client()];
    streams.open(feed, short.asResponse, Date.now() + 60_000);
    streams.open(feed, long.asResponse, Date.now() + 90 * 86_400_000);
    vi.advanceTimersByTime(59_999);
    expect(streams.size).toBe(2);
    vi.advanceTimersByTime(1);
    expect([short.writableEnded, long.writableEnded, streams.size]).toEqual([true, false, 1]);
    vi.useRealTimers();
  });

  it('shows that it lives, but confirms nothing, while the log does not answer', () => {
    vi.useFakeTimers();
    const { feed, streams } = openFeed();
    const client = new Client();
    streams.open(feed, client.asResponse, Infinity);
    vi.advanceTimersByTime(11_000);
    expect(client.written.slice(2)).toEqual([':\n\n', ':\n\n']);
    expect(client.events.map(({ name }) => name)).toEqual(['rules', 'heartbeat']);
    vi.useRealTimers();
  });
});

describe('a feed', () => {
  it('has one entity tag for one set', () => {
    const { feed } = openFeed();
    const first = feed.snapshot();
    feed.change(ruleOf('moka/a', 3n));
    expect(feed.snapshot().etag).toBe(first.etag);
    feed.change(ruleOf('moka/a', 5n));
    expect(feed.snapshot().etag).not.toBe(first.etag);
    const newer = feed.snapshot();
    feed.change(ruleOf('moka/a', 4n));
    feed.remove('moka/a', 4n);
    expect(feed.snapshot().etag).toBe(newer.etag);
  });

  it('keeps its rules when the topic is made anew, until its whole set is newer', () => {
    const { feed, streams } = openFeed();
    const ids = () =>
      (JSON.parse(feed.snapshot().text) as { rules: { quotaId: string }[] }).rules.map(
        ({ quotaId }) => quotaId,
      );
    feed.change(ruleOf('moka/new', 9n));
    feed.replaceAll({ ...whole, rules: [], completeTo: null, appliedOffset: -1n });
    feed.replaceAll({ ...whole, rules: [ruleOf('moka/b', 6n)], completeTo: null });
    expect(ids()).toEqual(['moka/a', 'moka/b', 'moka/new']);
    const client = new Client();
    streams.open(feed, client.asResponse, Infinity);
    feed.complete(8n, new Set(['moka/b']));
    expect(ids()).toEqual(['moka/b', 'moka/new']);
    expect(client.events.at(-1)).toMatchObject({ name: 'rules', data: { completeTo: 8 } });
  });

  it('cannot say what is gone before it has read a whole set', () => {
    const feed = new RuleFeed('moka', () => undefined);
    feed.replaceAll({ ...whole, rules: [ruleOf('moka/a', 3n)], completeTo: null });
    expect(JSON.parse(feed.snapshot().text)).toMatchObject({ completeTo: null, isCurrent: true });
  });
});
