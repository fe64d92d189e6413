import type { ApplicationState, HaircutLayer, OrganizationState } from '@prorata/quota-model';
import {
  content,
  plainBook,
  plainPrice,
  registration,
  TestStream,
  tokens,
} from '@prorata/quota-model/testing';
import type { CommandBody, Sender } from '@prorata/quota-model/testing';
import { fromJson, fullNameOf } from '@prorata/schemas';
import type { CommandAnswer } from '@prorata/service-runtime';
import { beforeEach, describe, expect, it } from 'vitest';
import { CommandDesk } from '../commandDesk.ts';
import type { LoopCommand } from '../commandDesk.ts';
import { productionPolicy } from '../policy.ts';
import type { ChargeLine } from '../ledger/chargeLine.ts';
import { LogView } from '../view/logView.ts';
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
const admin: Sender = { roles: ['admin'] };
const robot: Sender = {
  actor: { kind: 'robot', issuer: 'test', subject: 'throttle' },
  roles: ['robot'],
};
const budget = {
  budgetId: 'month',
  project: 'acme/search',
  team: null,
  amount: '100',
  currency: 'USD',
  window: { kind: 'fixed', timeZone: 'UTC', lengthMicros: length, anchor: 0n, count: 1 },
  priceBook: 'month',
  tierPolicy: 'standard',
  mode: 'enforce',
  thresholds: [],
  split: [],
} as const;

/** What the gateway makes of a command: decided, refused, or not answered; lost: decided, and not answered. */
type Answer = 'accepted' | 'refused' | 'unknown' | 'lost';

/** The real model in the writer's place, and a log, a table and a gateway as the throttle sees them. */
class Stage {
  now = start;
  used = 115n;
  hasTable = true;
  isBehind = false;
  /** Of the commands of a type that come next; then accepted. */
  answers: Partial<Record<LoopCommand['type'], Answer[]>> = {};
  refusalCode = 'QUOTA_UNKNOWN';
  brokenBudget: string | null = null;
  readonly posted: LoopCommand[] = [];
  readonly view = new LogView();
  readonly #streams = new Map<string, TestStream>();
  readonly #first = new Map<string, { body: string; answer: CommandAnswer }>();
  throttle = new Throttle(this.parts());

  constructor() {
    this.say('application:moka', {
      type: 'RegisterApplication',
      data: { ...registration },
    });
    this.create('moka/chat');
    this.say('pricebook:month', {
      type: 'DefinePriceBook',
      data: { ...plainBook, currency: 'USD', prices: [price] },
    });
    this.say('tierpolicy:standard', {
      type: 'PublishTierPolicy',
      data: {
        steps: [
          { overrunBasisPoints: 0, cutBasisPoints: [0, 0, 1_000, 2_000, 5_000] },
          { overrunBasisPoints: 1_000, cutBasisPoints: [0, 1_000, 2_500, 5_000, 9_000] },
        ],
        floorBasisPoints: [0, 0, 0, 0, 0],
      },
    });
    this.define();
  }

  say(name: string, body: CommandBody, sender: Sender = admin) {
    const stream = this.#streams.get(name) ?? new TestStream(name);
    this.#streams.set(name, stream);
    stream.advanceTo(this.now);
    const before = stream.events.length;
    const decision = stream.send(body, sender);
    for (const event of stream.events.slice(before)) this.view.fold(event);
    return decision;
  }

  create(quotaId: string): void {
    const terms = content([tokens(1_000n)], { project: 'acme/search', tier: 3 });
    this.say('application:moka', { type: 'CreateQuota', data: { quotaId, content: terms } });
  }

  define(more: Partial<{ budgetId: string; amount: string; priceBook: string }> = {}): void {
    this.say('organization:acme', { type: 'DefineBudget', data: { ...budget, ...more } });
  }

  evaluate(): ReturnType<Throttle['evaluate']> {
    this.now += second;
    return this.throttle.evaluate(this.now);
  }

  /** Another process, which knows what is in the log. */
  restart(): void {
    this.throttle = new Throttle(this.parts());
  }

