import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ALLOW,
  httpRules,
  httpUsage,
  kafkaRules,
  kafkaUsage,
  REFUSE,
  startHost,
} from '@prorata/host-sdk';
import type { Host, UsageChannel } from '@prorata/host-sdk';
import { OwnershipLost, partitionOf } from '@prorata/kafka-port';
import type { LogRecord } from '@prorata/kafka-port';
import type { UsageRecorded } from '@prorata/schemas';
import { inNamespace, registryIds, Codec } from '@prorata/schemas';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventScript } from '../test/eventScript.ts';
import { RelayBench } from '../test/relayBench.ts';
import { PartitionRelay } from './rules/partitionRelay.ts';
import { RuleTopics } from './rules/ruleTopics.ts';

let bench: RelayBench;
let directory = '';
const hosts: Host[] = [];
const slowly = { timeout: 20_000, interval: 50 };

beforeEach(async () => {
  bench = await RelayBench.open();
  directory = await mkdtemp(join(tmpdir(), 'prorata-relay-'));
});
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()));
  await bench.close();
  await rm(directory, { recursive: true });
});

/** Discards usage. */
const nowhere: UsageChannel = {
  sendUsage: () => Promise.resolve(),
  sendReport: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

async function host(
  options: Pick<Parameters<typeof startHost>[0], 'rules'> & {
    usage?: UsageChannel;
    hostId?: string;
  },
) {
  const started = await startHost({ application: 'moka', directory, usage: nowhere, ...options });
  hosts.push(started);
  return started;
}

async function usageRecords(): Promise<UsageRecorded[]> {
  const topic = inNamespace('usage.events', bench.namespace);
  const all: UsageRecorded[] = [];
  for (let partition = 0; partition < 4; partition++) {
    for (const { value, key } of await bench.records({ topic, partition })) {
      const message = await bench.codec.decode(value);
      if (message.type !== 'UsageRecorded') continue;
      expect(partitionOf(key!.toString(), 4)).toBe(partition);
      all.push(message.value);
    }
  }
  return all;
}

describe('the relay on Kafka', () => {
  it('keeps the rule topic equal to the events, tombstones included', async () => {
    const script = new EventScript('moka');
    await bench.events.write(script.register(), script.create('prod', 100n));
    await bench.relay();
    await expect.poll(() => bench.amounts('moka'), slowly).toEqual({ 'moka/prod': 100n });
    await bench.events.write(script.create('prod/ads', 80n), script.change('prod', 50n));
    await expect
      .poll(() => bench.amounts('moka'), slowly)
      .toEqual({ 'moka/prod': 50n, 'moka/prod/ads': 50n });
    await bench.events.write(script.delete('prod/ads'));
    await expect.poll(() => bench.amounts('moka'), slowly).toEqual({ 'moka/prod': 50n });
    const admin = await bench.admin.admin();
    const [topic] = await admin.describeTopics([bench.place('moka').topic]);
    expect(topic).toMatchObject({ partitions: 1, configuration: { 'cleanup.policy': 'compact' } });
    const other = new EventScript('tidb');
    await bench.events.write(other.register(), other.create('x', 1n));
    await expect.poll(() => bench.amounts('tidb'), slowly).toEqual({ 'tidb/x': 1n });
  });

  it('writes nothing at a restart or a takeover, and a zombie writes nothing at all', async () => {
    const script = new EventScript('moka');
    await bench.events.write(script.register(), script.create('prod', 100n));
    const first = await bench.relay();
    await expect.poll(() => bench.amounts('moka'), slowly).toEqual({ 'moka/prod': 100n });
    const end = await bench.admin.log.endOffset(bench.place('moka'));
    await first.stop();

    const port = bench.port('relay');
    const topics = new RuleTopics(port, bench.codec, bench.namespace);
    const events = {
      topic: inNamespace('quota.events', bench.namespace),
      partition: partitionOf(script.stream, 4),
    };
    const parts = { port, codec: bench.codec, topics, namespace: bench.namespace };
    const zombie = await PartitionRelay.restore(events, { ...parts, wrote: () => undefined });
    expect(await bench.admin.log.endOffset(bench.place('moka'))).toBe(end);

    await bench.events.write(script.change('prod', 90n));
    let old: LogRecord[] = [];
    const asRead = async () => (old = await bench.records(events)).length;
    // A commit that was answered may be readable only a moment later.
    await expect.poll(asRead, slowly).toBe(3);
    await bench.events.write(script.change('prod', 80n));
    await bench.relay();
    await expect.poll(() => bench.amounts('moka'), slowly).toEqual({ 'moka/prod': 80n });
    const before = await bench.records(bench.place('moka'));
    await expect(zombie.serve(old)).rejects.toThrow(OwnershipLost);
    expect(await bench.records(bench.place('moka'))).toEqual(before);
    await zombie.close();
    await topics.close();
  });

  it('rebuilds a rule topic that was deleted, record by record as it was', async () => {
    const script = new EventScript('moka');
    await bench.events.write(
      script.register(),
      script.create('prod', 100n),
      script.change('prod', 70n),
      script.create('prod/ads', 10n),
    );
    const first = await bench.relay();
    await expect
      .poll(() => bench.amounts('moka'), slowly)
      .toEqual({ 'moka/prod': 70n, 'moka/prod/ads': 10n });
    const latest = async () =>
      new Map(
        (await bench.records(bench.place('moka'))).map(({ key, value }) => [
          key!.toString(),
          value,
        ]),
      );
    const before = await latest();
    expect([...before.keys()].at(-1)).toBe('$complete');
    await first.stop();
    const admin = await bench.admin.admin();
    await admin.deleteTopics([bench.place('moka').topic]);
    await bench.relay();
    await expect.poll(async () => (await latest().catch(() => new Map())).size, slowly).toBe(3);
    expect(await latest()).toEqual(before);
  });
});

describe('the relay over HTTP', () => {
  const get = (url: string, token: string, headers: Record<string, string> = {}) =>
    fetch(url, { headers: { authorization: `Bearer ${token}`, ...headers } });

  it('answers polling by ETag, and only to those who may ask', async () => {
    const script = new EventScript('moka');
    await bench.events.write(script.register(), script.create('prod', 100n));
    const { url } = await bench.relay();
    await expect.poll(() => bench.amounts('moka'), slowly).toEqual({ 'moka/prod': 100n });
    const token = bench.issuer.token(['host'], 'moka');
    const first = await get(`${url}/v1/rules/moka`, token);
    const body = (await first.json()) as { rules: unknown[] };
    expect(body).toMatchObject({
      application: 'moka',
      isCurrent: true,
      rules: [{ quotaId: 'moka/prod', limits: [{ resource: 'tokens', rate: { amount: 100 } }] }],
    });
    const etag = first.headers.get('etag')!;
    const again = await get(`${url}/v1/rules/moka`, token, { 'if-none-match': etag });
    expect([again.status, await again.text()]).toEqual([304, '']);
    await bench.events.write(script.change('prod', 90n));
    await expect
      .poll(async () => {
        const answer = await get(`${url}/v1/rules/moka`, token, { 'if-none-match': etag });
        await answer.text();
        return [answer.status, answer.headers.get('etag') === etag];
      }, slowly)
      .toEqual([200, false]);
    const statuses = await Promise.all(
      [
        get(`${url}/v1/rules/moka`, 'nonsense'),
        get(`${url}/v1/rules/moka`, bench.issuer.token([])),
        get(`${url}/v1/rules/moka`, bench.issuer.token(['host'], 'tidb')),
        get(`${url}/v1/rules/nothing`, bench.issuer.token(['operator'])),
        get(`${url}/v1/rules/moka`, bench.issuer.token(['host'])),
      ].map(async (answer) => (await answer).status),
    );
    expect(statuses).toEqual([401, 403, 403, 404, 403]);
  });

  it('lets hosts over Kafka and over HTTP apply the same change', async () => {
    const script = new EventScript('moka');
    await bench.events.write(script.register(), script.create('prod', 100n));
    const { url } = await bench.relay();
    await expect.poll(() => bench.amounts('moka'), slowly).toEqual({ 'moka/prod': 100n });
    const kafka = kafkaRules({
      port: bench.port('host'),
      codec: bench.newCodec(),
      namespace: bench.namespace,
    });
    const http = httpRules({ url, token: () => bench.issuer.token(['host'], 'moka') });
    const both = [
      await startHost({ application: 'moka', rules: kafka, usage: nowhere }),
      await startHost({ application: 'moka', rules: http, usage: nowhere }),
    ];
    hosts.push(...both);
    const handles = both.map((one) => one.bind({ quota: 'moka/prod' }));
    expect(both.map((one) => one.status().source)).toEqual(['kafka', 'http']);
    expect(handles.map((handle) => handle.peek('tokens', 100))).toEqual([ALLOW, ALLOW]);
    await bench.events.write(script.change('prod', 5n), script.create('prod/ads', 3n));
    await expect.poll(() => both.map((one) => one.status().rules), slowly).toEqual([2, 2]);
    expect(handles.map((handle) => handle.peek('tokens', 6))).toEqual([REFUSE, REFUSE]);
    const offsets = both.map((one) => one.status().appliedOffset);
    expect(offsets[0]).toBe(offsets[1]);
    await bench.events.write(script.delete('prod/ads'), script.delete('prod'));
    await expect.poll(() => both.map((one) => one.status().rules), slowly).toEqual([0, 0]);
  });

  it('takes usage and reports for the log, of the token’s application alone', async () => {
    const { url } = await bench.relay();
    const token = bench.issuer.token(['host'], 'moka');
    const post = async (path: string, body: unknown) => {
      const answer = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return [answer.status, ((await answer.json()) as { code?: string }).code];
    };
    const record = {
      hostId: 'h',
      bootId: 'b',
      sequence: 0,
      application: 'moka',
      quotaId: 'moka/prod',
      windowStart: '2026-01-01T00:00:00Z',
      windowEnd: '2026-01-01T00:00:10Z',
      resources: [{ resource: 'tokens', used: 5, refused: 0, queued: 0, peak: 5 }],
    };
    expect(await post('/v1/usage', { records: [record] })).toEqual([202, undefined]);
    expect((await usageRecords()).map(({ quotaId }) => quotaId)).toEqual(['moka/prod']);
    const foreign = { ...record, application: 'tidb', quotaId: 'tidb/x' };
    expect(await post('/v1/usage', { records: [foreign] })).toEqual([403, 'APPLICATION_FOREIGN']);
    for (const wrong of [
      { ...record, quotaId: 'tidb/x' },
      { ...record, windowEnd: record.windowStart },
      { ...record, resources: [{ ...record.resources[0], used: -5 }] },
      { ...record, sequence: 'x' },
    ]) {
      expect(await post('/v1/usage', { records: [wrong] })).toEqual([422, 'RECORDS_INVALID']);
    }
    const report = {
      ...{ hostId: 'h', bootId: 'b', application: 'moka', sdkVersion: '1', source: 'http' },
      ...{ rules: 1, appliedOffset: 3, appliedAt: record.windowEnd, reportedAt: record.windowEnd },
    };
    expect(await post('/v1/reports', { reports: [report] })).toEqual([202, undefined]);
    expect(await usageRecords()).toHaveLength(1);
  });
});

describe('a host', () => {
  it('goes on when relay and registry are gone, and a new one starts from disk', async () => {
    const script = new EventScript('moka');
    await bench.events.write(script.register(), script.create('prod', 7n));
    const relay = await bench.relay();
    await expect.poll(() => bench.amounts('moka'), slowly).toEqual({ 'moka/prod': 7n });
    const first = await host({
      rules: httpRules({ url: relay.url, token: bench.issuer.token(['host'], 'moka') }),
    });
    const handle = first.bind({ quota: 'moka/prod' });
    await expect.poll(() => readdir(directory), slowly).toEqual(['moka.rules']);
    await relay.stop();
    expect(handle.take('tokens', 7)).toBe(ALLOW);
    expect(handle.take('tokens', 7)).toBe(REFUSE);

    const deadRegistry = new Codec(registryIds('http://127.0.0.1:1'), bench.namespace);
    const overKafka = kafkaRules({
      port: bench.port('host'),
      codec: deadRegistry,
      namespace: bench.namespace,
    });
    const overHttp = httpRules({ url: relay.url, token: 'none' });
    for (const rules of [overKafka, overHttp]) {
      const begun = performance.now();
      const next = await host({ rules });
      expect(performance.now() - begun).toBeLessThan(1_000);
      expect(next.status()).toMatchObject({ source: 'disk', rules: 1 });
      const bound = next.bind({ quota: 'moka/prod' });
      expect([bound.take('tokens', 7), bound.take('tokens', 7)]).toEqual([ALLOW, REFUSE]);
    }
  });

  it('delivers usage once, though the log had it and the publisher said it failed', async () => {
    const script = new EventScript('moka');
    await bench.events.write(script.register(), script.create('prod', 1_000_000n));
    const relay = await bench.relay();
    await expect.poll(() => bench.amounts('moka'), slowly).toEqual({ 'moka/prod': 1_000_000n });
    const token = bench.issuer.token(['host'], 'moka');
    const log = { port: bench.port('host'), codec: bench.newCodec(), namespace: bench.namespace };
    for (const [hostId, channel] of [
      ['over-kafka', kafkaUsage(log)],
      ['over-http', httpUsage({ url: relay.url, token })],
    ] as const) {
      let failures = 0;
      const unreliable: UsageChannel = {
        ...{ sendReport: (report) => channel.sendReport(report), close: () => channel.close() },
        async sendUsage(records) {
          await channel.sendUsage(records);
          failures += 1;
          if (failures < 3) throw new Error('the answer was lost');
        },
      };
      const rules = kafkaRules(log);
      const started = await startHost({
        ...{ application: 'moka', hostId, rules, usage: unreliable },
        usageWindowMs: 100,
      });
      hosts.push(started);
      const handle = started.bind({ quota: 'moka/prod' });
      for (let request = 0; request < 500; request++) handle.take('tokens', 3);
      await expect.poll(() => started.status().usage.sent, slowly).toBeGreaterThan(0);
      expect(failures).toBeGreaterThan(2);
      await started.stop();
      const all = (await usageRecords()).filter((record) => record.hostId === hostId);
      const byId = new Map(all.map((record) => [`${record.bootId} ${record.sequence}`, record]));
      expect(all.length).toBeGreaterThan(byId.size);
      const used = [...byId.values()].map(({ resources }) => resources[0]?.used ?? 0n);
      expect(used.reduce((sum, amount) => sum + amount, 0n)).toBe(1_500n);
    }
  });
});
