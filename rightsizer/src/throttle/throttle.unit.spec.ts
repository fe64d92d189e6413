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
import type { DefineBudget } from '@prorata/schemas';
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
    subjectsMax: 2_000,
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
  /** What other projects have used. */
  readonly others = new Map<string, bigint>();
  /** Further spending of the first project, by the moment. */
  readonly days: [bigint, bigint][] = [];
  subjectsMax = 2_000;
  escalationMs = 0;
  /** What the table has more than the lines say. */
  lost = 0n;
  hasTable = true;
  isBehind = false;
  /** Of the commands of a type that come next; then accepted. */
  answers: Partial<Record<LoopCommand['type'], Answer[]>> = {};
  refusalCode = 'QUOTA_UNKNOWN';
  /** The first lines that are asked for cannot be made. */
  brokenBook = false;
  readonly posted: LoopCommand[] = [];
  readonly view = new LogView();
  readonly #streams = new Map<string, TestStream>();
  readonly #first = new Map<string, { body: string; answer: CommandAnswer }>();
  desk = this.newDesk();
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

  create(quotaId: string, project = 'acme/search', cutPriority = 0): void {
    const terms = content([tokens(1_000n)], { project, tier: 3, cutPriority });
    this.say('application:moka', { type: 'CreateQuota', data: { quotaId, content: terms } });
  }

  define(more: Partial<Omit<DefineBudget, 'envelope'>> = {}): void {
    this.say('organization:acme', { type: 'DefineBudget', data: { ...budget, ...more } });
  }

  evaluate(): ReturnType<Throttle['evaluate']> {
    this.now += second;
    return this.throttle.evaluate(this.now);
  }

  /** Another process, which knows what is in the log. */
  restart(): void {
    this.desk = this.newDesk();
    this.throttle = new Throttle(this.parts());
  }

  private newDesk(): CommandDesk {
    return new CommandDesk((command) => this.post(command));
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
    const lines = async function* (stage: Stage): AsyncGenerator<ChargeLine> {
      await Promise.resolve();
      if (stage.brokenBook && stage.looks++ === 0) throw new Error('a fault of one');
      for (const [project, used] of [['acme/search', stage.used], ...stage.others] as const) {
        yield lineOf(project, used, stage.now);
      }
      for (const [at, used] of stage.days) yield lineOf('acme/search', used, at);
    };
    const shared = {
      lines: () => lines(this),
      linesOfOne: () => lines(this),
      used: (edges: readonly bigint[]) => {
        const parts = [...this.others.values(), ...this.days.map(([, used]) => used)];
        const all = parts.reduce((sum, each) => sum + each, this.used);
        return Promise.resolve(
          new Map([['acme', edges.slice(1).map((_, at) => (at === 0 ? all + this.lost : 0n))]]),
        );
      },
      close: () => Promise.resolve(),
    };
    const snapshot = {
      version: 7,
      positions: new Map(),
      newestUsage: () => Promise.resolve(new Map([['moka', this.now]])),
    };
    return {
      view: { view: this.view, settle: () => Promise.resolve(true) },
      ledger: {
        sharing: () => shared,
        closedUntil: () => null,
        book: (id: string) => (id === 'none' ? null : { timeZone: 'UTC' }),
      },
      reader: { newest: () => Promise.resolve(this.hasTable ? snapshot : null) },
      freshness: {
        look: () => Promise.resolve(),
        caughtUpAt: () => (this.isBehind ? null : this.now),
      },
      desk: this.desk,
      policy: {
        ...policy,
        throttle: {
          ...policy.throttle,
          subjectsMax: this.subjectsMax,
          escalationMs: this.escalationMs,
        },
      },
    } as unknown as ThrottleParts;
  }

  private looks = 0;
}