  get types(): string[] {
    return this.posted.map(({ type }) => type);
  }

  of(type: LoopCommand['type']): LoopCommand[] {
    return this.posted.filter((command) => command.type === type);
  }

  get organization(): OrganizationState {
    return this.#streams.get('organization:acme')?.state as OrganizationState;
  }

  cutOf(quotaId = 'moka/chat', budgetId = 'month'): HaircutLayer | undefined {
    const state = this.#streams.get('application:moka')?.state as ApplicationState;
    return state.quotas.get(quotaId)?.haircuts.get(budgetId);
  }

  private post(command: LoopCommand): Promise<CommandAnswer> {
    this.posted.push(command);
    const told = this.answers[command.type]?.shift() ?? 'accepted';
    if (told === 'unknown') return Promise.resolve(answerOf(command, 'unknown', null));
    if (told === 'refused') {
      return Promise.resolve(answerOf(command, 'refused', this.refusalCode));
    }
    const answer = this.decide(command);
    return Promise.resolve(told === 'lost' ? answerOf(command, 'unknown', null) : answer);
  }

  private decide(command: LoopCommand): CommandAnswer {
    const body = JSON.stringify([command.data, command.reason]);
    const first = this.#first.get(command.commandId);
    if (first !== undefined) {
      return first.body === body ? first.answer : answerOf(command, 'refused', 'COMMAND_ID_REUSED');
    }
    const parsed = fromJson(fullNameOf[command.type], { ...command.data, envelope });
    if ('violations' in parsed) throw new Error(JSON.stringify(parsed.violations));
    const decision = this.say(
      command.stream,
      { type: command.type, data: parsed.value } as CommandBody,
      robot,
    );
    const answer =
      decision.kind === 'refused'
        ? answerOf(command, 'refused', decision.violations[0].code)
        : { ...answerOf(command, 'accepted', 'ACCEPTED'), outcome: { result: decision.result } };
    this.#first.set(command.commandId, { body, answer });
    return answer;
  }

  private parts(): ThrottleParts {
    const names = { category: 'usage', application: 'moka', resource: 'tokens', name: null };
    const lines = async function* (stage: Stage): AsyncGenerator<ChargeLine> {
      await Promise.resolve();
      if (stage.brokenBudget !== null && stage.looks++ === 0) throw new Error('a fault of one');
      yield { ...names, used: stage.used, price, cost: stage.used.toString() } as ChargeLine;
    };
    const snapshot = {
      version: 7,
      positions: new Map(),
      newestUsage: () => Promise.resolve(new Map([['moka', this.now]])),
    };
    return {
      view: { view: this.view, settle: () => Promise.resolve(true) },
      ledger: { lines: () => lines(this) },
      reader: { newest: () => Promise.resolve(this.hasTable ? snapshot : null) },
      freshness: {
        look: () => Promise.resolve(),
        caughtUpAt: () => (this.isBehind ? null : this.now),
      },
      desk: new CommandDesk((command) => this.post(command)),
      policy,
    } as unknown as ThrottleParts;
  }

  private looks = 0;
}

const price = {
  application: 'moka',
  resource: 'tokens',
  amount: '1',
  perUnits: 1n,
  effectiveFrom: 0n,
  ...plainPrice,
};
const envelope = {
  commandId: '00000000-0000-4000-8000-000000000000',
  stream: '',
  actor: { kind: 'robot', issuer: 'test', subject: 'throttle' },
  roles: [],
  reason: '',
  dryRun: false,
  submittedAt: '2026-01-01T00:00:00Z',
};

function answerOf(
  { commandId }: LoopCommand,
  status: CommandAnswer['status'],
  code: string | null,
): CommandAnswer {
  return { status, commandId, code, detail: null, violations: [], outcome: null };
}

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});

/** What one cut says, from the intent to its end. */
const cutting = ['BeginCut', 'ApplyHaircut', 'CompleteCut'];
const lifting = ['BeginCut', 'LiftHaircut', 'CompleteCut'];

