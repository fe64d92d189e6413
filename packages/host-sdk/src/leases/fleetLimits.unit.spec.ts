import type { Lease, Rule } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import {
  bench,
  permits,
  perWindow,
  rate,
  requestTerms,
  rule,
  second,
  startMicros,
} from '../../test/fixtures.ts';
import { BoundHandle } from '../decision/handle.ts';
import { ALLOW, REFUSE } from '../decision/verdict.ts';

const fleet = (safeShareBasisPoints: number | null = null): Partial<Rule> => ({
  requests: requestTerms({ scope: 'fleet', safeShareBasisPoints }),
});

function host() {
  const parts = bench();
  const { clock, table, limiter } = parts;
  let sequence = 0n;
  const lease = (terms: Partial<Lease>): boolean => {
    sequence += 1n;
    return table.putLease(
      {
        ...{ application: 'a', quotaId: 'a/x', resource: 'tokens', kind: 'rate' },
        ...{ hostId: 'h', bootId: 'b', sequence, share: 0n, limit: 100_000_000n, hosts: 4 },
        grantedAt: BigInt(clock.now),
        until: BigInt(clock.now + 15 * second),
        windowEnd: null,
        ...terms,
      },
      clock.now,
    );
  };
  const handle = new BoundHandle(limiter, table, { quota: 'a/x' });
  /** What is admitted in so many seconds of asking for one each, so often a second. */
  const admittedIn = (seconds: number, aSecond = 200): number => {
    let admitted = 0;
    for (let asked = 0; asked < seconds * aSecond; asked += 1) {
      clock.now += second / aSecond;
      if (handle.take('tokens', 1) === ALLOW) admitted += 1;
    }
    return admitted;
  };
  return { ...parts, lease, handle, admittedIn };
}

