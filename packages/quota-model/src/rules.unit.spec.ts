import { describe, expect, it } from 'vitest';
import type { ApplicationState } from './model.ts';
import { affectedQuotas, ruleOf } from './rules.ts';
import { stateAfter } from './testing/given.ts';
import type { Fact } from './testing/given.ts';
import {
  content,
  created,
  haircutApplied,
  registered,
  registeredAs,
  registration,
  requestTerms,
  tokens,
} from './testing/samples.ts';
import { HOUR, START } from './testing/stamp.ts';
import { TestStream } from './testing/stream.ts';

const after = (...facts: Fact[]): ApplicationState =>
  stateAfter('application:moka', registered, ...facts) as ApplicationState;
const prod = created('moka/prod', [tokens(1_000n)], { project: 'acme/a', mode: 'shadow' });
const ads = created('moka/prod/ads', [tokens(400n)], { tier: 3 });
const overridden = (quotaId: string, amount: bigint, until: bigint): Fact => ({
  type: 'QuotaOverridden',
  data: { limits: [tokens(amount)], until, suspension: false, replacesOverride: false },
  quotaId,
});

describe('ruleOf', () => {
  it('says what a host enforces, with the defaults of the application', () => {
    expect(ruleOf(after(prod, ads), 'moka/prod/ads')).toEqual({
      application: 'moka',
      quotaId: 'moka/prod/ads',
      quotaVersion: 1n,
      limits: [tokens(400n)],
      match: [],
      action: 'refuse',
      degradeTag: null,
      mode: 'enforce',
      onStale: 'hold',
      tier: 3,
      project: 'acme/a',
      after: null,
      requests: null,
      candidate: null,
    });
    expect(ruleOf(after(prod, ads), 'moka/prod').mode).toBe('shadow');
  });

  it('follows other defaults of the application, but where the quota says so itself', () => {
    const other = registeredAs(
      { ...registration, defaultMode: 'off', defaultOnStale: 'closed' },
      2n,
    );
    const requests = requestTerms({ eachOf: 'caller', priority: 2, rampPercent: 50 });
    const own = created('moka/prod/own', [], { mode: 'enforce', onStale: 'open', requests });
    const state = after(prod, ads, own, other);
    expect(ruleOf(state, 'moka/prod/ads')).toMatchObject({ mode: 'off', onStale: 'closed' });
    expect(ruleOf(state, 'moka/prod/own')).toMatchObject({
      mode: 'enforce',
      onStale: 'open',
      requests,
    });
  });

  it('says what holds after the earliest end on the path', () => {
    const state = after(
      prod,
      ads,
      overridden('moka/prod', 100n, START + HOUR),
      overridden('moka/prod/ads', 50n, START + 2n * HOUR),
    );
    const rule = ruleOf(state, 'moka/prod/ads');
    expect(rule.limits).toEqual([tokens(50n)]);
    expect(rule.after).toEqual({ at: START + HOUR, limits: [tokens(50n)] });
    expect(ruleOf(state, 'moka/prod').after).toEqual({
      at: START + HOUR,
      limits: [tokens(1_000n)],
    });
  });

  it('brings the haircuts above back when the override ends', () => {
    const state = after(
      prod,
      ads,
      haircutApplied('moka/prod', 9_000),
      overridden('moka/prod/ads', 900n, START + HOUR),
    );
    const rule = ruleOf(state, 'moka/prod/ads');
    expect(rule.limits).toEqual([tokens(900n)]);
    expect(rule.after?.limits).toEqual([tokens(100n)]);
  });

  it('counts every event about the quota in its version', () => {
    const state = after(
      prod,
      haircutApplied('moka/prod', 1_000),
      overridden('moka/prod', 5n, START + HOUR),
    );
    expect(ruleOf(state, 'moka/prod').quotaVersion).toBe(3n);
  });

  it('is not made for what does not exist', () => {
    expect(() => ruleOf(after(), 'moka/prod')).toThrow(RangeError);
  });
});

describe('affectedQuotas', () => {
  /** The quotas that the last of the facts affects. */
  const affected = (...facts: Fact[]): readonly string[] => {
    const stream = new TestStream('application:moka');
    const versions = new Map<string, bigint>();
    for (const fact of [registered, ...facts]) {
      const quotaId = fact.quotaId ?? null;
      const version = quotaId === null ? null : (versions.get(quotaId) ?? 0n) + 1n;
      if (quotaId !== null && version !== null) versions.set(quotaId, version);
      stream.append([{ ...fact, quotaId, quotaVersion: version }]);
    }
    const before = stateAfter('application:moka', registered, ...facts.slice(0, -1));
    const { registration: former } = before as ApplicationState;
    return [...affectedQuotas(stream.state as ApplicationState, stream.events.at(-1)!, former)];
  };
  const dev = created('moka/dev');

  it('are all below a changed quota, parents first', () => {
    const change: Fact = {
      type: 'QuotaChanged',
      data: { content: content() },
      quotaId: 'moka/prod',
    };
    expect(
      affected(prod, ads, created('moka/prod/ads/etl'), created('moka/prod/a'), dev, change),
    ).toEqual(['moka/prod', 'moka/prod/ads', 'moka/prod/a', 'moka/prod/ads/etl']);
  });

  it('are all of the application when its defaults have changed, and none when they have not', () => {
    const again = (more: Partial<typeof registration>) =>
      affected(prod, ads, dev, registeredAs({ ...registration, ...more }, 2n));
    const all = ['moka/prod', 'moka/dev', 'moka/prod/ads'];
    const data = { limits: [], until: START + HOUR, suspension: true, replacesOverride: false };
    const suspended: Fact = { type: 'QuotaOverridden', data, quotaId: 'moka/prod' };
    const other = registeredAs({ ...registration, resources: [] }, 2n);
    expect(affected(prod, ads, dev, suspended, other)).toEqual(['moka/prod', 'moka/prod/ads']);
    expect(again({ defaultMode: 'shadow' })).toEqual(all);
    expect(again({ defaultOnStale: 'closed' })).toEqual(all);
    expect(again({ displayName: 'Moka 2', resources: [] })).toEqual([]);
  });

  it('are the deleted one alone, and none for an entitlement', () => {
    expect(
      affected(prod, ads, { type: 'QuotaDeleted', data: {}, quotaId: 'moka/prod/ads' }),
    ).toEqual(['moka/prod/ads']);
    expect(
      affected(prod, {
        type: 'EntitlementSet',
        data: { project: 'acme/a', resource: 'tokens', bound: 'amount', amount: 1n, source: null },
      }),
    ).toEqual([]);
  });
});
