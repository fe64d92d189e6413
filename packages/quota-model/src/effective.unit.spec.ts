import type { ResourceLimit } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { effectiveLimits, uncutLimit } from './effective.ts';
import type { ApplicationState, EffectiveLimit } from './model.ts';
import { stateAfter } from './testing/given.ts';
import type { Fact } from './testing/given.ts';
import {
  content,
  cores,
  created,
  evidence,
  haircutApplied,
  registered,
  sessions,
  tokens,
  unbounded,
} from './testing/samples.ts';
import { HOUR, START } from './testing/stamp.ts';

const after = (...facts: Fact[]): ApplicationState =>
  stateAfter('application:moka', registered, ...facts) as ApplicationState;
const until = START + HOUR;
const overridden = (quotaId: string, ...limits: ResourceLimit[]): Fact => ({
  type: 'QuotaOverridden',
  data: { limits, until, suspension: false, replacesOverride: false },
  quotaId,
});
const resized = (quotaId: string, limit: ResourceLimit): Fact => ({
  type: 'QuotaResized',
  data: { limit, evidence, proposalId: null },
  quotaId,
});
const explain = (state: ApplicationState, quotaId: string, resource = 'tokens'): EffectiveLimit => {
  const found = effectiveLimits(state, quotaId).find((limit) => limit.resource === resource);
  if (found === undefined) throw new Error(`No ${resource} of ${quotaId}.`);
  return found;
};
const inForce = (state: ApplicationState, quotaId: string, resource?: string): ResourceLimit =>
  explain(state, quotaId, resource).limit;
const layersOf = (limit: EffectiveLimit): [string, bigint][] =>
  limit.layers.map(({ layer, limit: { amount } }) => [layer, amount]);

const rightsizing = [{ resource: 'tokens', min: 1n, max: 1_000n, workload: null, pinned: false }];
const prod = created('moka/prod', [tokens(1_000n)], { project: 'acme/assistant' });
const ads = created('moka/prod/ads', [tokens(400n)], { rightsizing });

