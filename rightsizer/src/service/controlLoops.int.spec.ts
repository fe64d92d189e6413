import { setTimeout as delay } from 'node:timers/promises';
import type { ApplicationState } from '@prorata/quota-model';
import { effectiveLimits } from '@prorata/quota-model';
import { timeToJson } from '@prorata/schemas';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deploy, eventually } from '../../test/deployment.ts';
import type { Deployment } from '../../test/deployment.ts';
import { tokens } from '../../test/usageRecords.ts';

const policy = {
  name: 'test',
  version: 1,
  sink: { recordsMax: 1_000, intervalMs: 60_000, idleMs: 100 },
  rightsizer: {
    evaluationMs: 300,
    stepMs: 1_000,
    settleMs: 0,
    evidenceMs: 5_000,
    agreementMs: 1_000,
    raiseLookbackMs: 10_000,
    freshnessMs: 20_000,
    dwellMs: 2_000,
    refusalRestMs: 1_000,
  },
  throttle: { evaluationMs: 300, freshnessMs: 20_000, escalationMs: 0, cooldownMs: 0 },
};

let deployment: Deployment;
/** Long enough ago that all usage of a test lies within the budget's window. */
let anchor: string;

beforeEach(async () => {
  deployment = await deploy();
  anchor = timeToJson(micros(Date.now() - 600_000));
});
afterEach(() => deployment.close());

const micros = (milliseconds: number): bigint => BigInt(Math.round(milliseconds)) * 1_000n;

async function prepare(
  changes: { robotChanges?: string; rightsizing?: object[]; amount?: number } = {},
): Promise<void> {
  const { writer } = deployment;
  await writer.must('RegisterApplication', 'application:llm', {
    displayName: 'LLM',
    levels: ['service'],
    resources: [{ name: 'tokens', kind: 'rate', unit: 'token', total: null }],
    defaultMode: 'enforce',
    defaultOnStale: 'hold',
    robotChanges: changes.robotChanges ?? 'apply',
    proposalLifetimeMicros: 60_000_000,
  });
  await writer.must('CreateQuota', 'application:llm', {
    quotaId: 'llm/chat',
    content: {
      owner: 'team',
      project: 'acme/search',
      tier: 3,
      cutPriority: 0,
      labels: {},
      attributes: {},
      limits: [{ resource: 'tokens', rate: { amount: changes.amount ?? 1_000, per: '1s' } }],
      match: [],
      action: 'refuse',
      degradeTag: null,
      mode: null,
      onStale: null,
      rightsizing: changes.rightsizing ?? [{ resource: 'tokens', min: 100, max: 5_000 }],
    },
  });
}

/** What is refused before a limit is set says nothing about it, so the usage comes some steps later. */
async function prepareAndRefuse(changes: Parameters<typeof prepare>[0] = {}): Promise<void> {
  await prepare(changes);
  await delay(3_500);
  await useLately(2, 1_000n, 500n);
}

/** Usage of the last seconds, a record a second, up to now. */
async function useLately(seconds: number, used: bigint, refused = 0n): Promise<void> {
  const now = Date.now();
  await deployment.use(
    ...Array.from({ length: seconds }, (_, index) => ({
      windowStart: micros(now - (index + 1) * 1_000),
      windowEnd: micros(now - index * 1_000),
      resources: [tokens(used, { refused, peak: 0n })],
    })),
  );
}

const application = (): ApplicationState =>
  deployment.writer.state('application:llm') as ApplicationState;
const inForce = (): bigint | undefined =>
  effectiveLimits(application(), 'llm/chat').find(({ resource }) => resource === 'tokens')?.limit
    .amount;
const layers = () => application().quotas.get('llm/chat')!;

