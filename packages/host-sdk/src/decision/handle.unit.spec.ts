import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import {
  bench,
  blocked,
  perWindow,
  permits,
  rate,
  requestTerms,
  rule,
  second,
} from '../../test/fixtures.ts';
import { explain } from './explanation.ts';
import { BoundHandle } from './handle.ts';
import { ALLOW, DEGRADE, DELAY, MARK, NEVER, REFUSE, SHADOW_REFUSE } from './verdict.ts';

function known() {
  const parts = bench();
  parts.table.isKnown = true;
  const bind = (target: Record<string, string>) =>
    new BoundHandle(parts.limiter, parts.table, target);
  const put = (...args: Parameters<typeof rule>) => parts.table.put(rule(...args), parts.clock.now);
  return { ...parts, bind, put };
}

/** Collects garbage, and lets the event loop turn, so that what was collected is told of. */
function collector(): () => Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  return async () => {
    gc();
    await new Promise((resolve) => setImmediate(resolve));
  };
}

describe('a decision', () => {
  it('charges every level of the path, or none', () => {
    const { bind, put, limiter } = known();
    put('a/x', [rate(10n)]);
    put('a/x/y', [rate(8n)]);
    put('a/x/z', [rate(8n)]);
    const [y, z] = [bind({ quota: 'a/x/y' }), bind({ quota: 'a/x/z' })];
    expect(y.take('tokens', 7)).toBe(ALLOW);
    expect(z.take('tokens', 7)).toBe(REFUSE);
    expect(limiter.last).toMatchObject({
      quotaId: 'a/x',
      reason: 'over_limit',
      resource: 'tokens',
    });
    // Had the refusal charged a/x/z, 3 would not be left beside its own 8.
    expect(z.take('tokens', 3)).toBe(ALLOW);
    expect(z.peek('tokens', 5)).toBe(REFUSE);
    expect(limiter.last.quotaId).toBe('a/x');
  });

  it('says what the action says, and refuses what waiting cannot help or what is blocked', () => {
    const { bind, put, limiter } = known();
    put('a/delay', [rate(10n)], { action: 'delay' });
    put('a/degrade', [rate(10n)], { action: 'degrade', degradeTag: 'small-model' });
    put('a/mark', [blocked(rate(0n))], { action: 'mark' });
    const delayed = bind({ quota: 'a/delay' });
    expect(delayed.take('tokens', 10)).toBe(ALLOW);
    expect(delayed.take('tokens', 5)).toBe(DELAY);
    expect(limiter.last.retryAfterMicros).toBe(second / 2);
    expect(delayed.take('tokens', 11)).toBe(REFUSE);
    expect(limiter.last).toMatchObject({ reason: 'above_limit', retryAfterMicros: NEVER });
    expect(bind({ quota: 'a/degrade' }).take('tokens', 11)).toBe(DEGRADE);
    expect(limiter.last.tag).toBe('small-model');
    expect(bind({ quota: 'a/mark' }).take('tokens', 1)).toBe(REFUSE);
    expect(limiter.last.reason).toBe('blocked');
  });

  it('marks over the limit, only counts in shadow, and ignores what is off', () => {
    const { bind, put } = known();
    put('a/mark', [rate(1n)], { action: 'mark' });
    put('a/shadow', [rate(1n)], { mode: 'shadow' });
    put('a/off', [rate(0n)], { mode: 'off' });
    expect(bind({ quota: 'a/mark' }).take('tokens', 2)).toBe(MARK);
    expect(bind({ quota: 'a/shadow' }).take('tokens', 2)).toBe(SHADOW_REFUSE);
    expect(bind({ quota: 'a/off' }).take('tokens', 2)).toBe(ALLOW);
  });

  it('lets an override end by the clock, from the moment of its end on', () => {
    const { bind, put, clock } = known();
    const after = { at: BigInt(clock.now + 10 * second), limits: [rate(2n)] };
    put('a/x', [rate(1_000n)], { after });
    const handle = bind({ quota: 'a/x' });
    clock.now += 10 * second - 1;
    expect(handle.take('tokens', 500)).toBe(ALLOW);
    clock.now += 1;
    expect(handle.take('tokens', 3)).toBe(REFUSE);
    expect(handle.take('tokens', 2)).toBe(ALLOW);
    clock.now += second;
    expect(handle.take('tokens', 2)).toBe(ALLOW);
  });

  it('follows a stepped wall clock to the end of an override', () => {
    const { bind, put, clock, time, table } = known();
    const after = { at: BigInt(clock.now + 3_600 * second), limits: [rate(0n, 0n)] };
    put('a/x', [rate(5n)], { after });
    const handle = bind({ quota: 'a/x' });
    expect(handle.take('tokens', 1)).toBe(ALLOW);
    clock.wallAhead = 3_600 * second;
    if (time.measure()) table.wallStepped();
    expect(handle.take('tokens', 1)).toBe(REFUSE);
  });

  it('holds a calendar month, UTC, and does not open it anew when the wall is set back', () => {
    const { bind, put, clock, time } = known();
    put('a/x', [perWindow(5n, 'P1M')]);
    const handle = bind({ quota: 'a/x' });
    expect(handle.take('credits', 5)).toBe(ALLOW);
    expect(handle.take('credits', 1)).toBe(REFUSE);
    clock.wallAhead = -86_400 * second;
    time.measure();
    expect(handle.take('credits', 1)).toBe(REFUSE);
    clock.wallAhead = 0;
    time.measure();
    clock.now += 31 * 86_400 * second;
    expect(handle.take('credits', 5)).toBe(ALLOW);
  });

  it('shortens a window that is changed, with what was used in it', () => {
    const { bind, put, clock } = known();
    put('a/x', [perWindow(5n, 'P1D')]);
    const handle = bind({ quota: 'a/x' });
    expect(handle.take('credits', 5)).toBe(ALLOW);
    put('a/x', [perWindow(5n, 'PT1M')], { eventOffset: 2n });
    expect(handle.take('credits', 1)).toBe(REFUSE);
    clock.now += 60 * second;
    expect(handle.take('credits', 5)).toBe(ALLOW);
  });

  it('counts permits at every level, also those out before there was a limit', () => {
    const { bind, put, limiter } = known();
    put('a/x', [rate(5n)]);
    const handle = bind({ quota: 'a/x/y' });
    expect(handle.acquire('requests')).toBe(ALLOW);
    put('a/x', [permits(2n)], { eventOffset: 2n });
    const other = bind({ quota: 'a/x/z' });
    expect(other.acquire('requests')).toBe(ALLOW);
    expect(other.acquire('requests')).toBe(REFUSE);
    handle.release('requests');
    expect(other.acquire('requests')).toBe(ALLOW);
    handle.release('requests');
    expect(limiter.counters.unmatchedReleases).toBe(1);
    expect(other.acquire('requests')).toBe(REFUSE);
  });

  it('takes a stale rule as it says: hold, open, closed', () => {
    const { bind, put, limiter } = known();
    put('a/hold', [rate(1n)]);
    put('a/open', [rate(1n)], { onStale: 'open' });
    put('a/closed', [rate(1n)], { onStale: 'closed' });
    limiter.staleAt = 0;
    expect(bind({ quota: 'a/hold' }).take('tokens', 2)).toBe(REFUSE);
    expect(bind({ quota: 'a/open' }).take('tokens', 2)).toBe(ALLOW);
    expect(bind({ quota: 'a/closed' }).take('tokens', 1)).toBe(REFUSE);
    expect(limiter.last).toMatchObject({ reason: 'stale_closed', stale: true, degraded: true });
    bind({ quota: 'a/hold' }).peek('tokens', 1);
    expect(limiter.last).toMatchObject({ reason: 'within', stale: true, degraded: false });
  });

  it('refuses what is suspended, stale or not, whatever the rule says of staleness', () => {
    const { bind, put, limiter } = known();
    put('a/open', [blocked(rate(1n))], { onStale: 'open' });
    limiter.staleAt = 0;
    expect(bind({ quota: 'a/open' }).take('tokens', 1)).toBe(REFUSE);
    expect(limiter.last).toMatchObject({ reason: 'blocked', retryAfterMicros: NEVER });
  });

  it('says so when no rule speaks, and decides by whenNoRules before there are any', () => {
    const { bind, put, limiter } = known();
    put('a/x', [rate(1n)]);
    expect(bind({ quota: 'a/unknown' }).take('tokens', 9)).toBe(ALLOW);
    expect(limiter.last.reason).toBe('no_rule');
    expect(limiter.counters.ungoverned).toBe(1);
    const closed = bench('closed');
    const early = new BoundHandle(closed.limiter, closed.table, { quota: 'a/x' });
    expect(early.take('tokens', 1)).toBe(REFUSE);
    expect(closed.limiter.last.reason).toBe('no_rules');
    expect(closed.limiter.counters.withoutRules).toBe(1);
  });

  it('throws for what is no amount, and for nothing else', () => {
    const { bind } = known();
    const handle = bind({ quota: 'a/x' });
    for (const cost of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(() => handle.take('tokens', cost)).toThrow(RangeError);
    }
  });
});

