import type { QuotaContent, ResourceLimit } from '@prorata/schemas';
import { content, credits, sessions, tokens } from '@prorata/quota-model/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import type { EntitlementPlan } from './entitlementPlan.ts';
import { planReport } from './planReport.ts';
import { ProvisionStage, priceOf, share } from './testing/provisionStage.ts';

let stage: ProvisionStage;
beforeEach(() => {
  stage = new ProvisionStage();
});

function create(quotaId: string, limit: ResourceLimit, more: Partial<QuotaContent> = {}): void {
  const terms = content([limit], { project: 'acme/search', ...more });
  stage.say('application:moka', { type: 'CreateQuota', data: { quotaId, content: terms } });
}

function planOf(amount: string | null = null): EntitlementPlan {
  const plan = stage.provisioner.plan('acme', 'month', amount, stage.now);
  if (typeof plan === 'string') throw new Error(plan);
  return plan;
}

describe('what a budget buys', () => {
  it('is its share of the money by price and window, per second for a rate', () => {
    stage.budget([share('tokens', 5_000), share('cores', 2_000)]);
    // 500 at 0.01 a token over 100 s; 200 at 0.5 a milli-vcore-second over 100 s.
    expect(planOf().shares).toMatchObject([
      { money: '200', buys: 4n, target: 4n, step: 'allocate' },
      { money: '500', buys: 500n, target: 500n, unitsPerWindow: 100n, step: 'allocate' },
    ]);
  });

  it('is of a consumable what its own windows can use up', () => {
    stage.budget([share('credits', 10_000)]);
    expect(planOf().shares[0]).toMatchObject({ fault: 'WINDOW_UNKNOWN', step: 'not_possible' });
    create('moka/batch', credits(3n, 'PT10S'));
    // 1,000 at 2 a credit, in ten windows.
    expect(planOf().shares[0]).toMatchObject({ unitsPerWindow: 10n, buys: 50n, held: 3n });
  });

  it('counts the stairs of a graduated price, and hands out what its first amount buys', () => {
    stage.price(priceOf('tokens', '0.01', { steps: [{ fromUnits: 50_000n, amount: '0.001' }] }));
    const month = { kind: 'calendar_month', timeZone: 'UTC', count: 1 } as const;
    const window = { ...month, lengthMicros: null, anchor: null };
    stage.budget([share('tokens', 10_000)], { amount: '10000000', window });
    // 50,000 for 500, and 9,999,500,000 for the rest, in 2,678,400 s.
    expect(planOf().shares[0]).toMatchObject({ buys: 3_733n, target: 373n });
  });

  it('counts all at the dearest stair where the window is no month', () => {
    stage.price(priceOf('tokens', '0.01', { steps: [{ fromUnits: 50_000n, amount: '0.02' }] }));
    stage.budget([share('tokens', 10_000)]);
    expect(planOf().shares[0]).toMatchObject({ buys: 500n, target: 500n });
  });

  it('would be another of another amount, and nothing changes by asking', () => {
    stage.budget([share('tokens', 5_000)]);
    expect(planOf('100').shares[0]).toMatchObject({ money: '50', buys: 50n });
    expect(stage.provisioner.plan('acme', 'month', '-1', 0n)).toBe('not_an_amount');
    expect(stage.provisioner.plan('acme', 'none', null, 0n)).toBe('unknown');
    expect(stage.posted).toEqual([]);
  });

  it.each([
    ['PRICE_MISSING', share('sessions', 1)],
    ['RESOURCE_UNKNOWN', share('beans', 1)],
    ['APPLICATION_UNKNOWN', share('tokens', 1, 'elsewhere')],
  ])('is not known: %s', async (fault, of) => {
    create('moka/prod', sessions(1n));
    stage.budget([of]);
    expect(planOf().shares[0]).toMatchObject({ fault, step: 'not_possible', over: 0n });
    await stage.evaluate();
    expect(stage.posted).toEqual([]);
  });

  it('is no bound where the price is nothing', () => {
    stage.price(priceOf('tokens', '0'));
    stage.budget([share('tokens', 5_000)]);
    expect(planOf().shares[0]).toMatchObject({ fault: 'PRICE_ZERO', step: 'not_possible' });
  });
});