describe('Throttle', () => {
  it('intends a cut, carries it out and records the answer', async () => {
    await stage.evaluate();
    expect(stage.types).toEqual(cutting);
    expect(stage.cutOf()?.cutBasisPoints).toBe(2_000);
    expect(stage.organization.cuts.size).toBe(0);
    const [begun] = stage.of('BeginCut');
    const [applied] = stage.of('ApplyHaircut');
    expect(begun?.data).toMatchObject({ applications: ['moka'], spend: '115' });
    expect(begun?.data).toHaveProperty(['evidence', 'figures', 'line.1']);
    expect(applied?.data).toMatchObject({ spend: '115', after: null });
    const { figures, source } = applied?.data['evidence'] as Record<string, string>;
    expect(figures).not.toHaveProperty('line.1');
    expect(source).toContain('cut 2 of organization acme');
    await stage.evaluate();
    expect(stage.cutOf()?.cutBasisPoints).toBe(5_000);
    await stage.evaluate();
    expect(stage.posted).toHaveLength(6);
  });

  it('lifts at once, though the answer to the last cut was lost', async () => {
    stage.answers = { ApplyHaircut: ['accepted', 'lost'] };
    await stage.evaluate();
    await stage.evaluate();
    expect(stage.cutOf()?.cutBasisPoints).toBe(5_000);
    stage.define({ amount: '1000' });
    await stage.evaluate();
    expect(stage.types).toEqual([...cutting, 'BeginCut', 'ApplyHaircut', ...lifting]);
    expect(stage.cutOf()).toBeUndefined();
    expect(stage.organization.cuts.size).toBe(0);
  });

  it('lifts as soon as the gateway answers again, and not the cut before', async () => {
    stage.answers = {
      ApplyHaircut: ['accepted', 'unknown'],
      LiftHaircut: ['unknown', 'unknown'],
    };
    await stage.evaluate();
    await stage.evaluate();
    stage.define({ amount: '1000' });
    await stage.evaluate();
    await stage.evaluate();
    await stage.evaluate();
    expect(stage.of('ApplyHaircut')).toHaveLength(2);
    const lifts = stage.of('LiftHaircut');
    expect(lifts).toHaveLength(3);
    expect(new Set(lifts.map(({ commandId }) => commandId)).size).toBe(1);
    expect(stage.cutOf()).toBeUndefined();
  });

  it('gives up a cut that is not called for any more, and says so', async () => {
    stage.answers = { ApplyHaircut: ['unknown'] };
    await stage.evaluate();
    stage.used = 90n;
    await stage.evaluate();
    expect(stage.of('CompleteCut')[0]?.data).toMatchObject({ answer: 'abandoned' });
    expect(stage.organization.cuts.size).toBe(0);
    stage.used = 130n;
    await stage.evaluate();
    expect(stage.of('ApplyHaircut').map(({ data }) => data['spend'])).toEqual(['115', '130']);
  });

  it('repeats an intent to the letter while it is called for and not answered', async () => {
    stage.answers = { BeginCut: ['unknown', 'accepted'] };
    await stage.evaluate();
    stage.used = 116n;
    await stage.evaluate();
    expect(stage.of('BeginCut')[1]).toEqual(stage.of('BeginCut')[0]);
    expect(stage.cutOf()?.spend).toBe('115');
  });

  it.each(['BeginCut', 'ApplyHaircut', 'CompleteCut'] as const)(
    'goes on where another process was ended, the answer to %s lost',
    async (type) => {
      stage.answers = { [type]: ['lost'] };
      await stage.evaluate();
      stage.restart();
      stage.used = 105n;
      await stage.evaluate();
      await stage.evaluate();
      expect(stage.cutOf()?.cutBasisPoints).toBe(2_000);
      expect(stage.organization.cuts.size).toBe(0);
      const applied = stage.of('ApplyHaircut').map(({ commandId }) => commandId);
      expect(new Set(applied).size).toBe(1);
    },
  );

  it.each(['BeginCut', 'ApplyHaircut', 'CompleteCut'] as const)(
    'goes on where another process was ended, %s never decided',
    async (type) => {
      stage.answers = { [type]: ['unknown'] };
      await stage.evaluate();
      stage.restart();
      await stage.evaluate();
      expect(stage.cutOf()?.cutBasisPoints).toBeGreaterThanOrEqual(2_000);
      await stage.evaluate();
      await stage.evaluate();
      expect(stage.cutOf()?.cutBasisPoints).toBe(5_000);
      expect(stage.organization.cuts.size).toBe(0);
    },
  );

  it('cuts more quotas than one command may, page after page, and goes on within them', async () => {
    for (let index = 0; index < 1_200; index += 1) stage.create(`moka/q${index}`);
    stage.answers = { ApplyHaircut: ['accepted', 'lost'] };
    await stage.evaluate();
    expect(stage.of('ApplyHaircut')).toHaveLength(2);
    expect(stage.cutOf('moka/q999')).toBeUndefined();
    stage.restart();
    stage.used = 105n;
    await stage.evaluate();
    const ids = stage.of('ApplyHaircut').map(({ commandId }) => commandId);
    expect(ids).toHaveLength(5);
    expect(new Set(ids).size).toBe(3);
    expect(stage.cutOf('moka/q999')?.cutBasisPoints).toBe(2_000);
    expect(stage.of('CompleteCut')).toHaveLength(1);
    stage.define({ amount: '1000' });
    await stage.evaluate();
    expect(stage.of('LiftHaircut')).toHaveLength(3);
    expect(stage.cutOf('moka/q999')).toBeUndefined();
  });

  it('cuts a quota that was created under the cut at the next look', async () => {
    stage.used = 105n;
    await stage.evaluate();
    stage.create('moka/new');
    await stage.evaluate();
    expect(stage.cutOf('moka/new')?.cutBasisPoints).toBe(2_000);
  });

  it('lifts what a budget has cut that was retired', async () => {
    await stage.evaluate();
    stage.say('organization:acme', { type: 'RetireBudget', data: { budgetId: 'month' } });
    stage.answers = { LiftHaircut: ['unknown'] };
    await stage.evaluate();
    await stage.evaluate();
    expect(stage.types).toEqual([
      ...cutting,
      'BeginCut',
      'LiftHaircut',
      'LiftHaircut',
      'CompleteCut',
    ]);
    expect(stage.of('LiftHaircut')[1]?.data).toMatchObject({ cause: 'person' });
    expect(stage.cutOf()).toBeUndefined();
  });

  it('leaves the budgets of teams to those below them', async () => {
    stage.say('organization:acme', {
      type: 'RegisterOrganization',
      data: { displayName: 'Acme' },
    });
    stage.say('organization:acme', { type: 'RetireBudget', data: { budgetId: 'month' } });
    stage.say('organization:acme', {
      type: 'DefineBudget',
      data: { ...budget, budgetId: 'all', project: '', amount: '1' },
    });
    expect((await stage.evaluate()).budgets).toEqual([]);
    expect(await stage.throttle.look('acme', 'all', stage.now)).toBe('not_summed');
    expect(await stage.throttle.look('acme', 'none', stage.now)).toBe('unknown');
  });

  it('leaves a cut in place while the table is missing or behind, and lifts it when the window rolls', async () => {
    await stage.evaluate();
    stage.hasTable = false;
    const { budgets } = await stage.evaluate();
    expect(budgets[0]?.verdict.frozen).toMatchObject([{ code: 'TABLE_BEHIND' }]);
    [stage.hasTable, stage.isBehind, stage.used] = [true, true, 0n];
    expect((await stage.evaluate()).budgets[0]?.verdict.frozen).toMatchObject([
      { application: 'moka', code: 'TABLE_BEHIND' },
    ]);
    expect(stage.types).toEqual(cutting);
    [stage.hasTable, stage.now] = [false, start + length];
    await stage.evaluate();
    expect(stage.of('LiftHaircut')[0]?.data).toMatchObject({
      cause: 'window_rolled',
      spend: '115',
    });
  });

  it('rests after a refusal, says so, also after a restart, and then asks under another id', async () => {
    stage.answers = { ApplyHaircut: ['refused', 'refused'] };
    await stage.evaluate();
    stage.restart();
    const { budgets } = await stage.evaluate();
    expect(budgets[0]).toMatchObject({
      verdict: { actions: [], frozen: [{ application: 'moka', code: 'COMMAND_REFUSED' }] },
    });
    for (let times = 0; times < 20; times += 1) await stage.evaluate();
    expect(stage.of('ApplyHaircut')).toHaveLength(1);
    const look = await stage.throttle.look('acme', 'month', stage.now);
    if (typeof look === 'string') throw new TypeError(look);
    expect(look.verdict.frozen).toMatchObject([{ detail: 'QUOTA_UNKNOWN: ' }]);
    for (let times = 0; times < 45; times += 1) await stage.evaluate();
    const [first, second_] = stage.of('ApplyHaircut');
    expect(second_?.commandId).not.toBe(first?.commandId);
    expect(stage.of('ApplyHaircut')).toHaveLength(2);
  });

  it('rests after the intent itself was refused', async () => {
    stage.answers = { BeginCut: ['refused'] };
    const { budgets } = await stage.evaluate();
    expect(budgets[0]).toMatchObject({
      posted: [{ answer: { status: 'refused' } }],
      verdict: { actions: [], frozen: [{ application: 'moka', code: 'COMMAND_REFUSED' }] },
    });
    for (let times = 0; times < 20; times += 1) await stage.evaluate();
    expect(stage.posted).toHaveLength(1);
  });

  it('does not let a refused cut hold back another decision', async () => {
    stage.answers = { ApplyHaircut: ['accepted', 'refused'] };
    await stage.evaluate();
    await stage.evaluate();
    stage.define({ amount: '1000' });
    await stage.evaluate();
    expect(stage.types.slice(-3)).toEqual(lifting);
  });

  it.each(['UNAUTHORIZED', 'COMMAND_SIGNATURE_INVALID', 'TIMERS_PENDING', 'TOO_MANY_COMMANDS'])(
    'does not take a closed door (%s) for an answer',
    async (code) => {
      stage.refusalCode = code;
      stage.answers = { ApplyHaircut: ['refused'] };
      await stage.evaluate();
      expect(stage.of('CompleteCut')).toEqual([]);
      await stage.evaluate();
      expect(stage.of('CompleteCut')).toHaveLength(1);
    },
  );

  it.each(['UNAUTHORIZED', 'TIMERS_PENDING', 'PARTITION_FULL'])(
    'asks for a cut again, by the same id, at the next look after %s: nothing was decided',
    async (code) => {
      stage.refusalCode = code;
      stage.answers = { BeginCut: ['refused'] };
      const { budgets } = await stage.evaluate();
      expect(budgets).toMatchObject([{ posted: [{ answer: { code } }], verdict: { frozen: [] } }]);
      await stage.evaluate();
      const [first, again] = stage.of('BeginCut');
      expect(again?.commandId).toBe(first?.commandId);
      expect(stage.cutOf()?.cutBasisPoints).toBe(2_000);
    },
  );

  it('names a page of too many quotas', async () => {
    stage.answers = { ApplyHaircut: ['refused'] };
    stage.refusalCode = 'COMMAND_TOO_LARGE';
    await stage.evaluate();
    const { budgets } = await stage.evaluate();
    expect(budgets[0]?.verdict.frozen).toMatchObject([{ code: 'CUT_TOO_LARGE' }]);
  });

  it('says a decision anew at once when its id was used before a restart', async () => {
    stage.answers = { BeginCut: ['refused'] };
    stage.refusalCode = 'COMMAND_ID_REUSED';
    await stage.evaluate();
    await stage.evaluate();
    expect(stage.of('BeginCut')).toHaveLength(2);
    expect(stage.cutOf()?.cutBasisPoints).toBe(2_000);
  });

  it('looks at the other budgets where one has a fault, and tells of it', async () => {
    stage.define({ budgetId: 'second' });
    stage.brokenBudget = 'month';
    const { budgets, faults } = await stage.evaluate();
    expect(faults).toMatchObject([{ organization: 'acme', budgetId: 'month' }]);
    expect(budgets).toMatchObject([{ posted: [{ answer: { status: 'accepted' } }] }]);
    expect(stage.cutOf('moka/chat', 'second')?.cutBasisPoints).toBe(2_000);
  });
});

