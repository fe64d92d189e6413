import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { rate, RecordingChannel, rule, TestClock, ToldSource, wholeSet } from '../test/fixtures.ts';
import { ALLOW, REFUSE, startHost } from './index.ts';
import type { Host, HostOptions } from './index.ts';

let directory = '';
const hosts: Host[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'prorata-host-'));
});
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()));
  await rm(directory, { recursive: true });
});

async function start(options: Partial<HostOptions> = {}) {
  const source = new ToldSource();
  const channel = new RecordingChannel();
  const problems: unknown[] = [];
  const starting = startHost({
    application: 'a',
    hostId: 'h1',
    rules: source,
    usage: channel,
    onProblem: (error) => problems.push(error),
    ...options,
  });
  const host = await (async () => {
    if (options.startDeadlineMs === undefined && options.directory === undefined) {
      (await source.sink).replaceAll(wholeSet([rule('a/x', [rate(5n)])]));
    }
    return starting;
  })();
  hosts.push(host);
  return { host, sink: await source.sink, channel, problems };
}

describe('a host', () => {
  it('starts from disk when nothing else answers, with the rules it last had', async () => {
    const first = await start({ directory, startDeadlineMs: 1 });
    first.sink.replaceAll(wholeSet([rule('a/x', [rate(5n)], { eventOffset: 41n })]));
    first.sink.change(rule('a/y', [rate(3n)], { eventOffset: 42n }));
    await first.host.stop();
    const { host } = await start({ directory });
    expect(host.status()).toMatchObject({
      source: 'disk',
      rules: 2,
      appliedOffset: 42n,
      stale: false,
    });
    expect(host.bind({ quota: 'a/y' }).take('tokens', 4)).toBe(REFUSE);
  });

  it('does not trust a damaged file, nor one of another application', async () => {
    const first = await start({ directory, startDeadlineMs: 1 });
    first.sink.replaceAll(wholeSet([rule('a/x', [rate(5n)])]));
    await first.host.stop();
    expect(await readdir(directory)).toEqual(['a.rules']);
    const path = join(directory, 'a.rules');
    const text = await readFile(path, 'utf8');
    for (const damaged of [
      text.replace('"amount":5', '"amount":6'),
      'nonsense',
      text.slice(0, 90),
    ]) {
      await writeFile(path, damaged);
      const { host, problems } = await start({ directory, startDeadlineMs: 1 });
      expect(host.status()).toMatchObject({ source: null, rules: 0 });
      expect(problems).toHaveLength(1);
    }
  });

  it('resolves without rules after the deadline, in the state it was told to have', async () => {
    const { host, sink } = await start({ startDeadlineMs: 1, whenNoRules: 'closed' });
    sink.replaceAll(wholeSet([], { completeTo: null }));
    expect(host.bind({ quota: 'a/x' }).take('tokens', 1)).toBe(REFUSE);
    expect(host.status()).toMatchObject({ source: null, counters: { withoutRules: 1 } });
  });

  it('goes on with its rules where whoever hears of problems throws', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const onProblem = (): never => {
      throw new Error('the listener’s own');
    };
    const { host, sink } = await start({ onProblem });
    const many = Array.from({ length: 1_500 }, (_, at) =>
      rule(`a/q${at}`, [rate(at === 0 ? -1n : 5n)], { eventOffset: 2n }),
    );
    sink.replaceAll(wholeSet(many));
    sink.change(rule('a/x', [rate(1n)], { eventOffset: 3n }));
    await expect.poll(() => host.status().appliedOffset).toBe(3n);
    expect(host.status()).toMatchObject({ rules: 1_500, counters: { rejectedRules: 1 } });
    expect(warned).toHaveBeenCalledWith(expect.objectContaining({ message: 'the listener’s own' }));
    warned.mockRestore();
  });

  it('drops what a whole set lacks, but believes no topic that was never written', async () => {
    const { host, sink } = await start();
    const handle = host.bind({ quota: 'a/x' });
    sink.replaceAll(wholeSet([], { completeTo: null }));
    expect(handle.take('tokens', 6)).toBe(REFUSE);
    sink.replaceAll(wholeSet([], { unreadable: ['a/x'], completeTo: 2n }));
    expect(handle.take('tokens', 6)).toBe(REFUSE);
    sink.replaceAll(wholeSet([], { completeTo: 2n }));
    expect(handle.take('tokens', 6)).toBe(ALLOW);
  });

  it('keeps a rule that is newer than the set of a relay that is behind, in memory and on disk', async () => {
    const { host, sink } = await start({ directory, startDeadlineMs: 1 });
    sink.replaceAll(wholeSet([rule('a/new', [rate(1n)], { eventOffset: 900n })]));
    const old = wholeSet([rule('a/old', [rate(1n)], { eventOffset: 5n })]);
    for (const isCurrent of [false, true]) sink.replaceAll({ ...old, isCurrent });
    sink.remove('a/new', 899n);
    expect(host.bind({ quota: 'a/new' }).take('tokens', 2)).toBe(REFUSE);
    // What is behind may say that an older rule is gone, and is not believed while out of contact.
    const older = wholeSet([], { completeTo: 6n });
    sink.replaceAll({ ...older, isCurrent: false });
    expect(host.status().rules).toBe(2);
    sink.replaceAll(older);
    expect(host.status()).toMatchObject({ rules: 1, appliedOffset: 900n });
    await host.stop();
    const next = await start({ directory });
    expect(next.host.bind({ quota: 'a/new' }).take('tokens', 2)).toBe(REFUSE);
  });

  it('removes nothing for a half-written topic, until what comes last in it says so', async () => {
    const { host, sink } = await start();
    sink.replaceAll(wholeSet([rule('a/y', [rate(3n)], { eventOffset: 8n })], { completeTo: null }));
    expect(host.bind({ quota: 'a/x' }).take('tokens', 6)).toBe(REFUSE);
    expect(host.bind({ quota: 'a/y' }).take('tokens', 4)).toBe(REFUSE);
    sink.complete(8n, new Set(['a/y']));
    expect(host.bind({ quota: 'a/x' }).take('tokens', 6)).toBe(ALLOW);
    expect(host.bind({ quota: 'a/y' }).take('tokens', 4)).toBe(REFUSE);
  });

  it('enforces the half it has, and lets `whenNoRules` decide the rest, until it has all', async () => {
    const { host, sink } = await start({ startDeadlineMs: 1, whenNoRules: 'closed' });
    sink.replaceAll(wholeSet([rule('a/y', [rate(3n)])], { completeTo: null }));
    const [bound, other] = [host.bind({ quota: 'a/y' }), host.bind({ quota: 'a/x' })];
    expect([bound.take('tokens', 3), bound.take('tokens', 3)]).toEqual([ALLOW, REFUSE]);
    expect([host.last.reason, other.take('tokens', 1)]).toEqual(['over_limit', REFUSE]);
    expect(host.status()).toMatchObject({ complete: false, counters: { withoutRules: 1 } });
    sink.complete(1n, new Set(['a/y']));
    expect(other.take('tokens', 1)).toBe(ALLOW);
    expect(host.status().complete).toBe(true);
  });

  it('keeps the rules on disk that it can read, and reports the others', async () => {
    const first = await start({ directory, startDeadlineMs: 1 });
    first.sink.replaceAll(wholeSet([rule('a/x', [rate(5n)]), rule('a/y', [rate(5n)])]));
    await first.host.stop();
    const path = join(directory, 'a.rules');
    const body = (await readFile(path, 'utf8'))
      .split('\n')[1]!
      .replace('"mode":"enforce"', '"mode":"?"');
    const hash = createHash('sha256').update(body).digest('hex');
    await writeFile(path, `prorata-rules 1 ${hash}\n${body}\n`);
    await writeFile(`${path}.1.part`, 'what a crash left');
    await utimes(`${path}.1.part`, 1, 1);
    await writeFile(`${path}.2.part`, 'what another process is about to rename');
    const { host, problems } = await start({ directory, startDeadlineMs: 1 });
    expect([host.status().rules, problems.length]).toEqual([1, 1]);
    expect(host.status().complete).toBe(false);
    expect((await readdir(directory)).sort()).toEqual(['a.rules', 'a.rules.2.part']);
  });

  it('tells listeners what is and comes into force, and when by its own clock', async () => {
    const clock = new TestClock();
    const { host, sink } = await start({ clock });
    const applied: unknown[] = [];
    host.onApplied(({ rules, removed, appliedOffset, atMicros }) =>
      applied.push([rules.map(({ quotaId }) => quotaId), removed, appliedOffset, atMicros]),
    );
    clock.now += 5;
    sink.change(rule('a/y', [rate(1n)], { eventOffset: 9n }));
    clock.now += 5;
    sink.remove('a/x', 10n);
    sink.change(rule('a/y', [rate(2n)], { eventOffset: 8n }));
    expect(applied).toEqual([
      [['a/x'], [], 1n, clock.now - 10],
      [['a/y'], [], 9n, clock.now - 5],
      [[], ['a/x'], 10n, clock.now],
      [[], [], 10n, clock.now],
    ]);
    expect(host.status().counters.outdatedRules).toBe(1);
  });

  it('becomes stale when nobody confirms, and fresh when somebody does', async () => {
    const clock = new TestClock();
    const { host, sink } = await start({ clock, staleAfterMs: 1_000 });
    clock.now += 1_000_000;
    expect(host.status().stale).toBe(true);
    sink.confirm();
    expect(host.status().stale).toBe(false);
  });

  it('sends usage under one id a record, and its last window when it stops', async () => {
    const clock = new TestClock();
    const { host, channel } = await start({ clock, usageWindowMs: 20 });
    host.bind({ quota: 'a/x' }).take('tokens', 2);
    await expect.poll(() => channel.usage.length).toBeGreaterThan(1);
    host.bind({ quota: 'a/x' }).take('tokens', 3);
    clock.now += 1;
    await host.stop();
    const sequences = channel.usage.map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.map((_, index) => BigInt(index)));
    const used = channel.usage.map(({ resources }) => resources[0]?.used ?? 0n);
    expect(used.reduce((sum, amount) => sum + amount)).toBe(5n);
    expect(channel.usage.at(-1)).toMatchObject({
      hostId: 'h1',
      bootId: host.bootId,
      quotaId: 'a/x',
    });
  });

  it('says in its last report that it leaves, and in none before', async () => {
    const { host, channel } = await start();
    await expect.poll(() => channel.reports.length).toBeGreaterThan(0);
    await host.stop();
    const leaving = channel.reports.map((report) => report.leaving);
    expect(leaving.indexOf(true)).toBe(leaving.length - 1);
    const sequences = channel.reports.map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.map((_, index) => BigInt(index)));
  });

  it('reports what it runs under, soon after a change', async () => {
    const { host, sink, channel } = await start();
    sink.change(rule('a/y', [rate(1n)], { eventOffset: 77n }));
    await expect.poll(() => channel.reports.at(-1)?.appliedOffset).toBe(77n);
    expect(channel.reports.at(-1)).toMatchObject({
      hostId: 'h1',
      bootId: host.bootId,
      application: 'a',
      source: 'kafka',
      rules: 2,
      zone: null,
      intervalMs: 15_000,
    });
  });

  it('numbers its reports, and says where it is and which rules it could not take', async () => {
    const { sink, channel } = await start({ zone: 'eu-1a', reportIntervalMs: 1_000 });
    sink.replaceAll(wholeSet([rule('a/x', [rate(5n)])], { unreadable: ['a/y', 'a/z'] }));
    await expect.poll(() => channel.reports.at(-1)?.rejectedRules).toBe(2);
    sink.change(rule('a/y', [rate(1n)], { eventOffset: 77n }));
    sink.remove('a/z', 78n);
    await expect.poll(() => channel.reports.at(-1)?.rejectedRules).toBe(0);
    expect(channel.reports.at(-1)).toMatchObject({ zone: 'eu-1a', intervalMs: 1_000 });
    sink.unreadable?.('a/x');
    await expect.poll(() => channel.reports.at(-1)?.rejectedRules).toBe(1);
    const numbers = channel.reports.map(({ sequence }) => sequence);
    expect(numbers).toEqual(numbers.map((_, index) => BigInt(index)));
  });
});
