import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { httpRules, RuleSetDiffers } from '@prorata/host-sdk';
import type { RuleSink } from '@prorata/host-sdk';
import type { Rule } from '@prorata/schemas';
import type { Response } from 'express';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ruleOf } from '../../test/ruleOf.ts';
import { RuleFeed } from '../feed/ruleFeed.ts';
import { RuleStreams } from './ruleStream.ts';

const soon = { timeout: 5_000, interval: 10 };

/** What a host would have in force. */
class Sink implements RuleSink {
  readonly rules = new Map<string, bigint>();
  readonly faults: unknown[] = [];
  readonly notTaken: string[] = [];
  sets = 0;
  confirmed = 0;
  replaceAll({ rules }: { readonly rules: readonly Rule[] }): void {
    this.sets += 1;
    this.rules.clear();
    for (const rule of rules) this.change(rule);
  }
  change(rule: Rule): void {
    this.rules.set(rule.quotaId, rule.eventOffset);
  }
  remove(quotaId: string): void {
    this.rules.delete(quotaId);
  }
  complete(): void {}
  unreadable(quotaId: string): void {
    this.notTaken.push(quotaId);
  }
  confirm(): void {
    this.confirmed += 1;
  }
  failed(error: unknown): void {
    this.faults.push(error);
  }
  get all(): string {
    return [...this.rules].map(([id, offset]) => `${id}@${offset}`).join(' ');
  }
}

let feed: RuleFeed;
let streams: RuleStreams;
let server: Server;
let sink: Sink;
let isFull: boolean;
let asked: string[];
let spoil: (text: string) => string;
const abort = { controller: new AbortController() };
let running: Promise<void>;

function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '', 'http://relay');
  const since = url.searchParams.get('since');
  const isStream = url.pathname.endsWith('/stream');
  asked.push(`${isStream ? 'stream' : 'poll'}${since === null ? '' : ' since'}`);
  const write = response.write.bind(response) as (text: string) => boolean;
  response.write = ((bytes: string | Buffer) => write(spoil(String(bytes)))) as never;
  if (!isStream) {
    response.end(feed.changesSince(since ?? '') ?? feed.snapshot().text);
  } else if (isFull) response.writeHead(503).end();
  else streams.open(feed, response as Response, Infinity, since);
}

beforeEach(async () => {
  feed = new RuleFeed('moka', () => undefined);
  const rules = [ruleOf('moka/a', 3n), ruleOf('moka/b', 4n)];
  const set = { rules, unreadable: [], completeTo: 4n, isCurrent: true, appliedOffset: 4n };
  feed.replaceAll(set);
  streams = new RuleStreams();
  [isFull, asked, spoil] = [false, [], (text) => text];
  server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  sink = new Sink();
  abort.controller = new AbortController();
  const { port } = server.address() as AddressInfo;
  const source = httpRules({ url: `http://127.0.0.1:${port}`, token: 'any' });
  running = source.run('moka', sink, abort.controller.signal);
});
afterEach(async () => {
  abort.controller.abort();
  await running;
  server.close();
  server.closeAllConnections();
});

const settled = (rules: string) => expect.poll(() => sink.all, soon).toBe(rules);

