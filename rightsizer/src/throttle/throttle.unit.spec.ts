import type { BudgetState, HaircutLayer, QuotaState } from '@prorata/quota-model';
import type { CommandAnswer } from '@prorata/service-runtime';
import { beforeEach, describe, expect, it } from 'vitest';
import { CommandDesk } from '../commandDesk.ts';
import type { LoopCommand } from '../commandDesk.ts';
import { productionPolicy } from '../policy.ts';
import type { UsedLine } from '../table/usageReader.ts';
import { Throttle } from './throttle.ts';
import type { ThrottleParts } from './throttle.ts';

const second = 1_000_000n;
const start = 10_000n * second;
const length = 1_000n * second;
const policy = {
  ...productionPolicy,
  throttle: {
    ...productionPolicy.throttle,
    escalationMs: 0,
    cooldownMs: 0,
    refusalRestMs: 60_000,
  },
};

/** A log, a table and a gateway as the throttle sees them; what is applied lies on the quota at once. */
class Stage {
  now = start;
  used = 115n;
  hasTable = true;
  isBehind = false;
  streamVersion = 1n;
  budgets: BudgetState[] = [budgetOf('month')];
  answers: ('accepted' | 'refused' | 'unknown' | 'lost')[] = [];
  refusalCode = 'QUOTA_UNKNOWN';
  brokenBudget: string | null = null;
  readonly posted: LoopCommand[] = [];
  readonly haircuts = new Map<string, HaircutLayer>();
  readonly throttle = new Throttle(this.parts());

  evaluate(): ReturnType<Throttle['evaluate']> {
    this.now += second;
    return this.throttle.evaluate(this.now);
  }

  raise(amount: string): void {
    this.budgets = this.budgets.map((budget) => ({
      ...budget,
      amount,
      version: budget.version + 1n,
    }));
  }

  get types(): string[] {
    return this.posted.map(({ type }) => type);
  }

  private post(command: LoopCommand): Promise<CommandAnswer> {
    this.posted.push(command);
    const result = this.answers.shift() ?? 'accepted';
    if (result === 'accepted' || result === 'lost') this.decide(command);
    return Promise.resolve({
      status: result === 'lost' ? 'unknown' : result,
      commandId: command.commandId,
      code: result === 'refused' ? this.refusalCode : null,
      detail: null,
      violations: [],
      outcome: null,
    });
  }

  private decide({ type, data }: LoopCommand): void {
    this.streamVersion += 1n;
    const budgetId = String(data['budgetId']);
    if (type === 'LiftHaircut') this.haircuts.delete(budgetId);
    else {
      this.haircuts.set(budgetId, {
        ...data,
        windowStart: start,
        windowEnd: start + length,
        tierPolicyVersion: 1n,
        cutBasisPoints: (data['cutBasisPoints'] as number[])[3],
        floorBasisPoints: 0,
        provenance: { at: this.now, streamVersion: this.streamVersion },
      } as unknown as HaircutLayer);
    }
  }

  private parts(): ThrottleParts {
    const quota = {
      quotaId: 'llm/chat',
      content: { project: 'acme/search', tier: 3, limits: [{ bound: 'amount' }] },
      haircuts: this.haircuts,
    } as unknown as QuotaState;
    const price = { application: 'llm', resource: 'tokens', amount: '1', perUnits: 1n };
    const tierPolicy = {
      id: 'standard',
      version: 1n,
      steps: [
        { overrunBasisPoints: 0, cutBasisPoints: [0, 0, 1_000, 2_000, 5_000] },
        { overrunBasisPoints: 1_000, cutBasisPoints: [0, 1_000, 2_500, 5_000, 9_000] },
      ],
      floorBasisPoints: [0, 0, 0, 0, 0],
    };
    const view = {
      applications: () => [{ id: 'llm', quotas: new Map([['llm/chat', quota]]) }],
      organizations: () => [
        { id: 'acme', budgets: new Map(this.budgets.map((each) => [each.budgetId, each])) },
      ],
      priceBook: (id: string) => {
        if (id === this.brokenBudget) throw new Error('a fault of one budget');
        return { currency: 'USD', prices: [{ ...price, effectiveFrom: 0n }] };
      },
      tierPolicy: () => tierPolicy,
      cutHistory: () => ({ version: this.streamVersion, appliedAt: null, liftedAt: null }),
    };
    const line = { application: 'llm', resource: 'tokens', priceIndex: 0 } as UsedLine;
    const snapshot = {
      version: 7,
      manifest: {},
      usedBy: () => Promise.resolve([{ ...line, used: this.used }]),
      newestUsage: () => Promise.resolve(new Map([['llm', this.now]])),
    };
    return {
      view: { view, settle: () => Promise.resolve(true) },
      reader: { newest: () => Promise.resolve(this.hasTable ? snapshot : null) },
      freshness: {
        look: () => Promise.resolve(),
        caughtUpAt: () => (this.isBehind ? null : this.now),
      },
      desk: new CommandDesk((command) => this.post(command)),
      policy,
    } as unknown as ThrottleParts;
  }
}

function budgetOf(budgetId: string): BudgetState {
  return {
    budgetId,
    version: 1n,
    project: 'acme/search',
    team: null,
    amount: '100',
    currency: 'USD',
    window: { kind: 'fixed', timeZone: 'UTC', lengthMicros: length, anchor: 0n, count: 1 },
    priceBook: budgetId,
    tierPolicy: 'standard',
    provenance: {} as BudgetState['provenance'],
  };
}

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});

