import type { DemandReport, Lease } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { bench, rate, requestTerms, rule, second } from '../../test/fixtures.ts';
import { BoundHandle } from '../decision/handle.ts';
import { DemandReporter } from './demandReporter.ts';

function host() {
  const { clock, time, table, limiter } = bench();
  const reports: DemandReport[] = [];
  let fails = false;
  const failed: unknown[] = [];
  const reporter = new DemandReporter({
    time,
    nodes: () => table.shared,
    about: { hostId: 'h', bootId: 'b', application: 'a', weight: 1 },
    send: (report) => {
      if (fails) return Promise.reject(new Error('the log is away'));
      reports.push(report);
      return Promise.resolve();
    },
    failed: (error) => failed.push(error),
    random: () => 0,
  });
  table.put(rule('a/x', [rate(1_000n)], { requests: requestTerms({ scope: 'fleet' }) }), clock.now);
  const handle = new BoundHandle(limiter, table, { quota: 'a/x' });
  let sequence = 0n;
  /** A second in which so many are asked for, and a look at its end. */
  const passes = async (asked: number): Promise<DemandReport | null> => {
    const before = reports.length;
    for (let each = 0; each < asked; each += 1) {
      clock.now += Math.floor(second / asked);
      handle.take('tokens', 1);
    }
    if (asked === 0) clock.now += second;
    reporter.look();
    await Promise.resolve();
    await Promise.resolve();
    return reports.length > before ? (reports.at(-1) ?? null) : null;
  };
  const lease = (share: bigint, more: Partial<Lease> = {}): void => {
    sequence += 1n;
    table.putLease(
      {
        ...{ application: 'a', quotaId: 'a/x', resource: 'tokens', kind: 'rate', hostId: 'h' },
        ...{ bootId: 'b', sequence, share, limit: 1_000_000_000n, hosts: 2, windowEnd: null },
        ...{ grantedAt: BigInt(clock.now), until: BigInt(clock.now + 15 * second) },
        ...more,
      },
      clock.now,
    );
  };
  return { clock, reporter, passes, lease, failed, fail: (now: boolean) => void (fails = now) };
}

describe('what a host says that it wants', () => {
  it('is nothing before the limit was asked, and then what was used and refused', async () => {
    const { passes, lease } = host();
    expect(await passes(0)).toBeNull();
    const report = await passes(100);
    const [demand] = report?.demands ?? [];
    expect(report).toMatchObject({ hostId: 'h', bootId: 'b', application: 'a', weight: 1 });
    expect(demand).toMatchObject({ quotaId: 'a/x', resource: 'tokens', sequence: null });
    expect(Number(demand!.used) + Number(demand!.refused)).toBe(100);
    expect(demand!.refused > 0n).toBe(true);
    lease(500_000_000n);
    for (let each = 0; each < 3; each += 1) await passes(100);
    expect((await passes(100))?.demands ?? (await passes(100))?.demands).toMatchObject([
      { sequence: 1n, share: 500_000_000n, refused: 0n },
    ]);
  });

  it('is said again after a third of a lease’s life, and not before while nothing changes', async () => {
    const { passes, lease } = host();
    lease(500_000_000n);
    await passes(100);
    const said = [];
    for (let each = 0; each < 10; each += 1) said.push((await passes(100)) !== null);
    expect(said).toEqual([false, false, false, false, true, false, false, false, false, true]);
  });

  it('is said at once when the share is less, for others wait for it', async () => {
    const { passes, lease } = host();
    lease(500_000_000n);
    await passes(100);
    lease(400_000_000n);
    expect((await passes(100))?.demands).toMatchObject([{ sequence: 2n, share: 400_000_000n }]);
    expect(await passes(100)).toBeNull();
  });

  it('is said when demand changed by more than a fifth and than chance, of the last second alone', async () => {
    const { passes, lease } = host();
    lease(900_000_000n);
    await passes(100);
    expect(await passes(110)).toBeNull();
    const [demand] = (await passes(300))?.demands ?? [];
    expect(demand).toMatchObject({ used: 300n, refused: 0n });
    expect(Number(demand!.intervalMicros) / second).toBeCloseTo(1, 1);
  });

  it('is not said of a limit that nobody asked for half a minute, and again when somebody does', async () => {
    const { passes, lease } = host();
    lease(500_000_000n);
    await passes(100);
    for (let each = 0; each < 31; each += 1) await passes(0);
    const idle = [];
    for (let each = 0; each < 20; each += 1) idle.push(await passes(0));
    expect(idle.every((report) => report === null)).toBe(true);
    expect(await passes(5)).not.toBeNull();
  });

  it('is said a second later when it did not get through', async () => {
    const { passes, lease, fail, failed } = host();
    lease(500_000_000n);
    fail(true);
    expect(await passes(100)).toBeNull();
    expect(failed).toHaveLength(1);
    fail(false);
    expect(await passes(100)).not.toBeNull();
  });
});