describe('what no longer fits', () => {
  beforeEach(() => {
    create('moka/kept', tokens(100n), { tier: 0 });
    create('moka/least', tokens(30n), { tier: 4 });
    create('moka/late', tokens(40n), { tier: 4, cutPriority: 9 });
    create('moka/other', tokens(900n), { project: 'acme/other' });
    stage.budget([share('tokens', 10_000)]);
  });

  it('is named by tier and cut priority, as far as it goes, before anything is taken', () => {
    // 100 s of a token a second cost 1.
    expect(planOf('120').shares[0]).toMatchObject({
      target: 120n,
      held: 170n,
      over: 50n,
      step: 'does_not_fit',
      overfull: [
        { quotaId: 'moka/late', holds: 40n, over: 40n },
        { quotaId: 'moka/least', holds: 30n, over: 10n },
      ],
    });
    expect(planOf('170').shares[0]).toMatchObject({ over: 0n, overfull: [], step: 'allocate' });
  });

  it('counts what stands below another quota of the project once', () => {
    create('moka/kept/part', tokens(90n), { project: null });
    expect(planOf('120').shares[0]).toMatchObject({ held: 170n, overfull: [{}, {}] });
  });

  it('is all that has no bound', () => {
    const endless: ResourceLimit = { ...tokens(0n), bound: 'unlimited' };
    create('moka/endless', endless, { tier: 2 });
    expect(planOf().shares[0]).toMatchObject({
      held: null,
      over: null,
      overfull: [{ quotaId: 'moka/endless', holds: null, over: null }],
      step: 'does_not_fit',
    });
  });

  it('is written out for a person', () => {
    expect(planReport('acme', planOf('120'), 0n)).toMatchObject({
      amount: '120',
      amountInForce: '1000',
      handedOut: '0',
      beyond: '0',
      shares: [{ step: 'does_not_fit', doesNotFit: [{ quotaId: 'moka/late', over: 40n }, {}] }],
    });
  });
});

