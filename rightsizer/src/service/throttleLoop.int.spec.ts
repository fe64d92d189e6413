import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../test/deployment.ts';
import type { RecordedCommand } from '../../test/fakeGateway.ts';
import { policy, Scene } from '../../test/scene.ts';

let scene: Scene;

beforeEach(async () => {
  scene = await Scene.open();
});
afterEach(() => scene.deployment.close());

interface SpendBody {
  readonly spend: string | null;
  readonly overrunBasisPoints: number | null;
  readonly window: { readonly start: string; readonly end: string };
  readonly lines: readonly { readonly money: string; readonly used: number }[];
  /** Absent from a problem: the budget has not been folded yet. */
  readonly frozen?: readonly { readonly code: string }[];
  readonly wouldDo: readonly unknown[];
}

describe('the budget throttle', () => {
  const spend = async (service: { readonly url: string }): Promise<SpendBody> => {
    const route = '/v1/budgets/acme/month/spend';
    return (await (await scene.deployment.get(service as never, route)).json()) as SpendBody;
  };
  const frozenBy = (service: { readonly url: string }, code: string): Promise<boolean> =>
    eventually(async () => (await spend(service)).frozen?.some((each) => each.code === code));

  /** One that was stopped before it heard the answer asks again by the same id. */
  const cuts = (): RecordedCommand[] => {
    const sent = scene.deployment.gateway.of('ApplyHaircut');
    return [...new Map(sent.map((command) => [command.commandId, command])).values()];
  };

  it('cuts step by step, and restores exactly what was there when the budget is raised', async () => {
    await scene.prepare();
    await scene.prepareMoney();
    await scene.defineBudget();
    const before = scene.quota;
    await scene.useLately(2, 900n);
    const service = await scene.deployment.start(policy, ['sink', 'throttle', 'ledger']);
    await eventually(() => scene.quota.haircuts.get('month')?.cutBasisPoints === 5_000);
    const cuts = scene.deployment.gateway.of('ApplyHaircut');
    expect(cuts.map(({ data }) => (data['evidence'] as { figures: object }).figures)).toMatchObject(
      [
        { step: '0', spend: '60', overrunBasisPoints: '2000' },
        { step: '1', spend: '60', overrunBasisPoints: '2000' },
      ],
    );
    expect(scene.inForce).toBe(500n);
    await delay(1_000);
    expect(scene.deployment.gateway.of('ApplyHaircut')).toHaveLength(2);
    expect(scene.deployment.gateway.of('CompleteCut')).toHaveLength(2);
    expect(await spend(service)).toMatchObject({
      spend: '60',
      overrunBasisPoints: 2_000,
      lines: [{ used: 1_800, money: '60' }],
      wouldDo: [],
      frozen: [],
    });
    const explained = await scene.deployment.get(service, '/v1/budgets/acme/month/explain');
    expect(await explained.json()).toMatchObject({
      budget: { id: 'month', origin: { stream: 'organization:acme' } },
      lines: [{ used: 1_800, price: { amount: '0.10', perUnits: 3 }, money: '60' }],
      targetStep: 1,
      steps: [
        { atSpend: '50', isReached: true, waves: [1] },
        { atSpend: '55', isReached: true, waves: [1] },
      ],
      places: [{ application: 'llm', project: 'acme/search', cut: { step: 1, quotas: 1 } }],
      frozen: [],
    });
    const { window } = await spend(service);
    const asked = `organization=acme&project=acme/search&from=${window.start}&to=${window.end}`;
    const costs = await scene.deployment.get(service, `/v1/costs?${asked}`);
    expect(await costs.json()).toMatchObject({
      priceBook: 'list',
      total: { cost: '60', used: 1_800 },
      lines: [{ quota: 'llm/chat', used: 1_800, cost: '60' }],
    });

    await scene.defineBudget({ amount: '60' });
    await eventually(() => scene.quota.haircuts.size === 0);
    expect(scene.deployment.gateway.of('LiftHaircut')).toMatchObject([
      { data: { cause: 'budget_raised', spend: '60', budget: '60' } },
    ]);
    expect({ ...scene.quota, version: before.version }).toEqual(before);
    expect(scene.inForce).toBe(1_000n);

    // Over again: another cut, and no repetition of the first.
    await scene.useLately(1, 300n);
    await eventually(() => scene.quota.haircuts.get('month')?.cutBasisPoints === 5_000);
    const ids = scene.deployment.gateway.commands.map(({ commandId }) => commandId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('lifts when the window has rolled, and starts anew', async () => {
    await scene.prepare();
    await scene.prepareMoney();
    await scene.defineBudget({ lengthMicros: 6_000_000 });
    await scene.deployment.start(policy, ['sink', 'throttle']);
    const keepUsing = setInterval(() => void scene.useLately(1, 900n), 500);
    const cut = await eventually(() => scene.deployment.gateway.of('ApplyHaircut')[0]);
    clearInterval(keepUsing);
    await eventually(() => scene.deployment.gateway.of('LiftHaircut')[0]);
    expect(scene.deployment.gateway.of('LiftHaircut')[0]!.data['cause']).toBe('window_rolled');
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(String(cut.data['windowEnd'])));
    expect(scene.quota.haircuts.size).toBe(0);
  });

  it('does not cut in another currency, and says so', async () => {
    await scene.prepare();
    await scene.prepareMoney({ currency: 'EUR' });
    await scene.defineBudget();
    await scene.useLately(2, 900n);
    const service = await scene.deployment.start(policy, ['sink', 'throttle']);
    await frozenBy(service, 'CURRENCY_OTHER');
    await delay(600);
    expect(scene.deployment.gateway.commands).toHaveLength(0);
  });

  it('does not cut what has no price', async () => {
    await scene.prepare();
    await scene.prepareMoney({ resource: 'requests' });
    await scene.defineBudget();
    await scene.useLately(2, 900n);
    const service = await scene.deployment.start(policy, ['sink', 'throttle']);
    await frozenBy(service, 'PRICE_MISSING');
    await delay(600);
    expect(scene.deployment.gateway.commands).toHaveLength(0);
  });

  it('does not lift what it cannot see spent, but lifts for a raise above it', async () => {
    await scene.prepare();
    await scene.prepareMoney();
    await scene.defineBudget({ amount: '59.9' });
    await scene.useLately(2, 900n);
    const first = await scene.deployment.start(policy, ['sink', 'throttle']);
    await eventually(() => scene.quota.haircuts.get('month')?.cutBasisPoints === 2_000);
    await first.stop();
    await rm(scene.deployment.directory, { recursive: true });
    const blind = await scene.deployment.start(policy, ['throttle']);
    await frozenBy(blind, 'TABLE_BEHIND');
    await delay(600);
    expect(scene.deployment.gateway.of('LiftHaircut')).toHaveLength(0);
    await scene.deployment.start(policy, ['sink']);
    await scene.defineBudget({ amount: '60' });
    await eventually(() => scene.quota.haircuts.size === 0);
    expect(scene.deployment.gateway.of('LiftHaircut')).toMatchObject([
      { data: { cause: 'budget_raised', spend: '60' } },
    ]);
  });

  it('does not cut on stale usage, and lifts nonetheless', async () => {
    await scene.prepare();
    await scene.prepareMoney();
    await scene.defineBudget();
    await scene.useLately(2, 900n);
    const impatient = { ...policy, throttle: { ...policy.throttle, freshnessMs: 1 } };
    const service = await scene.deployment.start(impatient, ['sink', 'throttle']);
    await eventually(async () => (await spend(service)).spend === '60');
    await frozenBy(service, 'USAGE_STALE').catch(() => frozenBy(service, 'TABLE_BEHIND'));
    await delay(600);
    expect(scene.deployment.gateway.commands).toHaveLength(0);
    await scene.cutByHand();
    await scene.defineBudget({ amount: '1000' });
    await eventually(() => scene.quota.haircuts.size === 0);
  });

  it('does not cut deeper while the table has not all that the log has', async () => {
    await scene.prepare();
    await scene.prepareMoney();
    await scene.defineBudget({ amount: '59.9' });
    await scene.useLately(2, 900n);
    const service = await scene.deployment.start(policy, ['sink', 'throttle']);
    await eventually(() => scene.quota.haircuts.get('month')?.cutBasisPoints === 2_000);
    await service.stop();
    // In the log, and in no table.
    await scene.useLately(1, 900n);
    await scene.defineBudget({ amount: '50' });
    const late = { ...policy, throttle: { ...policy.throttle, freshnessMs: 3_600_000 } };
    const second = await scene.deployment.start(late, ['throttle']);
    await frozenBy(second, 'TABLE_BEHIND');
    await delay(1_000);
    expect(cuts()).toHaveLength(1);
    await scene.deployment.start(policy, ['sink']);
    await eventually(() => scene.quota.haircuts.get('month')?.cutBasisPoints === 5_000);
    expect(cuts()[1]!.data['spend']).toBe('90');
  });

  it('acts once, though the answer was lost and it was started anew', async () => {
    await scene.prepare();
    await scene.prepareMoney();
    await scene.defineBudget({ amount: '59.9' });
    await scene.useLately(2, 900n);
    scene.deployment.gateway.mode = 'silent';
    const first = await scene.deployment.start(policy, ['sink', 'throttle']);
    await eventually(() => scene.quota.haircuts.size === 1);
    await first.stop();
    scene.deployment.gateway.mode = 'decide';
    await scene.deployment.start(policy, ['sink', 'throttle']);
    await eventually(() => scene.organization.cuts.size === 0);
    await delay(1_000);
    const { gateway } = scene.deployment;
    expect(new Set(gateway.commands.map(({ commandId }) => commandId)).size).toBe(3);
    expect(gateway.commands.length).toBeGreaterThan(3);
    expect(scene.quota.version).toBe(2n);
  });

  it('shows spend to those who may see it', async () => {
    await scene.prepareMoney();
    await scene.defineBudget();
    const service = await scene.deployment.start(policy, ['throttle']);
    const route = '/v1/budgets/acme/month/spend';
    await eventually(async () => (await scene.deployment.get(service, route)).status === 200);
    expect((await scene.deployment.get(service, route, ['host'])).status).toBe(403);
    expect((await fetch(`${service.url}${route}`)).status).toBe(401);
    for (const each of [route, '/v1/rightsizer/status']) {
      const bound = await scene.deployment.get(service, each, ['admin'], { application: 'llm' });
      expect(bound.status).toBe(403);
    }
    expect((await scene.deployment.get(service, '/v1/budgets/acme/none/spend')).status).toBe(404);
    const planned = '/v1/budgets/acme/month/entitlements';
    const plan = await scene.deployment.get(service, `${planned}?amount=25`);
    expect(await plan.json()).toMatchObject({ amount: '25', amountInForce: '50', shares: [] });
    expect((await scene.deployment.get(service, planned, ['host'])).status).toBe(403);
    for (const [query, status] of [
      ['?amount=-1', 422],
      ['?amounts=1', 422],
    ] as const) {
      expect((await scene.deployment.get(service, `${planned}${query}`)).status).toBe(status);
    }
    const none = await scene.deployment.get(service, '/v1/budgets/acme/none/entitlements');
    expect(none.status).toBe(404);
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(metrics).toContain('prorata_budget_overrun_basis_points');
  });
});