describe('a handle', () => {
  const where = (attribute: string, operator: 'equals' | 'in' | 'prefix', ...values: string[]) => ({
    attribute,
    operator,
    values,
  });

  it('stands for the most specific match, then the first id', () => {
    const { bind, put } = known();
    put('a/any', [rate(1n)], { match: [where('model', 'prefix', 'gpt')] });
    put('a/both', [rate(1n)], {
      match: [where('model', 'prefix', 'gpt'), where('caller', 'in', 'etl', 'web')],
    });
    put('a/also', [rate(1n)], {
      match: [where('model', 'equals', 'gpt-5'), where('caller', 'equals', 'web')],
    });
    expect(bind({ model: 'gpt-5', caller: 'web' }).quotaId).toBe('a/also');
    expect(bind({ model: 'gpt-5', caller: 'etl' }).quotaId).toBe('a/both');
    expect(bind({ model: 'gpt-4' }).quotaId).toBe('a/any');
    expect(bind({ model: 'llama' }).quotaId).toBe(null);
    expect(bind({ quota: 'a/any', model: 'gpt-5', caller: 'web' }).quotaId).toBe('a/any');
    expect(bind({ quota: 'a/unknown', model: 'gpt-4' }).quotaId).toBe('a/any');
  });

  it('takes the higher priority before all, and a value before a prefix, and a longer prefix', () => {
    const { bind, put, limiter, table, clock } = known();
    const first = requestTerms({ priority: 5 });
    put('a/default', [rate(1n)], { match: [where('class', 'prefix', '')] });
    put('a/scan', [rate(1n)], { match: [where('class', 'prefix', 'scan-')] });
    put('a/big', [rate(1n)], { match: [where('class', 'prefix', 'scan-big')] });
    put('a/exact', [rate(1n)], { match: [where('class', 'equals', 'scan-big-1')] });
    expect(bind({ class: 'lookup' }).quotaId).toBe('a/default');
    expect(bind({ class: 'scan-small' }).quotaId).toBe('a/scan');
    expect(bind({ class: 'scan-big-2' }).quotaId).toBe('a/big');
    expect(bind({ class: 'scan-big-1' }).quotaId).toBe('a/exact');
    const scans = bind({ class: 'scan-big-1' });
    put('a/scan', [rate(1n)], {
      match: [where('class', 'prefix', 'scan-')],
      requests: first,
      eventOffset: 2n,
    });
    expect(scans.quotaId).toBe('a/scan');
    const { quotaId, fitting, limits } = explain(table, { class: 'scan-big-1' }, clock.now);
    expect(quotaId).toBe('a/scan');
    expect(fitting.map(({ quotaId: fits }) => fits)).toEqual([
      'a/scan',
      'a/exact',
      'a/big',
      'a/default',
    ]);
    expect(limits).toMatchObject([{ quotaId: 'a/scan', mode: 'enforce', action: 'refuse' }]);
    // Explaining took nothing, and counted nothing.
    expect(limiter.counters.byVerdict.every((count) => count === 0)).toBe(true);
    expect(scans.take('tokens', 1)).toBe(ALLOW);
  });

  it('moves to a better match, and gives permits back where it got them', () => {
    const { bind, put } = known();
    put('a/all', [permits(1n)], { match: [where('model', 'prefix', '')] });
    const handle = bind({ model: 'gpt-5' });
    expect(handle.acquire('requests')).toBe(ALLOW);
    put('a/one', [permits(1n)], {
      match: [where('model', 'prefix', ''), where('model', 'prefix', 'gpt')],
    });
    expect(handle.quotaId).toBe('a/one');
    expect(handle.acquire('requests')).toBe(ALLOW);
    expect(handle.acquire('requests')).toBe(REFUSE);
    handle.release('requests');
    // The first release was of the permit of a/all.
    expect(handle.peek('requests', 1)).toBe(REFUSE);
    expect(bind({ quota: 'a/all' }).peek('requests', 1)).toBe(ALLOW);
    handle.release('requests');
    expect(handle.peek('requests', 1)).toBe(ALLOW);
  });

  it('keeps what it resolved while rules of other quotas come and go', () => {
    const { bind, put, table } = known();
    put('a/x', [rate(10n)]);
    const handle = bind({ quota: 'a/x/y' });
    handle.take('tokens', 1);
    const nodes = vi.spyOn(table, 'nodeOf');
    put('a/other', [rate(10n)], { eventOffset: 2n });
    nodes.mockClear();
    expect(handle.take('tokens', 9)).toBe(ALLOW);
    expect(nodes).not.toHaveBeenCalled();
    put('a/x', [rate(10n, 20n)], { eventOffset: 3n });
    expect(handle.take('tokens', 1)).toBe(REFUSE);
    expect(nodes).toHaveBeenCalled();
  });

  it('that is lost gives back the permits that are out', async () => {
    const { bind, put, limiter } = known();
    put('a/x', [permits(2n)]);
    const lose = (): void => {
      bind({ quota: 'a/x' }).acquire('requests', 2);
    };
    lose();
    const other = bind({ quota: 'a/x' });
    expect(other.acquire('requests')).toBe(REFUSE);
    const collect = collector();
    for (let turns = 0; turns < 50 && limiter.counters.reclaimedPermits === 0; turns += 1) {
      await collect();
    }
    expect(limiter.counters.reclaimedPermits).toBe(2);
    expect(other.acquire('requests', 2)).toBe(ALLOW);
  });

  it('takes back a permit once: by hand, at the end of its scope, when it is lost, when its time is up', async () => {
    const { bind, put, limiter, clock } = known();
    put('a/x', [permits(1n)]);
    const handle = bind({ quota: 'a/x' });
    const first = handle.permit('requests');
    expect(handle.permit('requests')).toBeNull();
    first?.release();
    first?.release();
    {
      using scoped = handle.permit('requests');
      expect(scoped).not.toBeNull();
      expect(handle.permit('requests')).toBeNull();
    }
    expect(handle.permit('requests') === null).toBe(false);
    const collect = collector();
    for (let turns = 0; turns < 50 && limiter.counters.reclaimedPermits === 0; turns += 1) {
      await collect();
    }
    expect(limiter.counters.reclaimedPermits).toBe(1);
    const hanging = handle.permit('requests');
    clock.now += limiter.permitLifeMicros - 1;
    limiter.permits.expire(clock.now);
    expect(handle.permit('requests')).toBeNull();
    clock.now += 1;
    limiter.permits.expire(clock.now);
    expect(handle.peek('requests', 1)).toBe(ALLOW);
    hanging?.release();
    expect(limiter.permits.size).toBe(0);
    expect(limiter.counters).toMatchObject({ reclaimedPermits: 2, unmatchedReleases: 0 });
  });

  it('ignores an older rule, and keeps the last good one when a new one cannot be enforced', () => {
    const { bind, put } = known();
    put('a/x', [rate(5n)], { eventOffset: 7n });
    expect(put('a/x', [rate(100n)], { eventOffset: 6n })).toBe(false);
    expect(() => put('a/x', [perWindow(1n, 'P1M1D')], { eventOffset: 8n })).toThrow(/P1M1D/);
    expect(bind({ quota: 'a/x' }).take('tokens', 6)).toBe(REFUSE);
  });
});

