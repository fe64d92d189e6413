import type { ResourceLimit, Rule } from '@prorata/schemas';
import fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  bench,
  blocked,
  perWindow,
  rate,
  requestTerms,
  rule,
  startMicros,
} from '../../test/fixtures.ts';
import { BoundHandle } from './handle.ts';
import { ALLOW, DELAY, MARK, REFUSE } from './verdict.ts';
import type { Verdict } from './verdict.ts';
import type { WaitTerms } from './waitingLine.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

/** A host whose clock is the timers' own, so that both are virtual; milliseconds since its start. */
function host() {
  const parts = bench();
  const startedAt = performance.now();
  const nowMs = (): number => performance.now() - startedAt;
  parts.clock.monotonicMicros = () => startMicros + Math.round(nowMs() * 1000);
  parts.clock.wallMicros = () => parts.clock.monotonicMicros();
  parts.table.isKnown = true;
  let offset = 0n;
  const put = (quotaId: string, limits: ResourceLimit[], more: Partial<Rule> = {}) => {
    offset += 1n;
    parts.table.put(
      rule(quotaId, limits, { action: 'delay', ...more, eventOffset: offset }),
      parts.time.now(),
    );
  };
  const bind = (quota: string) => new BoundHandle(parts.limiter, parts.table, { quota });
  const passed: { readonly who: string; readonly atMs: number; readonly verdict: Verdict }[] = [];
  /** Asks and notes when what was answered. */
  const ask = (
    handle: BoundHandle,
    who: string,
    cost: number,
    terms: Partial<WaitTerms> = {},
    resource = 'tokens',
  ) =>
    handle
      .takeOrWait(resource, cost, { maxWaitMs: 60_000, ...terms })
      .then((verdict) => passed.push({ who, atMs: nowMs(), verdict }));
  return { ...parts, put, bind, nowMs, passed, ask };
}

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe('waiting for a turn', () => {
  it('comes in the order of asking, each at the moment of its own', async () => {
    const { put, bind, passed, ask, limiter } = host();
    put('a/x', [rate(10n)]);
    const handle = bind('a/x');
    for (const [index, cost] of [10, 5, 1, 10, 2].entries()) void ask(handle, String(index), cost);
    await pass(0);
    expect(limiter.waiting.size).toBe(4);
    await pass(1_900);
    expect(limiter.last.verdict).toBe(ALLOW);
    expect(passed.map(({ who, atMs, verdict }) => [who, atMs, verdict])).toEqual([
      ['0', 0, ALLOW],
      ['1', 500, ALLOW],
      ['2', 600, ALLOW],
      ['3', 1_600, ALLOW],
      ['4', 1_800, ALLOW],
    ]);
    expect(limiter.waiting.size).toBe(0);
  });

  it('is not overtaken by those who ask for less, and do not wait', async () => {
    const { put, bind, passed, ask } = host();
    put('a/x', [rate(10n)]);
    const handle = bind('a/x');
    handle.take('tokens', 10);
    void ask(handle, 'large', 10);
    let small = 0;
    for (let ms = 0; ms < 2_000; ms += 50) {
      await pass(50);
      if (handle.take('tokens', 1) === ALLOW) small += 1;
    }
    expect(passed).toEqual([{ who: 'large', atMs: 1_000, verdict: ALLOW }]);
    expect(small).toBe(10);
  });

  it('is for room of limits that delay alone, and not of those that let it go on over them', async () => {
    const { put, bind, passed, ask } = host();
    put('a/x', [rate(2n)], { action: 'mark' });
    put('a/x/y', [rate(10n)]);
    const handle = bind('a/x/y');
    handle.take('tokens', 10);
    await Promise.all([ask(handle, 'above', 5), pass(500)]);
    expect(passed).toEqual([{ who: 'above', atMs: 500, verdict: MARK }]);
  });

  it('is not begun where it would take too long, or waiting does not help', async () => {
    const { put, bind, passed, ask, limiter, meters, clock } = host();
    put('a/x', [rate(10n)]);
    const handle = bind('a/x');
    handle.take('tokens', 10);
    await ask(handle, 'late', 5, { maxWaitMs: 499 });
    await ask(handle, 'never', 11);
    expect(passed.map(({ verdict, atMs }) => [verdict, atMs])).toEqual([
      [DELAY, 0],
      [REFUSE, 0],
    ]);
    void ask(handle, 'in time', 5, { maxWaitMs: 500 });
    await pass(500);
    expect(passed.at(-1)).toEqual({ who: 'in time', atMs: 500, verdict: ALLOW });
    const [usage] = meters.close(clock.monotonicMicros(), clock.wallMicros());
    // What gave up was wanted and refused; what waited was queued.
    expect(usage?.resources[0]).toMatchObject({ used: 15n, refused: 16n, queued: 5n });
    await expect(handle.takeOrWait('tokens', 1, { maxWaitMs: -1 })).rejects.toThrow(RangeError);
    expect(limiter.waiting.size).toBe(0);
  });

  it('ends with the signal, and what was spoken for is there again', async () => {
    const { put, bind, passed, ask, limiter } = host();
    put('a/x', [rate(10n)]);
    const handle = bind('a/x');
    handle.take('tokens', 10);
    const caller = new AbortController();
    const gone = ask(handle, 'gone', 10, { signal: caller.signal });
    await pass(100);
    caller.abort(new Error('The caller has hung up.'));
    await expect(gone).rejects.toThrow('hung up');
    expect(limiter.waiting.size).toBe(0);
    expect(handle.take('tokens', 1)).toBe(ALLOW);
    await expect(ask(handle, 'too late', 1, { signal: caller.signal })).rejects.toThrow('hung up');
    expect(passed).toEqual([]);
  });

  it('takes what the limits are by then: blocked is refused', async () => {
    const { put, bind, passed, ask } = host();
    put('a/x', [rate(10n)]);
    const handle = bind('a/x');
    handle.take('tokens', 10);
    void ask(handle, 'one', 5);
    put('a/x', [blocked(rate(10n))]);
    await pass(500);
    expect(passed).toEqual([{ who: 'one', atMs: 500, verdict: REFUSE }]);
  });

  it('keeps its turn at one limit of the path while another has no room yet', async () => {
    const { put, bind, passed, ask } = host();
    put('a/x', [rate(10n)]);
    put('a/x/y', [rate(2n, 10n)]);
    const [above, below] = [bind('a/x'), bind('a/x/y')];
    below.take('tokens', 10);
    void ask(below, 'below', 4);
    await pass(1_990);
    above.take('tokens', 10);
    void ask(above, 'above', 3);
    await pass(1_000);
    // Its own limit has room at 2,000 ms, and the one above only behind who asked there before.
    expect(passed.map(({ who, atMs }) => [who, atMs])).toEqual([
      ['above', 2_290],
      ['below', 2_690],
    ]);
  });

  it('speaks for the next window of an amount, and for no later one', async () => {
    const { put, bind, passed, ask, limiter } = host();
    put('a/x', [perWindow(10n, 'PT10S')]);
    const handle = bind('a/x');
    handle.take('credits', 8);
    void ask(handle, 'next', 6, {}, 'credits');
    void ask(handle, 'small', 2, {}, 'credits');
    void ask(handle, 'fits', 4, {}, 'credits');
    void ask(handle, 'behind', 3, {}, 'credits');
    await pass(0);
    expect(passed.map(({ who, verdict }) => [who, verdict])).toEqual([
      ['small', ALLOW],
      ['behind', DELAY],
    ]);
    expect(limiter.last.retryAfterMicros).toBe(20_000_000);
    await pass(10_000);
    expect(passed.slice(2).map(({ who, atMs, verdict }) => [who, atMs, verdict])).toEqual([
      ['next', 10_000, ALLOW],
      ['fits', 10_000, ALLOW],
    ]);
    expect(handle.take('credits', 1)).toBe(DELAY);
  });

  it('has a bounded line, and none once the host stops', async () => {
    const { put, bind, passed, ask, limiter } = host();
    put('a/x', [rate(1_000_000n)]);
    const handle = bind('a/x');
    handle.take('tokens', 1_000_000);
    for (let each = 0; each <= 10_000; each += 1) void ask(handle, String(each), 1_000);
    await pass(0);
    expect(limiter.waiting).toMatchObject({ size: 10_000, turnedAway: 1 });
    expect(passed).toEqual([{ who: '10000', atMs: 0, verdict: DELAY }]);
    await pass(3);
    expect(passed.filter(({ verdict }) => verdict === ALLOW)).toHaveLength(3);
    limiter.waiting.stop();
    await pass(0);
    expect(limiter.waiting.size).toBe(0);
    expect(passed.filter(({ verdict }) => verdict === DELAY)).toHaveLength(9_998);
  });

  it('lets through over any stretch what the limits do, and keeps its word on how long', async () => {
    const arrival = fc.record({
      afterMs: fc.integer({ min: 0, max: 400 }),
      cost: fc.integer({ min: 0, max: 8 }),
      isBelow: fc.boolean(),
      maxWaitMs: fc.integer({ min: 0, max: 5_000 }),
      waits: fc.boolean(),
    });
    const terms = fc.record({
      amount: fc.bigInt(1n, 12n),
      burst: fc.bigInt(1n, 12n),
      below: fc.bigInt(1n, 12n),
      counting: fc.constantFrom('token_bucket' as const, 'sliding_window' as const),
    });
    await fc.assert(
      fc.asyncProperty(terms, fc.array(arrival, { maxLength: 40 }), async (limits, arrivals) => {
        const { put, bind, nowMs } = host();
        put('a/x', [rate(limits.amount, limits.burst)]);
        put('a/x/y', [rate(limits.below)], {
          requests: requestTerms({ counting: limits.counting }),
        });
        const [above, below] = [bind('a/x'), bind('a/x/y')];
        const admitted: { at: number; cost: number; isBelow: boolean }[] = [];
        for (const { afterMs, cost, isBelow, maxWaitMs, waits } of arrivals) {
          await pass(afterMs);
          const handle = isBelow ? below : above;
          const note = (verdict: Verdict): void => {
            if (verdict === ALLOW) admitted.push({ at: nowMs(), cost, isBelow });
          };
          if (!waits) note(handle.take('tokens', cost));
          else {
            const asked = nowMs();
            void handle.takeOrWait('tokens', cost, { maxWaitMs }).then((verdict) => {
              expect(nowMs() - asked).toBeLessThanOrEqual(maxWaitMs);
              note(verdict);
            });
          }
        }
        await pass(6_000);
        const stretch = (list: typeof admitted, most: (ms: number) => number): void => {
          for (let from = 0; from < list.length; from += 1) {
            let sum = 0;
            for (let to = from; to < list.length; to += 1) {
              sum += list[to]!.cost;
              expect(sum).toBeLessThanOrEqual(most(list[to]!.at - list[from]!.at) + 1e-6);
            }
          }
        };
        stretch(admitted, (ms) => Number(limits.burst) + (Number(limits.amount) * ms) / 1_000);
        const own = Number(limits.below);
        stretch(
          admitted.filter(({ isBelow }) => isBelow),
          (ms) =>
            limits.counting === 'sliding_window'
              ? ms < 1_000
                ? own
                : Infinity
              : own + (own * ms) / 1_000,
        );
      }),
      { numRuns: 150 },
    );
  });
});