describe('an allocation', () => {
  const unitCost = {
    priceBook: 'month',
    priceBookVersion: 1n,
    currency: 'USD',
    amount: '1.00',
    perUnits: 1n,
    unitsPerWindow: 1n,
  };
  const place = { project: 'acme/search', application: 'moka', resource: 'tokens' };
  const allocate = (amount: bigint, more: object = {}): void => {
    stage.say('organization:acme', {
      type: 'AllocateEntitlement',
      data: { budgetId: 'month', ...place, bound: 'amount', amount, unitCost, ...more },
    });
  };
  const held = () => stage.organization.allocations.get('acme/search moka tokens');
  const entitlement = () => stage.view.application('moka')?.entitlements.get('acme/search tokens');

  beforeEach(() => {
    stage.used = 0n;
    stage.define({ amount: '5000' });
    const named = { owner: 'leads', displayName: 'Acme' };
    stage.say('organization:acme', { type: 'RegisterOrganization', data: named });
    stage.say('organization:acme', {
      type: 'DefineProject',
      data: { project: 'acme/search', team: null, ...named },
    });
  });

  it('becomes an entitlement of the application, and its answer is recorded', async () => {
    allocate(1_500n);
    await stage.evaluate();
    expect(stage.types).toEqual(['SetEntitlement', 'CompleteAllocation']);
    expect(entitlement()).toMatchObject({ amount: 1_500n, source: { budgetId: 'month' } });
    expect(held()).toMatchObject({ accepted: { amount: 1_500n }, pending: null });
    await stage.evaluate();
    expect(stage.posted).toHaveLength(2);
  });

  it('is refused below what quotas hold, visibly, and the budget gets back what it kept', async () => {
    allocate(999n);
    await stage.evaluate();
    expect(stage.of('CompleteAllocation')[0]?.data).toMatchObject({
      answer: 'refused',
      code: 'ENTITLEMENT_EXCEEDED',
    });
    expect(entitlement()).toBeUndefined();
    expect(stage.organization.allocated.size).toBe(0);
  });

  it('is released by what it holds', async () => {
    allocate(1_500n);
    await stage.evaluate();
    stage.say('application:moka', {
      type: 'DeleteQuota',
      data: { quotaId: 'moka/chat', children: 'refuse' },
    });
    allocate(0n, { bound: 'blocked', unitCost: null });
    await stage.evaluate();
    expect(entitlement()).toMatchObject({ amount: 'blocked' });
    expect(held()).toBeUndefined();
  });

  it('must name a price of the book', async () => {
    allocate(1_500n, { unitCost: { ...unitCost, amount: '0.5' } });
    await stage.evaluate();
    expect(stage.types).toEqual(['CompleteAllocation']);
    expect(stage.posted[0]?.data).toMatchObject({ answer: 'refused', code: 'PRICE_UNKNOWN' });
    expect(held()).toBeUndefined();
  });

  it.each(['SetEntitlement', 'CompleteAllocation'] as const)(
    'is carried on after a restart, %s unanswered',
    async (type) => {
      allocate(1_500n);
      stage.answers = { [type]: ['lost'] };
      await stage.evaluate();
      stage.restart();
      await stage.evaluate();
      await stage.evaluate();
      expect(held()).toMatchObject({ accepted: { amount: 1_500n }, pending: null });
      const ids = stage.of('SetEntitlement').map(({ commandId }) => commandId);
      expect(new Set(ids).size).toBe(1);
    },
  );
});
