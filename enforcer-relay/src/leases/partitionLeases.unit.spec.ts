import { kafkaRules, kafkaUsage } from '@prorata/host-sdk';
import { createMemoryLog, partitionOf, VirtualClock } from '@prorata/kafka-port';
import { requestTerms } from '@prorata/quota-model/testing';
import type { DemandReport, Lease, LimitDemand, Rule } from '@prorata/schemas';
import { Codec, memoryIds } from '@prorata/schemas';
import { afterEach, describe, expect, it } from 'vitest';
import { rate } from '../../test/eventScript.ts';
import { ruleOf } from '../../test/ruleOf.ts';
import { FleetRules } from './fleetRules.ts';
import { PartitionLeases } from './partitionLeases.ts';

const PARTITIONS = 2;
const MICRO = 1_000_000n;
const partition = { topic: 'quota.events', partition: partitionOf('application:moka', PARTITIONS) };
const ended: (() => unknown)[] = [];

afterEach(async () => {
  await Promise.all(ended.splice(0).map((end) => end()));
});

const shared = (quotaId: string, amount: bigint): Rule => ({
  ...ruleOf(quotaId, 1n),
  limits: [rate(amount)],
  requests: requestTerms({ scope: 'fleet' }),
});

/** A fleet-wide limit of 100 tokens a second, a log, and what grants shares of it. */
function fleet() {
  const memory = createMemoryLog({ seed: 5, clock: new VirtualClock(Date.now()) });
  for (const topic of ['quota.events', 'host.reports']) memory.createTopic(topic, PARTITIONS);
  memory.createTopic('quota.leases.moka', 1);
  memory.createTopic('quota.leases.etl', 1);
  const codec = new Codec(memoryIds());
  const rules = new FleetRules();
  rules.put(shared('moka/prod', 100n));
  const faults: unknown[] = [];
  const allocator = () => {
    const port = memory.connect();
    const leases = new PartitionLeases({
      ...{ port, codec, namespace: '', partition, group: 'enforcer-relay', rules: () => rules },
      wrote: () => undefined,
      failed: (error) => faults.push(error),
    });
    ended.push(() => leases.stop());
    return leases;
  };
  const channel = kafkaUsage({ port: memory.connect(), codec });
  const host = (bootId: string) => {
    const held = new Map<string, Lease>();
    const abort = new AbortController();
    const sink = {
      lease: (lease: Lease) => void held.set(lease.quotaId, lease),
      failed: (error: unknown) => void faults.push(error),
    };
    const source = kafkaRules({ port: memory.connect(), codec });
    const following = source.followLeases?.({ application: 'moka', bootId }, sink, abort.signal);
    ended.push(() => {
      abort.abort();
      return following;
    });
    let reportedAt = BigInt(Date.now()) * 1_000n;
    const lease = () => held.get('moka/prod') ?? null;
    const says = async (aSecond: bigint, more: Partial<LimitDemand> = {}) => {
      reportedAt += 1n;
      const report: DemandReport = {
        ...{ hostId: bootId, bootId, application: 'moka', weight: 1, reportedAt },
        demands: [
          {
            ...{ quotaId: 'moka/prod', resource: 'tokens', used: aSecond, refused: 0n, held: 0n },
            ...{ intervalMicros: MICRO, windowEnd: null, sequence: lease()?.sequence ?? null },
            ...{ share: lease()?.share ?? 0n, until: lease()?.until ?? null },
            ...more,
          },
        ],
      };
      await channel.sendDemand?.(report);
    };
    return { lease, says, share: () => Number(lease()?.share ?? 0n) / Number(MICRO) };
  };
  return { allocator, host, faults, rules };
}

async function after<T>(said: Promise<void>, look: () => T): Promise<T> {
  await said;
  return look();
}

const soon = { timeout: 8_000, interval: 20 };

describe('what grants leases', () => {
  it('shares a limit by demand: less at once, and more when that was heard', async () => {
    const { allocator, host, faults } = fleet();
    allocator();
    const [a, b] = [host('a'), host('b')];
    await expect.poll(() => after(a.says(200n), a.share), soon).toBe(100);
    await expect.poll(() => after(b.says(200n), a.share), soon).toBe(50);
    expect(b.share()).toBe(0);
    await a.says(200n);
    await expect.poll(b.share, soon).toBe(50);
    expect(a.lease()).toMatchObject({ limit: 100n * MICRO, hosts: 2, windowEnd: null });
    expect(faults).toEqual([]);
  });

  it('hands over to a successor that knows what is taken, and nothing is granted twice', async () => {
    const { allocator, host } = fleet();
    const first = allocator();
    const [a, b] = [host('a'), host('b')];
    await expect.poll(() => after(a.says(80n), a.share), soon).toBeGreaterThan(80);
    const before = a.share();
    await first.stop();
    allocator();
    await expect.poll(() => after(b.says(200n), b.share), soon).toBeGreaterThan(0);
    expect(before + b.share()).toBe(100);
  });

  it('learns from a host what a topic that was lost had granted', async () => {
    const { allocator, host } = fleet();
    const a = host('a');
    allocator();
    const now = BigInt(Date.now()) * 1_000n;
    const held = { sequence: now, share: 60n * MICRO, until: now + 15n * MICRO };
    await a.says(60n, held);
    await a.says(60n, held);
    const b = host('b');
    await b.says(200n);
    await expect.poll(b.share, soon).toBeGreaterThan(0);
    expect(b.share()).toBeLessThanOrEqual(40);
  });

  it('hears no report that speaks of another application than it was let in for', async () => {
    const { allocator, host, rules } = fleet();
    rules.put(shared('etl/x', 1n));
    allocator();
    const a = host('a');
    await a.says(-5n);
    await a.says(7n, { quotaId: 'etl/x' });
    await a.says(7n);
    await expect.poll(a.share, soon).toBeGreaterThan(7);
    expect(a.lease()?.quotaId).toBe('moka/prod');
  });
});
