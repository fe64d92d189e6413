import { describe, expect, it } from 'vitest';
import { bench, perWindow, rate, requestTerms, rule, second } from '../../test/fixtures.ts';
import { BoundHandle } from './handle.ts';
import { ALLOW, MARK, REFUSE } from './verdict.ts';

function known(keysMax?: number) {
  const parts = bench('open', keysMax);
  parts.table.isKnown = true;
  const bind = (target: Record<string, string>) =>
    new BoundHandle(parts.limiter, parts.table, target);
  const put = (...args: Parameters<typeof rule>) => parts.table.put(rule(...args), parts.clock.now);
  return { ...parts, bind, put };
}

describe('an estimate that is settled', () => {
  it('returns what was not used, at every level, once', () => {
    const { bind, put } = known();
    put('a/x', [rate(12n)]);
    put('a/x/y', [rate(10n)]);
    const handle = bind({ quota: 'a/x/y' });
    const reservation = handle.reserve('tokens', 8);
    expect(reservation.verdict).toBe(ALLOW);
    expect(handle.peek('tokens', 3)).toBe(REFUSE);
    reservation.settle(3);
    reservation.settle(0);
    expect(handle.take('tokens', 7)).toBe(ALLOW);
    expect(handle.take('tokens', 1)).toBe(REFUSE);
    expect(bind({ quota: 'a/x' }).take('tokens', 3)).toBe(REFUSE);
    expect(bind({ quota: 'a/x' }).take('tokens', 2)).toBe(ALLOW);
  });

  it('owes what was used beyond it, and later requests wait for that', () => {
    const { bind, put, limiter, clock } = known();
    put('a/x', [rate(10n)]);
    const handle = bind({ quota: 'a/x' });
    handle.reserve('tokens', 10).settle(25);
    expect(handle.take('tokens', 1)).toBe(REFUSE);
    expect(limiter.last.retryAfterMicros).toBe(1.6 * second);
    clock.now += 1.6 * second;
    expect(handle.take('tokens', 1)).toBe(ALLOW);
    expect(handle.take('tokens', 1)).toBe(REFUSE);
  });

  it('never fills a bucket above its burst', () => {
    const { bind, put, clock } = known();
    put('a/x', [rate(10n)]);
    const handle = bind({ quota: 'a/x' });
    const reservation = handle.reserve('tokens', 10);
    clock.now += second;
    reservation.settle(0);
    expect(handle.take('tokens', 10)).toBe(ALLOW);
    expect(handle.take('tokens', 1)).toBe(REFUSE);
  });

  it('returns nothing of a window that is over to the one that came after it', () => {
    const { bind, put, clock } = known();
    put('a/x', [perWindow(10n, 'PT1M')]);
    const handle = bind({ quota: 'a/x' });
    const reservation = handle.reserve('credits', 8);
    clock.now += 60 * second;
    expect(handle.take('credits', 10)).toBe(ALLOW);
    reservation.settle(0);
    expect(handle.take('credits', 1)).toBe(REFUSE);
  });

  it('settles nothing that was not charged: refused, or let through over the limit', () => {
    const { bind, put } = known();
    put('a/x', [rate(10n)]);
    put('a/marks', [rate(10n)], { action: 'mark' });
    const handle = bind({ quota: 'a/x' });
    handle.take('tokens', 5);
    const refused = handle.reserve('tokens', 6);
    expect(refused.verdict).toBe(REFUSE);
    refused.settle(0);
    expect(handle.take('tokens', 6)).toBe(REFUSE);
    const marks = bind({ quota: 'a/marks' });
    marks.take('tokens', 5);
    const marked = marks.reserve('tokens', 6);
    expect(marked.verdict).toBe(MARK);
    marked.settle(0);
    expect(marks.peek('tokens', 6)).toBe(MARK);
    expect(marks.peek('tokens', 5)).toBe(ALLOW);
    expect(bind({ quota: 'a/unknown' }).reserve('tokens', 1).verdict).toBe(ALLOW);
    expect(() => handle.reserve('tokens', 1).settle(-1)).toThrow(RangeError);
  });

  it('is the key’s own, and leaves another alone that has its slot by now', () => {
    const { bind, put, clock } = known(1);
    put('a/x', [rate(10n)], { requests: requestTerms({ eachOf: 'caller' }) });
    const handle = bind({ quota: 'a/x' });
    const reservation = handle.reserve('tokens', 8, 'a');
    expect(handle.takeFor('a', 'tokens', 3)).toBe(REFUSE);
    clock.now += second;
    expect(handle.takeFor('b', 'tokens', 10)).toBe(ALLOW);
    reservation.settle(0);
    expect(handle.takeFor('b', 'tokens', 1)).toBe(REFUSE);
  });

  it('counts as used what was used', () => {
    const { bind, put, meters, clock } = known();
    put('a/x', [rate(10n)]);
    const handle = bind({ quota: 'a/x' });
    handle.reserve('tokens', 8).settle(3);
    const late = handle.reserve('tokens', 5);
    const usedNow = (): bigint | undefined =>
      meters.close(clock.now, (clock.now += 1))[0]?.resources[0]?.used;
    expect(usedNow()).toBe(8n);
    late.settle(1);
    // What an earlier window counted too much is taken off the next use.
    expect(usedNow()).toBe(0n);
    clock.now += second;
    handle.take('tokens', 6);
    expect(usedNow()).toBe(2n);
  });
});
