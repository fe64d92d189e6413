import { describe, expect, it } from 'vitest';
import { bench, rate, requestTerms, rule } from '../../test/fixtures.ts';
import { BoundHandle } from './handle.ts';
import { takeOnce } from './oneRequest.ts';
import { ALLOW, REFUSE } from './verdict.ts';

describe('a decision about one request', () => {
  it('is the one that a handle of the same target would make, and takes from the same limits', () => {
    const { table, limiter, clock } = bench();
    table.isKnown = true;
    const match = [{ attribute: 'class', operator: 'equals' as const, values: ['scan'] }];
    table.put(rule('a/scans', [rate(10n)], { match }), clock.now);
    const scan = { class: 'scan' };
    expect(takeOnce(limiter, table, scan, 'tokens', 6)).toBe(ALLOW);
    expect(new BoundHandle(limiter, table, scan).take('tokens', 6)).toBe(REFUSE);
    expect(takeOnce(limiter, table, { quota: 'a/scans' }, 'tokens', 5)).toBe(REFUSE);
    expect(limiter.last).toMatchObject({ quotaId: 'a/scans', reason: 'over_limit' });
    expect(takeOnce(limiter, table, { class: 'lookup' }, 'tokens', 6)).toBe(ALLOW);
    expect(limiter.last).toMatchObject({ quotaId: null, reason: 'no_rule' });
    // A name that every object inherits is no attribute.
    expect(table.match({ toString: 'scan' })).toBeNull();
  });

  it('finds the limit of its own value, where each has one', () => {
    const { table, limiter, clock } = bench();
    table.isKnown = true;
    table.put(rule('a/x', [rate(5n)], { requests: requestTerms({ eachOf: 'caller' }) }), clock.now);
    const ask = (caller: string) => takeOnce(limiter, table, { quota: 'a/x', caller }, 'tokens', 4);
    expect([ask('a'), ask('b'), ask('a')]).toEqual([ALLOW, ALLOW, REFUSE]);
  });
});

describe('the outcome of a decision', () => {
  it('tells an answer of the rules from one for want of them, and both are counted', () => {
    const { table, limiter, clock } = bench('closed');
    const ask = (quota: string, cost = 1): string => {
      takeOnce(limiter, table, { quota }, 'tokens', cost);
      return limiter.last.outcome;
    };
    expect(ask('a/unknown')).toBe('degraded_refuse');
    table.isKnown = true;
    table.put(rule('a/open', [rate(5n)], { onStale: 'open' }), clock.now);
    table.put(rule('a/closed', [rate(5n)], { onStale: 'closed' }), clock.now);
    table.put(rule('a/hold', [rate(5n)]), clock.now);
    table.put(rule('a/shadow', [rate(5n)], { mode: 'shadow' }), clock.now);
    const all = ['a/open', 'a/closed', 'a/hold', 'a/shadow'];
    const overLimit = ['refuse', 'refuse', 'refuse', 'shadow_refuse'];
    expect(all.map((quota) => ask(quota))).toEqual(['allow', 'allow', 'allow', 'allow']);
    expect(all.map((quota) => ask(quota, 6))).toEqual(overLimit);
    limiter.staleAt = 0;
    expect(all.map((quota) => ask(quota))).toEqual([
      'degraded_allow',
      'degraded_refuse',
      'allow',
      'allow',
    ]);
    expect(ask('a/hold', 6)).toBe('refuse');
    expect(limiter.counters).toMatchObject({ degradedAllows: 1, degradedRefusals: 2 });
  });
});
