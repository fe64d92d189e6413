import {
  bounds,
  content,
  noChange,
  noTerms,
  registration,
  START,
  TestStream,
  tokens,
} from '@prorata/quota-model/testing';
import type { ResourceLimit } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { productionPolicy } from '../../policy.ts';
import type { DemandProfile, ProfilesAsked, RolledUsage } from '../../rollups/rolledUsage.ts';
import { LogView } from '../../view/logView.ts';
import type { UsageHistory } from './usageHistory.ts';
import { whatIf } from './whatIf.ts';
import type { AskedWhatIf, WhatIf } from './whatIf.ts';

const HOUR = 3_600_000_000n;
const DAY = 24n * HOUR;
const FIRST = START - (START % DAY) + DAY;
/** Three weeks of history, of which the last is judged. */
const END = FIRST + 21n * DAY;
const ASKED: AskedWhatIf = {
  subtree: 'moka',
  resource: null,
  workload: null,
  from: null,
  to: null,
};

/** What was wanted at a time; NaN: nothing was reported. */
type Demand = (at: bigint) => number;

interface Told {
  readonly quotas: Readonly<
    Record<string, { readonly limits: ResourceLimit[]; readonly more?: object }>
  >;
  readonly demand: Readonly<Record<string, Demand>>;
  /** What befell the log afterwards. */
  readonly later?: (stream: TestStream) => void;
}

function historyOf({ quotas, demand, later }: Told): UsageHistory {
  const stream = new TestStream('application:moka');
  const data = { ...registration, ...noTerms };
  stream.send({ type: 'RegisterApplication', data }, { roles: ['admin'] });
  for (const [quotaId, { limits, more }] of Object.entries(quotas)) {
    const body = { quotaId, content: content(limits, more) };
    stream.send({ type: 'CreateQuota', data: body }, { roles: ['admin'] });
  }
  later?.(stream);
  const view = new LogView();
  for (const event of stream.events) view.fold(event);
  const usage = { profiles: (asked: ProfilesAsked) => profilesOf(asked, demand) };
  return {
    view,
    usage: usage as unknown as RolledUsage,
    policy: productionPolicy,
    newest: END,
  };
}

async function* profilesOf(
  { series, to, stepMicros, steps }: ProfilesAsked,
  demand: Told['demand'],
): AsyncGenerator<DemandProfile[]> {
  await Promise.resolve();
  const from = to - BigInt(steps) * stepMicros;
  const none = { from, stepMicros, values: new Float64Array(0) };
  yield series.map((each) => {
    const wanted = demand[each.quotaId] ?? ((): number => NaN);
    const values = Float64Array.from({ length: steps }, (_, at) =>
      wanted(from + BigInt(at) * stepMicros),
    );
    const pressed = new Float64Array(steps);
    return { series: each, slots: none, highest: 0n, pressed, steps: { from, stepMicros, values } };
  });
}

const limited = (amount: bigint, terms: object = {}) => ({
  limits: [tokens(amount)],
  more: { rightsizing: [bounds('tokens', { min: 10n, max: 10_000n, ...terms })] },
});
const grown: Demand = (at) => (at < END - 2n * DAY ? 40 : 300);
const run = (told: Told, asked: Partial<AskedWhatIf> = {}): Promise<WhatIf> =>
  whatIf(historyOf(told), { ...ASKED, ...asked });

