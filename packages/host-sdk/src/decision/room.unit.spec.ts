import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  bench,
  blocked,
  permits,
  perWindow,
  rate,
  requestTerms,
  rule,
  second,
} from '../../test/fixtures.ts';
import { BoundHandle } from './handle.ts';
import { isAdmitted, NEVER } from './verdict.ts';

it('is the largest cost that a decision would admit, of every kind of limit', () => {
  const limitsWith = (burst: bigint | null) => [rate(10n, burst), perWindow(40n, 'PT1M')];
  const step = fc.record({
    resource: fc.constantFrom('tokens', 'credits'),
    cost: fc.integer({ min: 0, max: 30 }),
    after: fc.integer({ min: 0, max: 3 * second }),
  });
  const countings = fc.constantFrom(null, 'sliding_window' as const);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), countings, (steps, counting) => {
      const { clock, table, limiter } = bench();
      const limits = limitsWith(counting === null ? 25n : null);
      table.put(rule('a/x', limits, { requests: requestTerms({ counting }) }), clock.now);
      const handle = new BoundHandle(limiter, table, { quota: 'a/x' });
      for (const { resource, cost, after } of steps) {
        clock.now += after;
        handle.take(resource, cost);
        const [room] = handle.room(resource);
        expect(isAdmitted(handle.peek(resource, room!.left))).toBe(true);
        expect(isAdmitted(handle.peek(resource, room!.left + 1))).toBe(false);
        if (room!.moreInMicros === NEVER) continue;
        clock.now += room!.moreInMicros;
        expect(isAdmitted(handle.peek(resource, room!.left + 1))).toBe(true);
      }
    }),
  );
});

it('tells of every level that can hold a request up, the nearest first, and of permits in use', () => {
  const { clock, table, limiter } = bench();
  table.put(rule('a/t', [rate(100n), permits(9n)]), clock.now);
  table.put(rule('a/t/x', [rate(5n)], { eventOffset: 2n }), clock.now);
  table.put(rule('a/t/x/marks', [rate(1n)], { eventOffset: 3n, action: 'mark' }), clock.now);
  table.put(rule('a/t/x/marks/shadow', [rate(1n)], { eventOffset: 4n, mode: 'shadow' }), clock.now);
  const handle = new BoundHandle(limiter, table, { quota: 'a/t/x/marks/shadow' });
  handle.take('tokens', 2);
  handle.acquire('requests', 4);
  const told = [...handle.room('tokens'), ...handle.room('requests')];
  expect(told.map(({ quotaId, amount, left }) => [quotaId, amount, left])).toEqual([
    ['a/t/x', 5, 3],
    ['a/t', 100, 98],
    ['a/t', 9, 5],
  ]);
  expect(handle.room('bytes')).toEqual([]);
  expect(new BoundHandle(limiter, table, { caller: 'nobody' }).room('tokens')).toEqual([]);
});

it('has no room where a limit is blocked, and a key’s own where limits are each key’s', () => {
  const { clock, table, limiter } = bench();
  table.put(rule('a/blocked', [blocked(rate(5n))]), clock.now);
  const none = new BoundHandle(limiter, table, { quota: 'a/blocked' });
  expect(none.room('tokens')).toMatchObject([{ left: 0, moreInMicros: NEVER }]);
  const requests = requestTerms({ eachOf: 'user' });
  table.put(rule('a/keyed', [rate(5n)], { eventOffset: 2n, requests }), clock.now);
  const keyed = new BoundHandle(limiter, table, { quota: 'a/keyed' });
  keyed.takeFor('ann', 'tokens', 4);
  expect(keyed.room('tokens', 'ann')).toMatchObject([{ left: 1 }]);
  expect(keyed.room('tokens', 'bob')).toMatchObject([{ left: 5 }]);
});

it('knows the tier of the quota, or of the nearest above it', () => {
  const { clock, table, limiter } = bench();
  table.put(rule('a/x', [rate(5n)], { tier: 1 }), clock.now);
  expect(new BoundHandle(limiter, table, { quota: 'a/x/y' }).tier).toBe(1);
  expect(new BoundHandle(limiter, table, { quota: 'a/z' }).tier).toBeNull();
  expect(new BoundHandle(limiter, table, {}).tier).toBeNull();
});