describe('the rightsizer', () => {
  it('raises what refuses, once, with evidence that can be looked up again', async () => {
    await prepareAndRefuse();
    const service = await deployment.start(policy, ['sink', 'rightsizer']);
    const command = await eventually(() => deployment.gateway.of('ResizeQuota')[0]);
    expect(command).toMatchObject({ stream: 'application:llm', expectedVersion: '1' });
    const limit = (command.data['limit'] as { rate: { amount: number } }).rate;
    expect(limit.amount).toBeGreaterThan(1_100);
    expect(limit.amount).toBeLessThanOrEqual(2_000);
    const evidence = command.data['evidence'] as Record<string, unknown>;
    expect(evidence).toMatchObject({
      policy: 'test@1',
      figures: { current: '1000', reasons: expect.stringContaining('REFUSED') as string },
    });
    expect(evidence['source']).toMatch(/^usage manifest \d+$/);
    await eventually(() => layers().rightsized.get('tokens'));
    expect(inForce()).toBe(BigInt(limit.amount));
    await delay(1_500);
    expect(deployment.gateway.commands).toHaveLength(1);
    const status = (await (
      await deployment.get(service, '/v1/rightsizer/status')
    ).json()) as Record<string, Record<string, unknown>>;
    expect(status['rightsizer']).toMatchObject({ fault: null, putOff: null });
    expect(status['table']).toMatchObject({ records: 2, rows: 2, quarantined: 0 });
  });

  it('lowers on the evidence of a whole period, step by step', async () => {
    await prepare();
    await useLately(14, 300n);
    await deployment.start(policy, ['sink', 'rightsizer']);
    const keepUsing = setInterval(() => void useLately(1, 300n), 1_000);
    try {
      await eventually(() => deployment.gateway.of('ResizeQuota').length >= 2, 30_000);
    } finally {
      clearInterval(keepUsing);
    }
    const amounts = deployment.gateway
      .of('ResizeQuota')
      .map(({ data }) => (data['limit'] as { rate: { amount: number } }).rate.amount);
    expect(amounts.slice(0, 2)).toEqual([800, 640]);
  });

  it('asks once where a person decides, and waits', async () => {
    await prepareAndRefuse({ robotChanges: 'propose' });
    await deployment.start(policy, ['sink', 'rightsizer']);
    await eventually(() => application().proposals.size === 1);
    await delay(1_000);
    expect(deployment.gateway.commands).toHaveLength(1);
    const [proposal] = application().proposals.values();
    await deployment.writer.must('RejectProposal', 'application:llm', {
      proposalId: proposal!.proposalId,
    });
    await delay(1_000);
    expect(deployment.gateway.commands).toHaveLength(1);
  });

  it('posts nothing without bounds, nor under a cut', async () => {
    await prepareAndRefuse({ rightsizing: [] });
    const service = await deployment.start(policy, ['sink', 'rightsizer']);
    const findings = async () => {
      const response = await deployment.get(service, '/v1/rightsizer/status');
      const body = (await response.json()) as { rightsizer: { findings?: { result: string }[] } };
      return body.rightsizer.findings?.map(({ result }) => result);
    };
    await eventually(async () => (await findings())?.includes('NO_BOUNDS'));
    await deployment.writer.must('ChangeQuota', 'application:llm', {
      quotaId: 'llm/chat',
      ...nothingChanged,
      rightsizing: [{ resource: 'tokens', min: 100, max: 5_000 }],
    });
    await cutByHand();
    await eventually(async () => (await findings())?.includes('UNDER_HAIRCUT'));
    expect(deployment.gateway.commands).toHaveLength(0);
  });

  it('repeats to the letter what the gateway did not answer', async () => {
    await prepareAndRefuse();
    deployment.gateway.mode = 'silent';
    const short = { ...policy, rightsizer: { ...policy.rightsizer, evaluationMs: 100 } };
    await deployment.start(short, ['sink', 'rightsizer']);
    await eventually(() => deployment.gateway.commands.length >= 3);
    deployment.gateway.mode = 'decide';
    await eventually(() => deployment.gateway.commands.some(({ answered }) => answered === 200));
    await delay(1_000);
    const bodies = new Set(deployment.gateway.commands.map(({ body }) => body));
    const ids = new Set(deployment.gateway.commands.map(({ commandId }) => commandId));
    expect([bodies.size, ids.size]).toEqual([1, 1]);
    expect(layers().version).toBe(2n);
  });
});

const nothingChanged = {
  owner: null,
  tier: null,
  cutPriority: null,
  labels: null,
  attributes: null,
  setLimits: [],
  unsetLimits: [],
  match: null,
  action: null,
  degradeTag: null,
  mode: null,
  onStale: null,
};

function cutByHand(): Promise<void> {
  return deployment.writer.must('ApplyHaircut', 'application:llm', {
    project: 'acme/search',
    budgetId: 'month',
    windowStart: timeToJson(micros(Date.now() - 1_000)),
    windowEnd: timeToJson(micros(Date.now() + 600_000)),
    spend: '101',
    budget: '100',
    currency: 'USD',
    overrunBasisPoints: 100,
    tierPolicy: 'standard',
    tierPolicyVersion: 1,
    cutBasisPoints: [0, 0, 1_000, 2_000, 5_000],
    floorBasisPoints: [0, 0, 0, 0, 0],
    evidence: {
      policy: 'by hand',
      source: 'a person',
      windowStart: timeToJson(0n),
      windowEnd: timeToJson(1n),
      figures: {},
      inputsHash: '',
    },
  });
}

