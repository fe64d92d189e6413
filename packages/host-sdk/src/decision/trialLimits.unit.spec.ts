import type { ResourceLimit, Rule } from '@prorata/schemas';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bench,
  permits,
  perWindow,
  rate,
  requestTerms,
  rule,
  second,
} from '../../test/fixtures.ts';
import { ReferenceLimiter } from '../testing/referenceLimiter.ts';
import { BoundHandle } from './handle.ts';
import { ALLOW, DELAY, REFUSE, verdictNames } from './verdict.ts';

function known() {
  const parts = bench();
  parts.table.isKnown = true;
  let offset = 0n;
  const put = (
    quotaId: string,
    limits: ResourceLimit[],
    trial: ResourceLimit[] | null,
    more: Partial<Rule> = {},
  ) => {
    offset += 1n;
    const requests = requestTerms({ trial, ...more.requests });
    return parts.table.put(
      rule(quotaId, limits, { ...more, requests, eventOffset: offset }),
      parts.clock.now,
    );
  };
  const bind = (quota: string) => new BoundHandle(parts.limiter, parts.table, { quota });
  return { ...parts, put, bind };
}

describe('a limit on trial', () => {
  it('says what it would have refused, and changes no answer', () => {
    const { put, bind, limiter, table, meters, clock } = known();
    put('a/x', [rate(10n)], [rate(4n)]);
    const handle = bind('a/x');
    expect(handle.take('tokens', 3)).toBe(ALLOW);
    expect(limiter.last.trialRefusedBy).toBeNull();
    expect(handle.take('tokens', 3)).toBe(ALLOW);
    expect(limiter.last).toMatchObject({ reason: 'within', trialRefusedBy: 'a/x' });
    expect(handle.peek('tokens', 3)).toBe(ALLOW);
    expect(limiter.last.trialRefusedBy).toBeNull();
    expect(handle.take('tokens', 5)).toBe(REFUSE);
    expect(table.trials).toEqual([
      { quotaId: 'a/x', resource: 'tokens', decided: 3, wouldRefuse: 2 },
    ]);
    const [usage] = meters.close(clock.now, clock.now + 1);
    expect(usage?.resources[0]).toMatchObject({ used: 6n, refused: 5n, trialRefused: 8n });
  });

  it('decides as the reference does that has it in force, along the path, while other limits hold', () => {
    const limit = fc.oneof(
      fc
        .record({ amount: fc.bigInt(1n, 9n), burst: fc.option(fc.bigInt(1n, 12n)) })
        .map(({ amount, burst }) => rate(amount, burst)),
      fc.bigInt(1n, 12n).map((amount) => perWindow(amount, 'PT7S')),
    );
    const one = fc
      .array(limit, { maxLength: 2 })
      .map((limits) => [...new Map(limits.map((each) => [each.resource, each])).values()]);
    const quota = fc.constantFrom('a/x', 'a/x/y');
    const step = fc.oneof(
      fc.record({
        quota,
        limits: one,
        trial: one,
        mode: fc.constantFrom<Rule['mode']>('enforce', 'shadow', 'off'),
        action: fc.constantFrom<Rule['action']>('refuse', 'mark'),
      }),
      fc.record({
        quota,
        resource: fc.constantFrom('tokens', 'credits'),
        cost: fc.integer({ min: 0, max: 7 }),
      }),
      fc.record({
        quota,
        resource: fc.constantFrom('tokens', 'credits'),
        cost: fc.integer({ min: 0, max: 7 }),
      }),
      fc.record({ micros: fc.integer({ min: 0, max: 4_000_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (script) => {
        const { put, bind, limiter, clock } = known();
        const [inForce, onTrial] = [new ReferenceLimiter(), new ReferenceLimiter()];
        const handles = { 'a/x': bind('a/x'), 'a/x/y': bind('a/x/y') };
        for (const each of script) {
          const at = BigInt(clock.now);
          if ('micros' in each) clock.now += each.micros;
          else if ('limits' in each) {
            const { quota: quotaId, limits, trial, mode, action } = each;
            put(quotaId, limits, trial.length === 0 ? null : trial, { mode, action });
            inForce.setRule(rule(quotaId, limits, { mode, action }), at);
            onTrial.setRule(rule(quotaId, trial), at);
          } else {
            const verdict = handles[each.quota as 'a/x'].take(each.resource, each.cost);
            const cost = BigInt(each.cost);
            expect(verdictNames[verdict]).toBe(
              inForce.take(each.quota, each.resource, cost, at).verdict,
            );
            const tried = onTrial.take(each.quota, each.resource, cost, at);
            expect(limiter.last.trialRefusedBy).toBe(
              tried.verdict === 'refuse' ? tried.quotaId : null,
            );
          }
        }
      }),
      { numRuns: 800 },
    );
  });

  it('counts permits by what is really out, those from before it came too', () => {
    const { put, bind, limiter } = known();
    put('a/x', [permits(5n)], null);
    const handle = bind('a/x');
    handle.acquire('requests', 2);
    put('a/x', [permits(5n)], [permits(3n)]);
    expect(handle.acquire('requests')).toBe(ALLOW);
    expect(limiter.last.trialRefusedBy).toBeNull();
    expect(handle.acquire('requests')).toBe(ALLOW);
    expect(limiter.last.trialRefusedBy).toBe('a/x');
    handle.release('requests', 2);
    expect(handle.acquire('requests')).toBe(ALLOW);
    expect(limiter.last.trialRefusedBy).toBeNull();
  });

  it('is each key’s own where the limits are, and in a sliding window where they are', () => {
    const { put, bind, limiter, clock } = known();
    const requests = requestTerms({
      eachOf: 'caller',
      counting: 'sliding_window',
      trial: [rate(2n)],
    });
    put('a/x', [rate(10n)], null, { requests });
    const handle = bind('a/x');
    const refusedFor = (key: string, cost: number): boolean => {
      expect(handle.takeFor(key, 'tokens', cost)).toBe(ALLOW);
      return limiter.last.trialRefusedBy !== null;
    };
    expect([refusedFor('a', 2), refusedFor('b', 2), refusedFor('a', 1)]).toEqual([
      false,
      false,
      true,
    ]);
    clock.now += second - 1;
    expect(refusedFor('b', 1)).toBe(true);
    clock.now += 1;
    expect(refusedFor('b', 2)).toBe(false);
  });

  it('settles an estimate as the limits in force do, and leaves delayed requests alone', () => {
    const { put, bind, limiter, table } = known();
    put('a/x', [rate(10n)], [rate(4n)], { action: 'delay' });
    const handle = bind('a/x');
    handle.reserve('tokens', 4).settle(1);
    expect(handle.take('tokens', 3)).toBe(ALLOW);
    expect(limiter.last.trialRefusedBy).toBeNull();
    expect(handle.take('tokens', 7)).toBe(DELAY);
    expect(limiter.last.trialRefusedBy).toBeNull();
    expect(table.trials[0]).toMatchObject({ decided: 2, wouldRefuse: 0 });
  });
});