describe('the provisioner', () => {
  it('hands out what a budget buys, once', async () => {
    stage.budget([share('tokens', 5_000)]);
    await stage.evaluate();
    expect(stage.entitled('tokens')).toBe(500n);
    expect(planOf().shares[0]).toMatchObject({ step: 'fits', entitled: 500n });
    await stage.evaluate();
    stage.restart();
    await stage.evaluate();
    expect(stage.allocations).toHaveLength(1);
  });

  it('hands out nothing of a budget that only rehearses', async () => {
    stage.budget([share('tokens', 5_000)], { mode: 'dry_run' });
    await stage.evaluate();
    expect(stage.posted).toEqual([]);
    expect(planOf().shares[0]).toMatchObject({ step: 'allocate' });
  });

  it('follows a raised budget and a new price', async () => {
    stage.budget([share('tokens', 5_000)]);
    await stage.evaluate();
    stage.budget([share('tokens', 5_000)], { amount: '2000' });
    await stage.evaluate();
    expect(stage.entitled('tokens')).toBe(1_000n);
    stage.price(priceOf('tokens', '0.005'));
    await stage.evaluate();
    expect(stage.entitled('tokens')).toBe(2_000n);
  });

  it('lowers what still fits, and tells what does not', async () => {
    create('moka/prod', tokens(300n));
    stage.budget([share('tokens', 5_000)]);
    await stage.evaluate();
    stage.budget([share('tokens', 4_000)]);
    await stage.evaluate();
    expect(stage.entitled('tokens')).toBe(400n);
    stage.budget([share('tokens', 2_000)]);
    const { budgets } = await stage.evaluate();
    expect(stage.entitled('tokens')).toBe(400n);
    expect(budgets).toMatchObject([
      { posted: [], plan: { shares: [{ step: 'does_not_fit', over: 100n }] } },
    ]);
    stage.say('application:moka', {
      type: 'DeleteQuota',
      data: { quotaId: 'moka/prod', children: 'refuse' },
    });
    await stage.evaluate();
    expect(stage.entitled('tokens')).toBe(200n);
  });

  it('releases what buys nothing any more', async () => {
    stage.budget([share('cores', 5_000)]);
    await stage.evaluate();
    expect(stage.entitled('cores')).toBe(10n);
    stage.budget([share('cores', 1)]);
    await stage.evaluate();
    expect(stage.entitled('cores')).toBe('blocked');
    expect(planOf().shares[0]).toMatchObject({ target: 0n, step: 'fits' });
  });

  it('moves money from one resource to another, the freed money first', async () => {
    stage.budget([share('tokens', 9_000), share('cores', 1_000)]);
    await stage.evaluate();
    stage.budget([share('tokens', 1_000), share('cores', 9_000)]);
    await stage.evaluate();
    expect([stage.entitled('tokens'), stage.entitled('cores')]).toEqual([100n, 2n]);
    await stage.evaluate();
    expect([stage.entitled('tokens'), stage.entitled('cores')]).toEqual([100n, 18n]);
  });

  it('leaves alone what a person handed out beside the split, or from another budget', async () => {
    const unitCost = {
      priceBook: 'list',
      priceBookVersion: 1n,
      currency: 'USD',
      amount: '0.01',
      perUnits: 1n,
      unitsPerWindow: 100n,
    };
    const by = { project: 'acme/search', application: 'moka', bound: 'amount', unitCost } as const;
    stage.budget([]);
    stage.say('organization:acme', {
      type: 'AllocateEntitlement',
      data: { ...by, budgetId: 'month', resource: 'tokens', amount: 900n },
    });
    stage.budget([share('cores', 5_000)]);
    await stage.evaluate();
    await stage.evaluate();
    expect(stage.entitled('tokens')).toBe(900n);
    // The person's allocation keeps 900 of the 1,000.
    expect(planOf().shares[0]).toMatchObject({ step: 'waits', target: 10n });
  });

  it('says the same again when it was not answered, and once more after a rest when refused', async () => {
    stage.budget([share('tokens', 5_000)]);
    stage.lost.push('AllocateEntitlement');
    await stage.evaluate();
    stage.restart();
    await stage.evaluate();
    expect(new Set(stage.allocations.map(({ commandId }) => commandId)).size).toBe(1);
    expect(stage.entitled('tokens')).toBe(500n);
  });

  it.each(['AllocateEntitlement', 'SetEntitlement', 'CompleteAllocation'] as const)(
    'hands out once, though the answer to %s was lost and another process went on',
    async (type) => {
      stage.budget([share('tokens', 5_000), share('cores', 2_000)]);
      stage.unheard.push(type);
      await stage.evaluate();
      stage.restart();
      await stage.evaluate();
      await stage.evaluate();
      const ids = stage.allocations.map(({ commandId }) => commandId);
      expect(new Set(ids).size).toBe(2);
      expect([stage.entitled('tokens'), stage.entitled('cores')]).toEqual([500n, 4n]);
      expect(planOf().shares).toMatchObject([{ step: 'fits' }, { step: 'fits' }]);
    },
  );

  it('rests after the application has refused, instead of asking each time', async () => {
    stage.budget([share('tokens', 5_000)]);
    // What the view does not know yet: the application refuses what the plan thinks fits.
    stage.lost.push('SetEntitlement');
    await stage.evaluate();
    create('moka/prod', tokens(600n));
    await stage.evaluate();
    expect(stage.entitled('tokens')).toBeUndefined();
    for (let minute = 0; minute < 4; minute += 1) await stage.evaluate();
    expect(stage.allocations).toHaveLength(1);
  });
});

describe('a budget that is lowered below what is handed out', () => {
  it('is refused by name, with where to look; a lower split and then the amount go', async () => {
    stage.budget([share('tokens', 5_000), share('cores', 2_000)]);
    await stage.evaluate();
    const refused = stage.budget([share('tokens', 5_000), share('cores', 2_000)], {
      amount: '600',
    });
    expect(refused).toMatchObject({
      kind: 'refused',
      violations: [
        {
          code: 'BUDGET_BELOW_SUM',
          message: expect.stringMatching(
            /500 to acme\/search for tokens of moka, 200 to .*entitlements\?amount=600/,
          ) as string,
        },
      ],
    });
    expect(planOf('600')).toMatchObject({ handedOut: '700', beyond: '100' });
    stage.budget([share('tokens', 3_000), share('cores', 1_200)]);
    await stage.evaluate();
    const lowered = stage.budget([share('tokens', 5_000), share('cores', 2_000)], {
      amount: '600',
    });
    expect(lowered.kind).toBe('accepted');
    await stage.evaluate();
    expect(planOf()).toMatchObject({
      handedOut: '400',
      shares: [{ step: 'fits' }, { step: 'fits' }],
    });
  });
});