interface BudgetChanges {
  readonly amount?: string;
  readonly currency?: string;
  readonly lengthMicros?: number;
}

async function prepareMoney(changes: { currency?: string; resource?: string } = {}): Promise<void> {
  const { writer } = deployment;
  await writer.must('DefinePriceBook', 'pricebook:list', {
    currency: changes.currency ?? 'USD',
    prices: [
      {
        application: 'llm',
        resource: changes.resource ?? 'tokens',
        amount: '0.10',
        perUnits: 3,
        effectiveFrom: timeToJson(0n),
      },
    ],
  });
  await writer.must('PublishTierPolicy', 'tierpolicy:standard', {
    steps: [
      { overrunBasisPoints: 0, cutBasisPoints: [0, 0, 1_000, 2_000, 5_000] },
      { overrunBasisPoints: 1_000, cutBasisPoints: [0, 1_000, 2_500, 5_000, 9_000] },
    ],
    floorBasisPoints: [9_000, 5_000, 2_000, 1_000, 0],
  });
}

const defineBudget = (changes: BudgetChanges = {}): Promise<void> =>
  deployment.writer.must('DefineBudget', 'organization:acme', {
    budgetId: 'month',
    project: 'acme/search',
    amount: changes.amount ?? '50',
    currency: changes.currency ?? 'USD',
    window: {
      kind: 'fixed',
      timeZone: 'UTC',
      lengthMicros: changes.lengthMicros ?? 3_600_000_000,
      anchor,
    },
    priceBook: 'list',
    tierPolicy: 'standard',
  });

interface SpendBody {
  readonly spend: string | null;
  readonly overrunBasisPoints: number | null;
  readonly lines: readonly { readonly money: string; readonly used: number }[];
  /** Absent from a problem: the budget has not been folded yet. */
  readonly frozen?: readonly { readonly code: string }[];
  readonly wouldDo: readonly unknown[];
}