function lineOf(project: string, used: bigint, at: bigint): ChargeLine {
  const names = { category: 'usage', application: 'moka', resource: 'tokens', name: null } as const;
  const charge = { start: at, end: at };
  const amounts = { used, charged: used, price, cost: used.toString() };
  return { ...names, project, correction: false, charge, datedAt: at, ...amounts } as ChargeLine;
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

  it('goes deeper in its time, though new quotas come all the while', async () => {
    stage.escalationMs = 5_000;
    stage.restart();
    const seen: number[] = [];
    for (let times = 0; times < 8; times += 1) {
      await stage.evaluate();
      seen.push(stage.cutOf()?.cutBasisPoints ?? 0);
      stage.create(`moka/new-${times}`);
    }
    expect(seen).toEqual([2_000, 2_000, 2_000, 2_000, 2_000, 5_000, 5_000, 5_000]);
    expect(stage.cutOf('moka/new-0')?.cutBasisPoints).toBe(5_000);
    await stage.evaluate();
    expect(stage.cutOf('moka/new-7')?.cutBasisPoints).toBe(5_000);
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

  it('gives up what a retired budget has yet to cut', async () => {
    stage.answers = { ApplyHaircut: ['unknown'] };
    await stage.evaluate();
    stage.say('organization:acme', { type: 'RetireBudget', data: { budgetId: 'month' } });
    await stage.evaluate();
    expect(stage.types).toEqual(['BeginCut', 'ApplyHaircut', 'CompleteCut']);
    expect(stage.of('CompleteCut')[0]?.data).toMatchObject({ answer: 'abandoned' });
    expect(stage.cutOf()).toBeUndefined();
  });

  it('keeps no command of a retired budget that was never answered', async () => {
    stage.answers = { BeginCut: ['unknown'] };
    await stage.evaluate();
    expect(stage.desk.unanswered).toBe(1);
    stage.say('organization:acme', { type: 'RetireBudget', data: { budgetId: 'month' } });
    await stage.evaluate();
    expect(stage.desk.unanswered).toBe(0);
  });

  it('asks again, after a rest, for the lift of a retired budget’s cut that was refused', async () => {
    await stage.evaluate();
    stage.say('organization:acme', { type: 'RetireBudget', data: { budgetId: 'month' } });
    stage.answers = { LiftHaircut: ['refused'] };
    await stage.evaluate();
    await stage.evaluate();
    expect(stage.of('LiftHaircut')).toHaveLength(1);
    expect(stage.cutOf()).toBeDefined();
    stage.now += 60n * second;
    await stage.evaluate();
    expect(stage.cutOf()).toBeUndefined();
    expect(stage.organization.cuts.size).toBe(0);
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
    expect(look?.verdict.frozen).toMatchObject([{ detail: 'QUOTA_UNKNOWN: ' }]);
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
    stage.say('pricebook:second', {
      type: 'DefinePriceBook',
      data: { ...plainBook, currency: 'USD', prices: [price] },
    });
    stage.define({ budgetId: 'second', priceBook: 'second' });
    stage.brokenBook = true;
    const { budgets, faults } = await stage.evaluate();
    expect(faults).toMatchObject([{ organization: 'acme', budgetId: 'month' }]);
    expect(budgets).toMatchObject([{ posted: [{ answer: { status: 'accepted' } }] }]);
    expect(stage.cutOf('moka/chat', 'second')?.cutBasisPoints).toBe(2_000);
  });
});

describe('a budget of a team or of the organization', () => {
  const named = { owner: 'leads', displayName: 'Acme' };
  const project = (name: string, team: string | null): void => {
    stage.say('organization:acme', {
      type: 'DefineProject',
      data: { project: name, team, ...named },
    });
  };

  beforeEach(() => {
    stage.say('organization:acme', { type: 'RetireBudget', data: { budgetId: 'month' } });
    stage.say('organization:acme', { type: 'RegisterOrganization', data: named });
    stage.say('organization:acme', {
      type: 'DefineTeam',
      data: { teamId: 'web', parent: null, ...named },
    });
    project('acme/search', 'web');
    project('acme/ads', 'web');
    project('acme/lab', null);
    for (const name of ['ads', 'lab']) stage.create(`moka/${name}`, `acme/${name}`);
    [stage.used, stage.now] = [60n, start];
    stage.others.set('acme/ads', 70n).set('acme/lab', 80n);
    stage.define({ budgetId: 'web', project: '', team: 'web', amount: '100' });
  });

  it('sums what its projects have spent, and cuts each of them as a cut of its own', async () => {
    const { budgets } = await stage.evaluate();
    expect(budgets[0]).toMatchObject({ inputs: { spend: { total: '130' } } });
    expect(stage.of('BeginCut').map(({ data }) => data['project'])).toEqual([
      'acme/ads',
      'acme/search',
    ]);
    expect(stage.cutOf('moka/ads', 'web')?.spend).toBe('130');
    expect(stage.cutOf('moka/chat', 'web')?.cutBasisPoints).toBe(2_000);
    expect(stage.cutOf('moka/lab', 'web')).toBeUndefined();
    await stage.evaluate();
    expect(stage.cutOf('moka/ads', 'web')?.cutBasisPoints).toBe(5_000);
    stage.define({ budgetId: 'web', project: '', team: 'web', amount: '130' });
    await stage.evaluate();
    expect(stage.cutOf('moka/ads', 'web')).toBeUndefined();
    expect(stage.cutOf('moka/chat', 'web')).toBeUndefined();
    expect(stage.organization.cuts.size).toBe(0);
  });

  it('of the organization counts all of it, once', async () => {
    stage.define({ budgetId: 'all', project: '', amount: '1000' });
    const look = await stage.throttle.look('acme', 'all', stage.now);
    expect(look?.inputs.spend?.total).toBe('210');
    expect(look?.inputs.spend?.projects.get('acme/lab')).toBe('80');
  });

  it('of the organization cuts also what nobody has defined, whose spending counts in it', async () => {
    stage.others.set('acme/nobodys', 900n);
    stage.create('moka/nobodys', 'acme/nobodys');
    stage.define({ budgetId: 'all', project: '', amount: '1000' });
    await stage.evaluate();
    expect(stage.cutOf('moka/nobodys', 'all')?.spend).toBe('1110');
    expect(stage.cutOf('moka/nobodys', 'web')).toBeUndefined();
  });

  it('never touches a project that is within a budget of its own of the same length or a longer one', async () => {
    const month = { ...budget.window, lengthMicros: 10n * length };
    stage.define({ budgetId: 'ads', project: 'acme/ads', amount: '70', window: month });
    stage.define({
      budgetId: 'search',
      amount: '60',
      window: { ...budget.window, lengthMicros: 1n },
    });
    await stage.evaluate();
    expect(stage.cutOf('moka/ads', 'web')).toBeUndefined();
    expect(stage.cutOf('moka/chat', 'web')?.cutBasisPoints).toBe(2_000);
  });

  it('cuts one that is over its own budget too, and lets go of it once that one holds', async () => {
    stage.define({ budgetId: 'ads', project: 'acme/ads', amount: '20' });
    await stage.evaluate();
    expect(stage.cutOf('moka/ads', 'web')).toBeDefined();
    expect(stage.cutOf('moka/ads', 'ads')).toBeDefined();
    stage.define({ budgetId: 'ads', project: 'acme/ads', amount: '80' });
    await stage.evaluate();
    expect(stage.cutOf('moka/ads', 'web')).toBeUndefined();
    expect(stage.cutOf('moka/ads', 'ads')).toBeUndefined();
    expect(stage.cutOf('moka/chat', 'web')).toBeDefined();
  });

  it('gives up the cut of a project that is within its own budget before it was carried out', async () => {
    stage.answers = { ApplyHaircut: ['unknown', 'unknown'] };
    await stage.evaluate();
    stage.define({ budgetId: 'ads', project: 'acme/ads', amount: '80' });
    await stage.evaluate();
    expect(stage.cutOf('moka/ads', 'web')).toBeUndefined();
    expect(stage.cutOf('moka/chat', 'web')).toBeDefined();
    expect(stage.of('CompleteCut')[0]?.data).toMatchObject({ answer: 'abandoned' });
    expect(stage.of('LiftHaircut')).toEqual([]);
  });

  it('lifts a project’s cut that has left the team, and goes on with the others', async () => {
    await stage.evaluate();
    project('acme/ads', null);
    stage.used = 140n;
    await stage.evaluate();
    expect(stage.cutOf('moka/ads', 'web')).toBeUndefined();
    expect(stage.cutOf('moka/chat', 'web')).toBeDefined();
  });

  it('lifts everything when it is retired', async () => {
    await stage.evaluate();
    stage.say('organization:acme', { type: 'RetireBudget', data: { budgetId: 'web' } });
    await stage.evaluate();
    await stage.evaluate();
    expect(stage.cutOf('moka/ads', 'web')).toBeUndefined();
    expect(stage.cutOf('moka/chat', 'web')).toBeUndefined();
  });
});

describe('a ledger that does not add up', () => {
  it('freezes all that depends on it, and lets go what stands in the log', async () => {
    await stage.evaluate();
    stage.lost = 1n;
    const { budgets } = await stage.evaluate();
    expect(budgets[0]?.verdict).toMatchObject({
      actions: [],
      frozen: [{ code: 'LEDGER_DIFFERS' }],
    });
    stage.used = 0n;
    await stage.evaluate();
    expect(stage.types).toEqual(cutting);
    stage.now = start + length;
    await stage.evaluate();
    expect(stage.types).toEqual([...cutting, ...lifting]);
  });
});

describe('a threshold', () => {
  const thresholds: DefineBudget['thresholds'] = [
    { basis: 'actual', basisPoints: 5_000 },
    { basis: 'actual', basisPoints: 8_000 },
    { basis: 'forecast', basisPoints: 10_000 },
  ];
  const told = () =>
    stage
      .of('RecordThreshold')
      .map(({ data }) => [data['basis'], data['basisPoints'], data['direction']].join(' '));

  beforeEach(() => {
    stage.used = 60n;
    stage.define({ thresholds });
  });

  it('is told once when it is reached, once when it is left again, and never twice in a window', async () => {
    await stage.evaluate();
    await stage.evaluate();
    expect(told()).toEqual(['actual 5000 up']);
    stage.used = 85n;
    await stage.evaluate();
    stage.used = 40n;
    await stage.evaluate();
    stage.used = 85n;
    await stage.evaluate();
    stage.restart();
    await stage.evaluate();
    expect(told()).toEqual([
      'actual 5000 up',
      'actual 8000 up',
      'actual 5000 down',
      'actual 8000 down',
    ]);
    expect(stage.organization.budgets.get('month')?.crossings?.crossed).toHaveLength(4);
    stage.now = start + length;
    await stage.evaluate();
    expect(told().slice(4)).toEqual(['actual 5000 up', 'actual 8000 up']);
  });

  it.each([
    ['a lost answer', ['lost']],
    ['no answer at all', ['unknown']],
  ] as const)('is told once through %s and a restart', async (_what, answers) => {
    stage.answers = { RecordThreshold: [...answers] };
    await stage.evaluate();
    stage.restart();
    await stage.evaluate();
    await stage.evaluate();
    expect(stage.organization.budgets.get('month')?.crossings?.crossed).toHaveLength(1);
  });

  it('is not told by data that is late, incomplete or does not add up', async () => {
    stage.isBehind = true;
    await stage.evaluate();
    [stage.isBehind, stage.lost] = [false, 1n];
    await stage.evaluate();
    [stage.lost, stage.hasTable] = [0n, false];
    await stage.evaluate();
    expect(told()).toEqual([]);
  });

  it('of a forecast warns, and cuts nothing, however sure it is', async () => {
    // Eleven days of a month, at a pace that will be three times the budget.
    const day = 86_400n * second;
    const window = { ...budget.window, lengthMicros: 30n * day };
    stage.now = 300n * day + 11n * day;
    for (let index = 0n; index < 11n; index += 1n) stage.days.push([300n * day + index * day, 9n]);
    stage.used = 0n;
    stage.define({ thresholds, window });
    const { budgets } = await stage.evaluate();
    const chance =
      budgets[0]?.forecast?.kind === 'forecast' ? budgets[0].forecast.chanceBasisPoints : 0;
    expect(chance).toBeGreaterThan(9_000);
    expect(told()).toEqual(['actual 5000 up', 'actual 8000 up', 'forecast 10000 up']);
    const [, , forecast] = stage.of('RecordThreshold');
    expect(forecast?.data).toMatchObject({ spend: '99', chanceBasisPoints: chance });
    expect(stage.of('BeginCut')).toEqual([]);
    expect(stage.of('ApplyHaircut')).toEqual([]);
    expect(stage.organization.budgets.get('month')?.crossings?.crossed).toHaveLength(3);
  });
});

describe('a budget that only tells', () => {
  it('tells each step once, cuts nothing, and begins at the first step when it is let cut', async () => {
    stage.define({ mode: 'dry_run' });
    for (let times = 0; times < 4; times += 1) await stage.evaluate();
    expect(stage.types).toEqual(['RehearseCut', 'RehearseCut']);
    expect(stage.of('RehearseCut').map(({ data }) => [data['step'], data['quotas']])).toEqual([
      [0, 1],
      [1, 1],
    ]);
    expect(stage.cutOf()).toBeUndefined();
    stage.define();
    await stage.evaluate();
    expect(stage.cutOf()?.cutBasisPoints).toBe(2_000);
    await stage.evaluate();
    expect(stage.cutOf()?.cutBasisPoints).toBe(5_000);
    stage.define({ mode: 'dry_run' });
    await stage.evaluate();
    expect(stage.cutOf()).toBeUndefined();
  });
});

describe('a person’s stop of a budget', () => {
  it('lifts what stands and cuts nothing until its end', async () => {
    await stage.evaluate();
    stage.say('organization:acme', {
      type: 'OverrideBudget',
      data: { budgetId: 'month', until: stage.now + 10n * second },
    });
    await stage.evaluate();
    expect(stage.cutOf()).toBeUndefined();
    const { budgets } = await stage.evaluate();
    expect(budgets[0]?.verdict).toMatchObject({ actions: [], frozen: [{ code: 'OVERRIDDEN' }] });
    stage.now += 10n * second;
    await stage.evaluate();
    expect(stage.cutOf()?.cutBasisPoints).toBe(2_000);
  });
});

describe('a cut by priority', () => {
  it('reaches what its owner would miss least first, wave after wave, and lifts all to the letter', async () => {
    for (const priority of [1, 5, 9]) stage.create(`moka/p${priority}`, 'acme/search', priority);
    const lies = () =>
      ['moka/chat', 'moka/p1', 'moka/p5', 'moka/p9'].map(
        (id) => stage.cutOf(id)?.cutBasisPoints ?? 0,
      );
    const seen: number[][] = [];
    for (let times = 0; times < 7; times += 1) {
      await stage.evaluate();
      seen.push(lies());
    }
    expect(seen).toEqual([
      [0, 0, 2_000, 2_000],
      [0, 2_000, 2_000, 2_000],
      [2_000, 2_000, 2_000, 2_000],
      [2_000, 2_000, 5_000, 5_000],
      [2_000, 5_000, 5_000, 5_000],
      [5_000, 5_000, 5_000, 5_000],
      [5_000, 5_000, 5_000, 5_000],
    ]);
    stage.used = 50n;
    await stage.evaluate();
    expect(lies()).toEqual([0, 0, 0, 0]);
  });
});

describe('the cap on quotas of one evaluation', () => {
  it('holds over all budgets, goes on at the next, says so, and holds back no lift', async () => {
    for (let index = 0; index < 1_100; index += 1) stage.create(`moka/q${index}`);
    stage.subjectsMax = 500;
    stage.used = 105n;
    stage.restart();
    const cut = () =>
      Array.from({ length: 1_100 }, (_, index) => stage.cutOf(`moka/q${index}`)).filter(Boolean)
        .length + (stage.cutOf() === undefined ? 0 : 1);
    const first = await stage.evaluate();
    expect([cut(), first.waiting]).toEqual([500, 1]);
    await stage.evaluate();
    expect(cut()).toBe(1_000);
    stage.restart();
    await stage.evaluate();
    expect(cut()).toBe(1_101);
    stage.define({ amount: '1000' });
    await stage.evaluate();
    expect(cut()).toBe(0);
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

describe('a tier policy that is published again', () => {
  const steps = [
    { overrunBasisPoints: 0, cutBasisPoints: [0, 0, 1_000, 2_000, 5_000] },
    { overrunBasisPoints: 1_000, cutBasisPoints: [0, 1_000, 2_500, 5_000, 9_000] },
  ];
  const floorBasisPoints = [0, 0, 0, 0, 0];

  it('with what lies in place asks for nothing at all', async () => {
    await stage.evaluate();
    await stage.evaluate();
    const posted = stage.posted.length;
    const more = { overrunBasisPoints: 5_000, cutBasisPoints: [0, 1_000, 2_500, 5_000, 9_500] };
    stage.say('tierpolicy:standard', {
      type: 'PublishTierPolicy',
      data: { steps: [...steps, more], floorBasisPoints },
    });
    for (let times = 0; times < 5; times += 1) await stage.evaluate();
    expect(stage.posted.slice(posted).map(({ type }) => type)).toEqual([]);
    expect(stage.cutOf()?.cutBasisPoints).toBe(5_000);
  });
});