describe('effectiveLimits', () => {
  it('has no entry where nobody speaks of the resource, and none for an unknown quota', () => {
    const state = after(prod, created('moka/prod/ads'));
    expect(effectiveLimits(state, 'moka/prod/ads').map(({ resource }) => resource)).toEqual([
      'tokens',
    ]);
    expect(effectiveLimits(state, 'moka/none')).toEqual([]);
  });

  it('inherits an ancestor, whose guarantee stays its own', () => {
    const state = after(created('moka/prod', [cores(50n, 100n)]), created('moka/prod/ads'));
    const effective = explain(state, 'moka/prod/ads', 'cores');
    expect(effective).toMatchObject({
      boundBy: 'moka/prod',
      limit: { amount: 100n, guaranteed: null },
    });
    expect(layersOf(effective)).toEqual([['ancestor', 100n]]);
  });

  it('stacks base, rightsized, haircut and override, and shows each', () => {
    const state = after(
      prod,
      ads,
      resized('moka/prod/ads', tokens(200n)),
      haircutApplied('moka/prod/ads', 2_500),
      overridden('moka/prod/ads', tokens(900n)),
    );
    const effective = explain(state, 'moka/prod/ads');
    expect(effective.limit).toEqual(tokens(900n));
    expect(effective.boundBy).toBe('moka/prod/ads');
    expect(layersOf(effective)).toEqual([
      ['base', 400n],
      ['rightsized', 200n],
      ['haircut', 150n],
      ['override', 900n],
    ]);
    const [base, rightsized, haircut, override] = effective.layers;
    expect(base?.provenance.streamVersion).toBe(3n);
    expect(rightsized?.evidence).toEqual(evidence);
    expect(haircut?.haircut?.budgetId).toBe('monthly');
    expect(override?.until).toBe(until);
  });

  it('cuts what lies under the cut: an edit made meanwhile is cut too, and not twice', () => {
    const changed: Fact = {
      type: 'QuotaChanged',
      data: { content: content([tokens(800n)]) },
      quotaId: 'moka/prod/ads',
    };
    expect(
      inForce(after(prod, ads, haircutApplied('moka/prod/ads', 5_000), changed), 'moka/prod/ads'),
    ).toEqual(tokens(400n));
  });

  it('takes the deepest of several cuts, which do not add up', () => {
    const state = after(
      prod,
      ads,
      haircutApplied('moka/prod/ads', 5_000),
      haircutApplied('moka/prod/ads', 2_500, 0, { budgetId: 'daily' }),
    );
    expect(inForce(state, 'moka/prod/ads')).toEqual(tokens(200n));
    expect(explain(state, 'moka/prod/ads').layers.at(-1)?.haircut?.budgetId).toBe('monthly');
  });

  it('takes the least that any of several cuts leaves, of the burst too', () => {
    const small = created('moka/prod/ads', [tokens(3n, { burst: 100n })]);
    const cuts = [
      haircutApplied('moka/prod/ads', 9_000, 5_000),
      haircutApplied('moka/prod/ads', 4_000, 0, { budgetId: 'daily' }),
    ] as const;
    expect(inForce(after(prod, small, cuts[0]), 'moka/prod/ads')).toEqual(
      tokens(2n, { burst: 50n }),
    );
    expect(inForce(after(prod, small, ...cuts), 'moka/prod/ads')).toEqual(
      tokens(1n, { burst: 50n }),
    );
  });

  it('cuts what a quota inherits from a level that another pays for', () => {
    const shared = created('moka/prod', [tokens(1_000n)]);
    const unset = created('moka/prod/ads', [], { project: 'acme/assistant' });
    const below = created('moka/prod/ads/etl');
    const cut = haircutApplied('moka/prod/ads', 2_500);
    const state = after(shared, unset, below, cut);
    const effective = explain(state, 'moka/prod/ads');
    expect(effective.boundBy).toBe('moka/prod/ads');
    expect(layersOf(effective)).toEqual([
      ['ancestor', 1_000n],
      ['haircut', 750n],
    ]);
    expect(effective.layers.at(-1)?.haircut?.budgetId).toBe('monthly');
    expect(explain(state, 'moka/prod/ads/etl')).toMatchObject({
      boundBy: 'moka/prod/ads',
      limit: tokens(750n),
    });
    expect(inForce(state, 'moka/prod')).toEqual(tokens(1_000n));
    const opened = after(shared, unset, cut, overridden('moka/prod', tokens(2_000n)));
    expect(inForce(opened, 'moka/prod/ads')).toEqual(tokens(2_000n));
    const fire = after(shared, unset, below, cut, overridden('moka/prod/ads/etl', tokens(900n)));
    expect(inForce(fire, 'moka/prod/ads/etl')).toEqual(tokens(900n));
  });

  it('cuts what is inherited once, where the level above carries the same cut', () => {
    const below = created('moka/prod/ads');
    const cuts = [haircutApplied('moka/prod', 5_000), haircutApplied('moka/prod/ads', 5_000)];
    expect(explain(after(prod, below, ...cuts), 'moka/prod/ads')).toMatchObject({
      boundBy: 'moka/prod',
      limit: tokens(500n),
    });
  });

  it('keeps the cut of one budget when that of another is lifted', () => {
    const state = after(
      prod,
      ads,
      haircutApplied('moka/prod/ads', 5_000),
      haircutApplied('moka/prod/ads', 2_500, 0, { budgetId: 'daily' }),
      {
        type: 'HaircutLifted',
        data: { budgetId: 'monthly', cause: 'budget_raised', spend: '1', budget: '2' },
        quotaId: 'moka/prod/ads',
      },
    );
    expect(inForce(state, 'moka/prod/ads')).toEqual(tokens(300n));
  });

  it('reports a cut that has no number to work on', () => {
    const unlimited = unbounded(tokens(1n), 'unlimited');
    const state = after(created('moka/prod', [unlimited]), haircutApplied('moka/prod', 5_000));
    const effective = explain(state, 'moka/prod');
    expect(effective.limit).toEqual(unlimited);
    expect(effective.layers.at(-1)).toMatchObject({ layer: 'haircut', limit: unlimited });
  });

  it('is bound by the ancestor that is tighter, with what holds there', () => {
    const state = after(prod, ads, haircutApplied('moka/prod', 9_000));
    const effective = explain(state, 'moka/prod/ads');
    expect(effective).toMatchObject({ limit: tokens(100n), boundBy: 'moka/prod' });
    expect(effective.layers.at(-1)).toMatchObject({
      layer: 'ancestor',
      ancestor: 'moka/prod',
      haircut: { cutBasisPoints: 9_000 },
    });
  });

  it('closes everything below a suspended quota', () => {
    const state = after(prod, ads, overridden('moka/prod', unbounded(tokens(1n), 'blocked')));
    expect(inForce(state, 'moka/prod/ads').bound).toBe('blocked');
  });

  it('limits by the smallest burst on the path', () => {
    const state = after(
      created('moka/prod', [tokens(1_000n, { burst: 1_000n })]),
      created('moka/prod/ads', [tokens(400n, { burst: 5_000n })]),
    );
    expect(inForce(state, 'moka/prod/ads')).toEqual(tokens(400n, { burst: 1_000n }));
  });
});