describe('the budget throttle', () => {
  const spend = async (service: { readonly url: string }): Promise<SpendBody> => {
    const route = '/v1/budgets/acme/month/spend';
    return (await (await deployment.get(service as never, route)).json()) as SpendBody;
  };
  const frozenBy = (service: { readonly url: string }, code: string): Promise<boolean> =>
    eventually(async () => (await spend(service)).frozen?.some((each) => each.code === code));

  it('cuts step by step, and restores exactly what was there when the budget is raised', async () => {
    await prepare();
    await prepareMoney();
    await defineBudget();
    const before = layers();
    await useLately(2, 900n);
    const service = await deployment.start(policy, ['sink', 'throttle']);
    await eventually(() => layers().haircuts.get('month')?.cutBasisPoints === 5_000);
    const cuts = deployment.gateway.of('ApplyHaircut');
    expect(cuts.map(({ data }) => (data['evidence'] as { figures: object }).figures)).toMatchObject(
      [
        { step: '0', spend: '60', overrunBasisPoints: '2000' },
        { step: '1', spend: '60', overrunBasisPoints: '2000' },
      ],
    );
    expect(inForce()).toBe(500n);
    await delay(1_000);
    expect(deployment.gateway.commands).toHaveLength(2);
    expect(await spend(service)).toMatchObject({
      spend: '60',
      overrunBasisPoints: 2_000,
      lines: [{ used: 1_800, money: '60' }],
      wouldDo: [],
      frozen: [],
    });

    await defineBudget({ amount: '60' });
    await eventually(() => layers().haircuts.size === 0);
    expect(deployment.gateway.of('LiftHaircut')).toMatchObject([
      { data: { cause: 'budget_raised', spend: '60', budget: '60' } },
    ]);
    expect({ ...layers(), version: before.version }).toEqual(before);
    expect(inForce()).toBe(1_000n);

    // Over again: another cut, and no repetition of the first.
    await useLately(1, 300n);
    await eventually(() => layers().haircuts.get('month')?.cutBasisPoints === 5_000);
    const ids = deployment.gateway.commands.map(({ commandId }) => commandId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('lifts when the window has rolled, and starts anew', async () => {
    await prepare();
    await prepareMoney();
    await defineBudget({ lengthMicros: 6_000_000 });
    await deployment.start(policy, ['sink', 'throttle']);
    const keepUsing = setInterval(() => void useLately(1, 900n), 500);
    const cut = await eventually(() => deployment.gateway.of('ApplyHaircut')[0]);
    clearInterval(keepUsing);
    await eventually(() => deployment.gateway.of('LiftHaircut')[0]);
    expect(deployment.gateway.of('LiftHaircut')[0]!.data['cause']).toBe('window_rolled');
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(String(cut.data['windowEnd'])));
    expect(layers().haircuts.size).toBe(0);
  });

  it('does not cut in another currency, and says so', async () => {
    await prepare();
    await prepareMoney({ currency: 'EUR' });
    await defineBudget();
    await useLately(2, 900n);
    const service = await deployment.start(policy, ['sink', 'throttle']);
    await frozenBy(service, 'CURRENCY_OTHER');
    await delay(600);
    expect(deployment.gateway.commands).toHaveLength(0);
  });

  it('does not cut what has no price', async () => {
    await prepare();
    await prepareMoney({ resource: 'requests' });
    await defineBudget();
    await useLately(2, 900n);
    const service = await deployment.start(policy, ['sink', 'throttle']);
    await frozenBy(service, 'PRICE_MISSING');
    await delay(600);
    expect(deployment.gateway.commands).toHaveLength(0);
  });

  it('does not cut on stale usage, and lifts nonetheless', async () => {
    await prepare();
    await prepareMoney();
    await defineBudget();
    await useLately(2, 900n);
    const impatient = { ...policy, throttle: { ...policy.throttle, freshnessMs: 1 } };
    const service = await deployment.start(impatient, ['sink', 'throttle']);
    await eventually(async () => (await spend(service)).spend === '60');
    await frozenBy(service, 'USAGE_STALE').catch(() => frozenBy(service, 'TABLE_BEHIND'));
    await delay(600);
    expect(deployment.gateway.commands).toHaveLength(0);
    await cutByHand();
    await defineBudget({ amount: '1000' });
    await eventually(() => layers().haircuts.size === 0);
  });

  it('does not cut deeper while the table has not all that the log has', async () => {
    await prepare();
    await prepareMoney();
    await defineBudget({ amount: '59.9' });
    await useLately(2, 900n);
    const service = await deployment.start(policy, ['sink', 'throttle']);
    await eventually(() => layers().haircuts.get('month')?.cutBasisPoints === 2_000);
    await service.stop();
    // In the log, and in no table.
    await useLately(1, 900n);
    await defineBudget({ amount: '50' });
    const late = { ...policy, throttle: { ...policy.throttle, freshnessMs: 3_600_000 } };
    const second = await deployment.start(late, ['throttle']);
    await frozenBy(second, 'TABLE_BEHIND');
    await delay(1_000);
    expect(deployment.gateway.commands).toHaveLength(1);
    await deployment.start(policy, ['sink']);
    await eventually(() => layers().haircuts.get('month')?.cutBasisPoints === 5_000);
    expect(deployment.gateway.of('ApplyHaircut')[1]!.data['spend']).toBe('90');
  });

  it('acts once, though the answer was lost and it was started anew', async () => {
    await prepare();
    await prepareMoney();
    await defineBudget({ amount: '59.9' });
    await useLately(2, 900n);
    deployment.gateway.mode = 'silent';
    const first = await deployment.start(policy, ['sink', 'throttle']);
    await eventually(() => layers().haircuts.size === 1);
    await first.stop();
    deployment.gateway.mode = 'decide';
    await deployment.start(policy, ['sink', 'throttle']);
    await delay(2_000);
    expect(new Set(deployment.gateway.commands.map(({ commandId }) => commandId)).size).toBe(1);
    expect(layers().version).toBe(2n);
  });

  it('shows spend to those who may see it', async () => {
    await prepareMoney();
    await defineBudget();
    const service = await deployment.start(policy, ['throttle']);
    const route = '/v1/budgets/acme/month/spend';
    await eventually(async () => (await deployment.get(service, route)).status === 200);
    expect((await deployment.get(service, route, ['host'])).status).toBe(403);
    expect((await fetch(`${service.url}${route}`)).status).toBe(401);
    expect((await deployment.get(service, '/v1/budgets/acme/none/spend')).status).toBe(404);
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(metrics).toContain('prorata_budget_overrun_basis_points');
  });
});