describe('a limit that the fleet shares', () => {
  it('tells callers of what this host has of it, in the declared period', () => {
    const { table, clock, lease, handle } = host();
    table.put(rule('a/x', [rate(100n, 10n)], fleet(200)), clock.now);
    expect(handle.room('tokens')).toMatchObject([{ amount: 2, perMicros: second, left: 1 }]);
    lease({ share: 40_000_000n });
    expect(handle.room('tokens')).toMatchObject([{ amount: 40, perMicros: second }]);
    lease({ share: 250_000n });
    expect(handle.room('tokens')).toMatchObject([{ amount: 1, perMicros: second, left: 1 }]);
  });

  it('is enforced by the lease, and without one by the safe share, which is said', () => {
    const { table, clock, limiter, lease, admittedIn } = host();
    table.put(rule('a/x', [rate(100n, 10n)], fleet(200)), clock.now);
    // Two of a hundred a second, and the least burst.
    expect(admittedIn(10)).toBe(20);
    expect(limiter.last.degraded).toBe(true);
    lease({ share: 40_000_000n });
    expect(admittedIn(10)).toBe(400);
    expect(limiter.last.degraded).toBe(false);
  });

  it('falls back to the even share of the hosts last known when the lease is over, never to all or to nothing', () => {
    const { table, clock, limiter, lease, admittedIn } = host();
    table.put(rule('a/x', [rate(100n, 10n)], fleet()), clock.now);
    // Of hosts that nothing is known of: a hundredth.
    expect(admittedIn(10)).toBe(10);
    lease({ share: 70_000_000n, hosts: 4 });
    admittedIn(15);
    expect(limiter.last.degraded).toBe(true);
    expect(admittedIn(10)).toBe(250);
  });

  it('holds its declared part when the lease is over', () => {
    const { table, clock, lease, admittedIn } = host();
    table.put(rule('a/x', [rate(100n, 10n)], fleet(500)), clock.now);
    lease({ share: 70_000_000n, hosts: 1 });
    admittedIn(15);
    expect(admittedIn(10)).toBe(50);
  });

  it('admits a share of less than a unit a second at its long-run rate', () => {
    const { table, clock, lease, admittedIn } = host();
    table.put(rule('a/x', [rate(100n, 10n)], fleet(1)), clock.now);
    let admitted = 0;
    for (let round = 0; round < 10; round += 1) {
      lease({ share: 250_000n });
      admitted += admittedIn(10, 20);
    }
    expect(admitted).toBe(25);
  });

  it('gains no burst by another share, however often it changes', () => {
    const { table, clock, lease, admittedIn } = host();
    table.put(rule('a/x', [rate(100n, 100n)], fleet(1)), clock.now);
    lease({ share: 50_000_000n });
    admittedIn(2);
    let admitted = 0;
    for (let round = 0; round < 40; round += 1) {
      lease({ share: round % 2 === 0 ? 1_000_000n : 50_000_000n });
      admitted += admittedIn(0.25);
    }
    // Five seconds of either share, and what a burst of the greater one had in hand before the first.
    expect(admitted).toBeLessThanOrEqual(5 * 51 + 1);
  });

  it('takes no lease that is older than what it has', () => {
    const { lease, table, clock, admittedIn } = host();
    table.put(rule('a/x', [rate(100n, 10n)], fleet(1)), clock.now);
    expect(lease({ share: 10_000_000n, sequence: 9n })).toBe(true);
    expect(lease({ share: 90_000_000n, sequence: 8n })).toBe(false);
    expect(admittedIn(10)).toBeLessThanOrEqual(102);
  });

  it('is lowered at once with the rule, before another lease comes', () => {
    const { lease, table, clock, admittedIn } = host();
    table.put(rule('a/x', [rate(100n, 10n)], fleet(1)), clock.now);
    lease({ share: 40_000_000n });
    admittedIn(1);
    table.put(rule('a/x', [rate(10n, 1n)], { ...fleet(1), eventOffset: 2n }), clock.now);
    expect(admittedIn(10)).toBe(40);
  });

  it('shares permits, and lets those that are out come back', () => {
    const { lease, table, clock, handle, limiter } = host();
    table.put(rule('a/x', [permits(10n)], fleet(1)), clock.now);
    const ofPermits = { resource: 'requests', kind: 'concurrency', limit: 10n } as const;
    lease({ ...ofPermits, share: 3n });
    const verdicts = [1, 2, 3, 4].map(() => handle.acquire('requests'));
    expect(verdicts).toEqual([ALLOW, ALLOW, ALLOW, REFUSE]);
    lease({ ...ofPermits, share: 1n });
    handle.release('requests', 2);
    expect(handle.acquire('requests')).toBe(REFUSE);
    handle.release('requests');
    expect(handle.acquire('requests')).toBe(ALLOW);
    expect(limiter.last.degraded).toBe(false);
  });

  it('shares an amount of a window as what this host may have used of it in all', () => {
    const { lease, table, clock, handle } = host();
    table.put(rule('a/x', [perWindow(1_000n, 'PT1M')], fleet(50)), clock.now);
    const windowEnd = BigInt(startMicros + 60 * second);
    const ofWindow = { resource: 'credits', kind: 'consumable', limit: 1_000n, windowEnd } as const;
    lease({ ...ofWindow, share: 100n });
    expect([handle.take('credits', 100), handle.take('credits', 1)]).toEqual([ALLOW, REFUSE]);
    lease({ ...ofWindow, share: 120n });
    expect([handle.take('credits', 20), handle.take('credits', 1)]).toEqual([ALLOW, REFUSE]);
    clock.now = startMicros + 61 * second;
    // The next window has no lease yet: five of a thousand.
    expect([handle.take('credits', 5), handle.take('credits', 1)]).toEqual([ALLOW, REFUSE]);
  });

  it('counts demand where the limit had no room, and not what another limit refused', () => {
    const { lease, table, clock, handle, limiter } = host();
    table.put(rule('a/x', [rate(100n, 100n)], fleet(1)), clock.now);
    table.put(rule('a/x/y', [rate(5n, 5n)]), clock.now);
    lease({ share: 100_000_000n });
    const below = new BoundHandle(limiter, table, { quota: 'a/x/y' });
    clock.now += second;
    for (let asked = 0; asked < 8; asked += 1) handle.take('tokens', 10);
    const meter = table.nodeOf('a/x').shares.demandOf('tokens');
    expect(meter.take(0)).toMatchObject({ used: 80, refused: 0 });
    expect([below.take('tokens', 5), below.take('tokens', 5)]).toEqual([ALLOW, REFUSE]);
    expect(meter.take(0)).toMatchObject({ used: 5, refused: 0 });
    for (let asked = 0; asked < 8; asked += 1) handle.take('tokens', 10);
    expect(meter.take(0)).toMatchObject({ used: 10, refused: 70 });
  });
});

describe('a limit of each host that is stale', () => {
  it('is lowered to the declared safe share, and whole again when the rules are confirmed', () => {
    const { table, clock, admittedIn, limiter } = host();
    const terms = {
      onStale: 'safe_share',
      requests: requestTerms({ safeShareBasisPoints: 1_000 }),
    } as const;
    table.put(rule('a/x', [rate(100n, 10n)], terms), clock.now);
    expect(admittedIn(10)).toBe(1_009);
    table.setStale(true, clock.now);
    expect(admittedIn(10)).toBeLessThanOrEqual(101);
    expect(limiter.last.degraded).toBe(true);
    table.setStale(false, clock.now);
    expect(admittedIn(10)).toBe(1_000);
  });

  it('holds as it is where no safe share is declared', () => {
    const { table, clock, admittedIn } = host();
    table.put(rule('a/x', [rate(100n, 10n)], { onStale: 'safe_share' }), clock.now);
    table.setStale(true, clock.now);
    expect(admittedIn(10)).toBe(1_009);
  });
});