describe('usage', () => {
  it('is counted at the bound quota, with zero for what is bound and idle', () => {
    const { bind, put, meters, clock } = known();
    put('a/x', [rate(10n), permits(2n)], { project: 'org/p' });
    put('a/idle', [rate(10n)]);
    bind({ quota: 'a/idle' });
    const handle = bind({ quota: 'a/x' });
    handle.take('tokens', 6);
    handle.take('tokens', 6);
    clock.now += second / 2;
    handle.take('tokens', 6, true);
    handle.acquire('requests', 2);
    handle.acquire('requests');
    clock.now += 3 * second;
    handle.release('requests');
    clock.now += second;
    const start = BigInt(clock.now) - 4_500_000n;
    const none = { refused: 0n, queued: 0n, trialRefused: 0n };
    expect(meters.close(clock.now, clock.now)).toEqual([
      {
        quotaId: 'a/idle',
        project: null,
        windowStart: start,
        windowEnd: BigInt(clock.now),
        resources: [{ resource: 'tokens', used: 0n, peak: 0n, ...none }],
      },
      {
        quotaId: 'a/x',
        project: 'org/p',
        windowStart: start,
        windowEnd: BigInt(clock.now),
        resources: [
          { resource: 'requests', used: 7n, refused: 1n, queued: 0n, peak: 2n, trialRefused: 0n },
          { resource: 'tokens', used: 12n, refused: 6n, queued: 6n, peak: 12n, trialRefused: 0n },
        ],
      },
    ]);
    clock.now += second / 2;
    const [, next] = meters.close(clock.now, clock.now);
    // Half a unit-second is not lost: it stays for the next window.
    expect(next?.resources[0]).toEqual({ resource: 'requests', used: 0n, peak: 1n, ...none });
    clock.now += second / 2;
    expect(meters.close(clock.now, clock.now)[1]?.resources[0]?.used).toBe(1n);
  });

  it('ends with the quota, and goes on at the one above', () => {
    const { bind, put, table, meters, clock } = known();
    put('a/x', [rate(10n)]);
    put('a/x/y', [rate(10n)]);
    const handle = bind({ quota: 'a/x/y' });
    handle.take('tokens', 1);
    table.remove('a/x/y', 1n, clock.now);
    handle.take('tokens', 2);
    const used = meters
      .close(clock.now, clock.now + 1)
      .map(({ quotaId, resources }) => [quotaId, resources[0]?.used]);
    expect(used).toEqual([
      ['a/x/y', 1n],
      ['a/x', 2n],
    ]);
    expect(meters.close(clock.now, clock.now + 2).map(({ quotaId }) => quotaId)).toEqual(['a/x']);
  });
});
