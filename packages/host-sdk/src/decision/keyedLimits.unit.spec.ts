import type { Rule } from '@prorata/schemas';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bench,
  perWindow,
  permits,
  rate,
  requestTerms,
  rule,
  second,
} from '../../test/fixtures.ts';
import { BoundHandle } from './handle.ts';
import { ALLOW, isAdmitted, REFUSE, SHADOW_REFUSE } from './verdict.ts';

const each = (eachOf: string): Partial<Rule> => ({
  requests: requestTerms({ eachOf }),
});

function keyed(keysMax?: number) {
  const parts = bench('open', keysMax);
  parts.table.isKnown = true;
  let offset = 0n;
  const put = (quotaId: string, limits: Parameters<typeof rule>[1], others: Partial<Rule> = {}) =>
    parts.table.put(rule(quotaId, limits, { eventOffset: ++offset, ...others }), parts.clock.now);
  const bind = (target: Record<string, string>) =>
    new BoundHandle(parts.limiter, parts.table, target);
  return { ...parts, put, bind };
}

describe('a limit for each value of an attribute', () => {
  it('is every key’s own, by the bound attribute or by the key of the request', () => {
    const { put, bind } = keyed();
    put('kv/callers', [rate(10n), permits(1n), perWindow(5n, 'PT1M')], each('caller'));
    const all = bind({ quota: 'kv/callers' });
    const a = bind({ quota: 'kv/callers', caller: 'a' });
    expect(a.take('tokens', 10)).toBe(ALLOW);
    expect(all.takeFor('a', 'tokens', 1)).toBe(REFUSE);
    expect(all.takeFor('b', 'tokens', 10)).toBe(ALLOW);
    expect(all.takeFor('a', 'credits', 5)).toBe(ALLOW);
    expect(a.take('credits', 1)).toBe(REFUSE);
    expect(all.peekFor('b', 'credits', 5)).toBe(ALLOW);
    expect(all.acquireFor('a', 'requests')).toBe(ALLOW);
    expect(all.acquireFor('a', 'requests')).toBe(REFUSE);
    expect(all.acquireFor('b', 'requests')).toBe(ALLOW);
    all.releaseFor('a', 'requests');
    expect(a.acquire('requests')).toBe(ALLOW);
    expect(all.acquireFor('b', 'requests')).toBe(REFUSE);
  });

  it('is charged together with what all share above it, or not at all', () => {
    const { put, bind, limiter } = keyed();
    put('kv/all', [rate(15n)]);
    put('kv/all/callers', [rate(10n)], each('caller'));
    const all = bind({ quota: 'kv/all/callers' });
    expect(all.takeFor('a', 'tokens', 10)).toBe(ALLOW);
    expect(all.takeFor('b', 'tokens', 10)).toBe(REFUSE);
    expect(limiter.last.quotaId).toBe('kv/all');
    expect(all.takeFor('b', 'tokens', 5)).toBe(ALLOW);
  });

  it('carries what each key holds through a change: nobody gains, and time counts on', () => {
    const { put, bind, clock } = keyed();
    put('kv/callers', [rate(10n)], each('caller'));
    const all = bind({ quota: 'kv/callers' });
    for (const key of ['a', 'b', 'c']) expect(all.takeFor(key, 'tokens', 10)).toBe(ALLOW);
    clock.now += second / 2;
    put('kv/callers', [rate(100n)], each('caller'));
    expect(all.peekFor('a', 'tokens', 6)).toBe(REFUSE);
    expect(all.takeFor('a', 'tokens', 5)).toBe(ALLOW);
    put('kv/callers', [rate(4n)], each('caller'));
    clock.now += second / 2;
    // What b had saved up was 5, and then there was room for 4 alone.
    expect(all.takeFor('b', 'tokens', 5)).toBe(REFUSE);
    expect(all.takeFor('b', 'tokens', 4)).toBe(ALLOW);
    expect(all.takeFor('c', 'tokens', 4)).toBe(ALLOW);
  });

  it('hands out nothing to a key that has used something when the rate is counted otherwise', () => {
    const { put, bind, clock, table } = keyed();
    const counting = (how: 'token_bucket' | 'sliding_window'): void => {
      const requests = requestTerms({ eachOf: 'caller', counting: how });
      put('kv/callers', [rate(10n)], { requests });
    };
    counting('token_bucket');
    const all = bind({ quota: 'kv/callers' });
    expect(all.takeFor('a', 'tokens', 10)).toBe(ALLOW);
    for (const how of ['sliding_window', 'token_bucket'] as const) {
      counting(how);
      expect(all.takeFor('a', 'tokens', 1)).toBe(REFUSE);
    }
    expect(table.keys).toMatchObject({ used: 1, evictedActive: 0 });
    clock.now += second;
    expect(all.takeFor('a', 'tokens', 10)).toBe(ALLOW);
    expect(all.takeFor('b', 'tokens', 10)).toBe(ALLOW);
  });

  it('never gives a key more than the burst and its rate, nor by changes more than the greatest of them', () => {
    const step = fc.record({
      micros: fc.integer({ min: 0, max: second }),
      key: fc.constantFrom('a', 'b'),
      cost: fc.integer({ min: 1, max: 6 }),
      amount: fc.option(fc.bigInt(1n, 12n), { freq: 8 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 80 }), (script) => {
        const { put, bind, clock } = keyed();
        let amount = 10n;
        put('kv/callers', [rate(amount)], each('caller'));
        const all = bind({ quota: 'kv/callers' });
        // A key that was never seen begins full under whatever limit there is then.
        for (const key of ['a', 'b']) all.takeFor(key, 'tokens', 1);
        const taken: Record<string, number> = { a: 1, b: 1 };
        let earned = 10;
        for (const { micros, key, cost, amount: next } of script) {
          clock.now += micros;
          earned += (Number(amount) * micros) / second;
          if (next !== null) put('kv/callers', [rate((amount = next))], each('caller'));
          if (all.takeFor(key, 'tokens', cost) === ALLOW) taken[key]! += cost;
          expect(taken[key]!).toBeLessThanOrEqual(earned + 1e-9);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a host with more keys than it may remember', () => {
  it('lets a million keys have no more than their limit and one limit shared by those without room', () => {
    const KEYS = 1_000_000;
    const MAX = 100_000;
    const { put, bind, table, limiter } = keyed(MAX);
    put('kv/callers', [rate(2n, 2n)], each('caller'));
    const all = bind({ quota: 'kv/callers' });
    let admitted = 0;
    for (let key = 0; key < KEYS; key += 1) {
      if (isAdmitted(all.takeFor(`caller-${key}`, 'tokens', 1))) admitted += 1;
    }
    // Nobody became idle, for the clock stood still: the first have a slot, and 2 went over the overflow.
    expect(table.keys).toMatchObject({ used: MAX, evictedIdle: 0, evictedActive: 0 });
    expect(admitted).toBe(MAX + 2);
    expect(limiter.last).toMatchObject({ overflow: true, degraded: true, verdict: REFUSE });
    expect(table.keys.overflowed).toBe(KEYS - MAX);
    // The first keys still have what they had left, and no more.
    expect(all.takeFor('caller-0', 'tokens', 1)).toBe(ALLOW);
    expect(all.takeFor('caller-0', 'tokens', 1)).toBe(REFUSE);
  }, 20_000);

  it('gives the slot of an idle key to a new one, and never that of an active one', () => {
    const { put, bind, table, clock } = keyed(4);
    put('kv/callers', [rate(2n, 2n)], each('caller'));
    const all = bind({ quota: 'kv/callers' });
    for (const key of ['a', 'b', 'c', 'd']) all.takeFor(key, 'tokens', 2);
    expect(all.takeFor('e', 'tokens', 2)).toBe(ALLOW);
    expect(all.takeFor('f', 'tokens', 1)).toBe(REFUSE);
    clock.now += second / 2;
    all.takeFor('a', 'tokens', 1);
    clock.now += second / 2;
    // b, c and d are full again; a is not.
    expect(all.takeFor('g', 'tokens', 2)).toBe(ALLOW);
    expect(all.takeFor('a', 'tokens', 2)).toBe(REFUSE);
    expect(table.keys).toMatchObject({ used: 4, evictedIdle: 1, evictedActive: 0 });
    table.sweepKeys();
    expect(table.keys).toMatchObject({ used: 2, evictedIdle: 3 });
  });

  it('gives permits back to the key that has them, or to what those without room share', () => {
    const { put, bind } = keyed(1);
    put('kv/callers', [permits(1n)], each('caller'));
    const all = bind({ quota: 'kv/callers' });
    expect(all.acquireFor('a', 'requests')).toBe(ALLOW);
    expect(all.acquireFor('b', 'requests')).toBe(ALLOW);
    expect(all.acquireFor('c', 'requests')).toBe(REFUSE);
    all.releaseFor('b', 'requests');
    expect(all.acquireFor('a', 'requests')).toBe(REFUSE);
    expect(all.acquireFor('c', 'requests')).toBe(ALLOW);
  });
});

describe('a ramp', () => {
  it('enforces on as many of a hundred hosts, and goes on to more of the same', () => {
    const verdictsAt = (rampPercent: number): boolean[] =>
      Array.from({ length: 400 }, (_, index) => {
        const { table, limiter, clock } = bench('open', undefined, `host-${index}`);
        table.isKnown = true;
        const requests = requestTerms({ rampPercent });
        table.put(rule('a/x', [rate(1n)], { requests }), clock.now);
        const verdict = new BoundHandle(limiter, table, { quota: 'a/x' }).take('tokens', 2);
        expect([REFUSE, SHADOW_REFUSE]).toContain(verdict);
        return verdict === REFUSE;
      });
    const [none, some, more, whole] = [0, 20, 60, 100].map(verdictsAt);
    const count = (held: boolean[]): number => held.filter(Boolean).length;
    expect(count(none!)).toBe(0);
    expect(count(whole!)).toBe(400);
    expect(Math.abs(count(some!) - 80)).toBeLessThan(30);
    expect(Math.abs(count(more!) - 240)).toBeLessThan(40);
    expect(some!.every((held, index) => !held || more![index])).toBe(true);
  });
});
