import { kafkaUsage } from '@prorata/host-sdk';
import { createMemoryLog, VirtualClock } from '@prorata/kafka-port';
import { Codec, memoryIds } from '@prorata/schemas';
import type { HostReport } from '@prorata/schemas';
import { describe, expect, it, vi } from 'vitest';
import { ReportReader } from './reportReader.ts';

const reportOf = (hostId: string, application = 'moka'): HostReport => ({
  hostId,
  bootId: 'b',
  application,
  sdkVersion: 'test',
  source: 'kafka',
  rules: 0,
  appliedOffset: -1n,
  appliedAt: 0n,
  reportedAt: 0n,
  zone: null,
  sequence: 1n,
  rejectedRules: 0,
  intervalMs: 15_000,
  rollouts: [],
  health: null,
  leaving: false,
});

function setUp(clock = new VirtualClock(Date.now())) {
  const memory = createMemoryLog({ seed: 7, clock });
  memory.createTopic('host.reports', 2);
  const codec = new Codec(memoryIds());
  const port = memory.connect();
  const channel = kafkaUsage({ port, codec });
  const read: string[] = [];
  const times: bigint[] = [];
  const failures: unknown[] = [];
  const newReader = () =>
    new ReportReader({
      port,
      codec,
      namespace: '',
      taken: ({ hostId }, at) => {
        read.push(hostId);
        times.push(at);
      },
      failed: (error) => failures.push(error),
    });
  return { channel, read, times, failures, newReader };
}

describe('the reader of reports', () => {
  it('reads nothing while nobody asks, and from the moment on that is asked for', async () => {
    const { channel, read, newReader, failures } = setUp();
    await channel.sendReport(reportOf('before'));
    const reader = newReader();
    await reader.read(new Map());
    expect(read).toEqual([]);
    await reader.read(new Map([['moka', 0n]]));
    await vi.waitFor(() => expect(read).toEqual(['before']));
    await channel.sendReport(reportOf('after'));
    await vi.waitFor(() => expect(read).toEqual(['before', 'after']));
    await reader.read(new Map());
    await channel.sendReport(reportOf('later'));
    expect(failures).toEqual([]);
    const [again, future] = [newReader(), newReader()];
    await again.read(new Map([['moka', 0n]]));
    await vi.waitFor(() => expect(read.slice(2)).toEqual(['before', 'after', 'later']));
    await future.read(new Map([['moka', 4_000_000_000_000_000n]]));
    await Promise.all([again.stop(), future.stop()]);
    expect(read).toHaveLength(5);
  });

  it('takes no report for one of a later time than now, whatever the clock of a host says', async () => {
    const hour = 3_600_000;
    const { channel, times, newReader } = setUp(new VirtualClock(Date.now() + hour));
    await channel.sendReport(reportOf('ahead'));
    const reader = newReader();
    await reader.read(new Map([['moka', 0n]]));
    await vi.waitFor(() => expect(times).toHaveLength(1));
    expect(times[0]).toBeLessThanOrEqual(BigInt(Date.now()) * 1_000n);
    await reader.stop();
  });
});