describe('rules over HTTP', () => {
  it('come whole once, and after a break only what has changed', async () => {
    await settled('moka/a@3 moka/b@4');
    streams.close();
    feed.change(ruleOf('moka/c', 5n));
    feed.remove('moka/a', 6n);
    await settled('moka/b@4 moka/c@5');
    feed.change(ruleOf('moka/d', 7n));
    await settled('moka/b@4 moka/c@5 moka/d@7');
    feed.confirm();
    await expect.poll(() => sink.confirmed, soon).toBe(3);
    expect([sink.sets, asked, sink.faults.length]).toEqual([1, ['stream', 'stream since'], 1]);
  });

  it('name the quota of a change that cannot be read, and go on with the next', async () => {
    await settled('moka/a@3 moka/b@4');
    spoil = (text) => text.replace('"mode":"enforce"', '"mode":"of another release"');
    feed.change(ruleOf('moka/b', 5n));
    await expect.poll(() => sink.notTaken, soon).toEqual(['moka/b']);
    spoil = (text) => text;
    feed.change(ruleOf('moka/c', 6n));
    await settled('moka/a@3 moka/b@4 moka/c@6');
    expect([asked, sink.faults.length]).toEqual([['stream'], 1]);
  });

  it('are told whole again by a relay that counts otherwise', async () => {
    await settled('moka/a@3 moka/b@4');
    feed = new RuleFeed('moka', () => undefined);
    const set = { unreadable: [], completeTo: 9n, isCurrent: true, appliedOffset: 9n };
    feed.replaceAll({ ...set, rules: [ruleOf('moka/b', 9n)] });
    streams.close();
    await settled('moka/b@9');
    expect([sink.sets, asked]).toEqual([2, ['stream', 'stream since']]);
  });

  it('that lost one on the way are found by their checksum, and come whole', async () => {
    await settled('moka/a@3 moka/b@4');
    spoil = (text) => (text.includes('event: rule\n') ? ':\n\n' : text);
    feed.change(ruleOf('moka/c', 5n));
    feed.confirm();
    await settled('moka/a@3 moka/b@4 moka/c@5');
    expect(sink.faults.some((fault) => fault instanceof RuleSetDiffers)).toBe(true);
    expect([sink.sets, asked]).toEqual([2, ['stream', 'stream']]);
  });

  it('are polled while no stream can be had, the changes alone, and confirmed so', async () => {
    await settled('moka/a@3 moka/b@4');
    const { confirmed } = sink;
    isFull = true;
    streams.close();
    feed.change(ruleOf('moka/c', 5n));
    await settled('moka/a@3 moka/b@4 moka/c@5');
    await expect.poll(() => sink.confirmed, soon).toBeGreaterThan(confirmed);
    expect([sink.sets, asked[2]]).toEqual([1, 'poll since']);
    isFull = false;
    await expect.poll(() => streams.size, soon).toBe(1);
  });
});

describe('a feed', () => {
  const changes = (cursor: string) => {
    const text = feed.changesSince(cursor);
    if (text === null) return null;
    const { rules, gone } = JSON.parse(text) as { rules: Rule[]; gone: object[] };
    return [rules.map(({ quotaId }) => quotaId), gone];
  };

  it('tells each change since a cursor once, as it is now', () => {
    const { cursor } = feed.state;
    expect(changes(cursor)).toEqual([[], []]);
    feed.change(ruleOf('moka/a', 5n));
    feed.change(ruleOf('moka/c', 6n));
    feed.change(ruleOf('moka/a', 7n));
    feed.remove('moka/c', 8n);
    expect(changes(cursor)).toEqual([['moka/a'], [{ quotaId: 'moka/c', eventOffset: 8 }]]);
    expect(changes(feed.state.cursor)).toEqual([[], []]);
  });

  it('takes no rule for news that it has, and comes to the same checksum by every way', () => {
    const before = feed.state;
    feed.change(ruleOf('moka/b', 4n));
    expect(feed.state).toEqual(before);
    feed.change(ruleOf('moka/c', 5n));
    expect(feed.state.checksum).not.toBe(before.checksum);
    feed.remove('moka/c', 6n);
    expect(feed.state).toMatchObject({ checksum: before.checksum, count: 2 });
  });

  it('has no changes for a cursor that is none of its own, or too old', () => {
    const { cursor } = feed.state;
    const [id] = cursor.split('.');
    for (const none of ['', 'x', `${id}.`, `${id}.99`, `${id}.-1`, 'other.1'])
      expect(feed.changesSince(none), none).toBeNull();
    for (let change = 0; change < 20_000; change++)
      feed.change(ruleOf('moka/a', 10n + BigInt(change)));
    expect(feed.changesSince(cursor)).toBeNull();
  });
});