describe('below a live override', () => {
  const etl = created('moka/prod/ads/etl', [tokens(300n)]);
  const cut = haircutApplied('moka/prod', 9_000);

  it('ancestors count without their haircuts, for the quota and for those below it', () => {
    const state = after(prod, ads, etl, cut, overridden('moka/prod/ads', tokens(900n)));
    expect(inForce(state, 'moka/prod/ads')).toEqual(tokens(900n));
    expect(inForce(state, 'moka/prod/ads/etl')).toEqual(tokens(300n));
    expect(inForce(state, 'moka/prod')).toEqual(tokens(100n));
  });

  it('a cut of the quota below still counts', () => {
    const state = after(
      prod,
      ads,
      etl,
      cut,
      overridden('moka/prod/ads', tokens(900n)),
      haircutApplied('moka/prod/ads/etl', 5_000),
    );
    expect(inForce(state, 'moka/prod/ads/etl')).toEqual(tokens(150n));
  });

  it('only the resources of the override are free of the cut', () => {
    const state = after(
      created('moka/prod', [sessions(10n), tokens(1_000n)]),
      created('moka/prod/ads', [sessions(10n)]),
      cut,
      overridden('moka/prod/ads', tokens(900n)),
    );
    expect(inForce(state, 'moka/prod/ads', 'sessions')).toEqual(sessions(1n));
  });

  it('the end restores exactly what lies under it', () => {
    const before = after(prod, ads, etl, cut);
    const ended = after(prod, ads, etl, cut, overridden('moka/prod/ads', tokens(900n)), {
      type: 'QuotaOverrideEnded',
      data: { end: 'lifted' },
      quotaId: 'moka/prod/ads',
    });
    for (const quotaId of ['moka/prod', 'moka/prod/ads', 'moka/prod/ads/etl']) {
      expect(effectiveLimits(ended, quotaId)).toEqual(effectiveLimits(before, quotaId));
    }
  });
});

describe('uncutLimit', () => {
  it('leaves haircuts out and overrides in', () => {
    const cut = after(prod, ads, haircutApplied('moka/prod', 9_000));
    expect(uncutLimit(cut, 'moka/prod/ads', 'tokens')).toEqual(tokens(400n));
    const low = after(prod, ads, overridden('moka/prod', tokens(50n)));
    expect(uncutLimit(low, 'moka/prod/ads', 'tokens')).toEqual(tokens(50n));
    expect(uncutLimit(low, 'moka/prod/ads', 'sessions')).toBeNull();
  });
});