describe('Throttle', () => {
  it('lifts at once, though the answer to the last cut was lost', async () => {
    stage.answers = ['accepted', 'lost'];
    await stage.evaluate();
    await stage.evaluate();
    expect(stage.haircuts.get('month')?.cutBasisPoints).toBe(5_000);
    stage.raise('1000');
    await stage.evaluate();
    expect(stage.types).toEqual(['ApplyHaircut', 'ApplyHaircut', 'LiftHaircut']);
    expect(stage.haircuts.size).toBe(0);
  });

  it('lifts as soon as the gateway answers again, and not the cut before', async () => {
    stage.answers = ['accepted', 'unknown', 'unknown', 'unknown'];
    await stage.evaluate();
    await stage.evaluate();
    stage.raise('1000');
    await stage.evaluate();
    await stage.evaluate();
    await stage.evaluate();
    expect(stage.types.slice(1)).toEqual([
      'ApplyHaircut',
      'LiftHaircut',
      'LiftHaircut',
      'LiftHaircut',
    ]);
    expect(new Set(stage.posted.slice(2).map(({ commandId }) => commandId)).size).toBe(1);
    expect(stage.haircuts.size).toBe(0);
  });

  it('gives up a cut that is not called for any more', async () => {
    stage.answers = ['unknown'];
    await stage.evaluate();
    stage.used = 90n;
    await stage.evaluate();
    stage.used = 130n;
    await stage.evaluate();
    expect(stage.posted.map(({ data }) => data['spend'])).toEqual(['115', '130']);
  });

  it('repeats to the letter a cut that is still called for', async () => {
    stage.answers = ['unknown', 'accepted'];
    await stage.evaluate();
    stage.used = 116n;
    await stage.evaluate();
    expect(stage.posted[1]).toEqual(stage.posted[0]);
  });

  it('leaves a cut in place while the table is missing or behind, and lifts it when the window rolls', async () => {
    await stage.evaluate();
    stage.hasTable = false;
    const { budgets } = await stage.evaluate();
    expect(budgets[0]?.verdict.frozen).toMatchObject([{ code: 'TABLE_BEHIND' }]);
    [stage.hasTable, stage.isBehind, stage.used] = [true, true, 0n];
    expect((await stage.evaluate()).budgets[0]?.verdict.frozen).toMatchObject([
      { application: 'llm', code: 'TABLE_BEHIND' },
    ]);
    expect(stage.types).toEqual(['ApplyHaircut']);
    [stage.hasTable, stage.now] = [false, start + length];
    await stage.evaluate();
    expect(stage.posted[1]?.data).toMatchObject({ cause: 'window_rolled', spend: '115' });
  });

  it('rests after a refusal, says so, and then asks under another id', async () => {
    stage.answers = ['refused', 'refused'];
    const { budgets } = await stage.evaluate();
    expect(budgets[0]).toMatchObject({
      posted: [{ answer: { status: 'refused' } }],
      verdict: { actions: [], frozen: [{ application: 'llm', code: 'COMMAND_REFUSED' }] },
    });
    for (let times = 0; times < 20; times += 1) await stage.evaluate();
    expect(stage.posted).toHaveLength(1);
    const look = await stage.throttle.look('acme', 'month', stage.now);
    expect(look?.verdict.frozen).toMatchObject([{ detail: 'QUOTA_UNKNOWN: ' }]);
    for (let times = 0; times < 45; times += 1) await stage.evaluate();
    expect(stage.posted).toHaveLength(2);
    expect(stage.posted[1]?.commandId).not.toBe(stage.posted[0]?.commandId);
  });

  it('does not let a refused cut hold back another decision', async () => {
    stage.answers = ['accepted', 'refused'];
    await stage.evaluate();
    await stage.evaluate();
    stage.raise('1000');
    await stage.evaluate();
    expect(stage.types).toEqual(['ApplyHaircut', 'ApplyHaircut', 'LiftHaircut']);
  });

  it('names a cut of too many quotas', async () => {
    [stage.answers, stage.refusalCode] = [['refused'], 'COMMAND_TOO_LARGE'];
    const { budgets } = await stage.evaluate();
    expect(budgets[0]?.verdict.frozen).toMatchObject([{ code: 'CUT_TOO_LARGE' }]);
  });

  it('says a decision anew at once when its id was used before a restart', async () => {
    [stage.answers, stage.refusalCode] = [['refused'], 'COMMAND_ID_REUSED'];
    await stage.evaluate();
    await stage.evaluate();
    expect(stage.posted).toHaveLength(2);
    expect(stage.haircuts.size).toBe(1);
  });

  it('looks at the other budgets where one has a fault, and tells of it', async () => {
    stage.budgets = [budgetOf('broken'), budgetOf('month')];
    stage.brokenBudget = 'broken';
    const { budgets, faults } = await stage.evaluate();
    expect(faults).toMatchObject([{ organization: 'acme', budgetId: 'broken' }]);
    expect(budgets).toMatchObject([{ posted: [{ answer: { status: 'accepted' } }] }]);
    expect([...stage.haircuts.keys()]).toEqual(['month']);
  });
});