describe('what if a policy had run', () => {
  it('lists what would have changed when and why, beside the figures of what was in force', async () => {
    const found = await run({ quotas: { 'moka/a': limited(100n) }, demand: { 'moka/a': grown } });
    const raise = found.changes.find(({ at }) => at >= END - 2n * DAY);
    expect(raise).toMatchObject({ quotaId: 'moka/a', resource: 'tokens' });
    expect(raise?.reasons).toContain('REFUSED');
    expect(raise?.at).toBeLessThan(END - 2n * DAY + HOUR);
    expect(raise?.to).toBeGreaterThan(raise?.from ?? 0n);
    // Two days of seven were short with the limit that was in force; ours but for its first minutes.
    expect(found.inForce.violations).toBeCloseTo((2 / 7) * 100, 1);
    expect(found.then.violations).toBeLessThan(1);
    expect(found.inForce.changesPerSeriesDay).toBe(0);
    expect(found).toMatchObject({ limits: 1, windows: 7 * 288, missing: 0 });
  });

  it('changes nothing before the future that it does not know', async () => {
    const quotas = { 'moka/a': limited(100n) };
    const moment = END - 2n * DAY;
    const other: Demand = (at) => (at < moment ? 40 : 4_000);
    const [one, two] = [
      await run({ quotas, demand: { 'moka/a': grown } }),
      await run({ quotas, demand: { 'moka/a': other } }),
    ];
    const before = ({ changes }: WhatIf): unknown => changes.filter(({ at }) => at <= moment);
    expect(before(two)).toEqual(before(one));
    expect(two.changes).not.toEqual(one.changes);
  });

  it("stays within the owner's bounds, as the loop would have", async () => {
    const found = await run({
      quotas: { 'moka/a': limited(100n, { min: 90n, max: 150n }) },
      demand: { 'moka/a': grown },
    });
    expect(found.changes.length).toBeGreaterThan(0);
    for (const { to } of found.changes) {
      expect(to).toBeGreaterThanOrEqual(90n);
      expect(to).toBeLessThanOrEqual(150n);
    }
  });

  it('shows without bounds how far it would have gone', async () => {
    const found = await run({
      quotas: { 'moka/a': { limits: [tokens(100n)] } },
      demand: { 'moka/a': grown },
    });
    expect(found.changes.at(-1)?.to).toBeGreaterThan(290n);
  });

  it('tells what was in force at each time, not what is now', async () => {
    const found = await run({
      quotas: { 'moka/a': limited(100n) },
      demand: { 'moka/a': grown },
      later(stream) {
        stream.advanceTo(END - DAY);
        const change = { ...noChange, quotaId: 'moka/a', setLimits: [tokens(400n)] };
        stream.send({ type: 'ChangeQuota', data: change }, { roles: ['admin'] });
      },
    });
    expect(found.inForce.violations).toBeCloseTo((1 / 7) * 100, 1);
    expect(found.inForce.changesPerSeriesDay).toBeCloseTo(1 / 7, 3);
  });

  it('leaves alone what is pinned, not measured, or not reported, and says why', async () => {
    const blocked = tokens(0n, { bound: 'blocked' });
    const found = await run({
      quotas: {
        'moka/a': limited(100n),
        'moka/b': limited(100n, { pinned: true }),
        'moka/c': limited(100n),
        'moka/d': { limits: [blocked] },
      },
      demand: { 'moka/a': grown, 'moka/b': grown, 'moka/d': grown },
    });
    expect(found.leftAlone.map(({ quotaId, code }) => [quotaId, code])).toEqual([
      ['moka/b', 'PINNED'],
      ['moka/c', 'NO_DATA'],
      ['moka/d', 'NOT_MEASURED'],
    ]);
    expect(found.limits).toBe(1);
  });

  it('is of one subtree', async () => {
    const told = {
      quotas: { 'moka/a': limited(100n), 'moka/a/x': limited(50n), 'moka/ab': limited(100n) },
      demand: { 'moka/a': grown, 'moka/a/x': grown, 'moka/ab': grown },
    };
    expect((await run(told, { subtree: 'moka/a' })).limits).toBe(2);
    await expect(run(told, { subtree: 'moka/none' })).rejects.toMatchObject({ code: 'NO_SERIES' });
    await expect(run(told, { subtree: 'tidb' })).rejects.toMatchObject({ code: 'NO_SERIES' });
  });

  it('takes another class where one is to be tried: a guaranteed one keeps more room', async () => {
    const daily: Demand = (at) => 100 + 80 * Number((at / HOUR) % 24n > 20n);
    const told = { quotas: { 'moka/a': limited(400n) }, demand: { 'moka/a': daily } };
    const batch = await run(told, { workload: 'batch' });
    const guaranteed = await run(told, { workload: 'guaranteed' });
    expect(guaranteed.then.slack).toBeGreaterThan(batch.then.slack);
  });

  it('is bounded', async () => {
    const told = { quotas: { 'moka/a': limited(100n) }, demand: { 'moka/a': grown } };
    const from = END - 20_000n * DAY;
    await expect(run(told, { from })).rejects.toMatchObject({ code: 'TOO_MANY_WINDOWS' });
    await expect(run(told, { from: END })).rejects.toMatchObject({ code: 'TOO_SHORT' });
  });
});
