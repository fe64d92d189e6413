import type { OrganizationState } from '@prorata/quota-model';
import { plainBook, plainPrice, registration, TestStream } from '@prorata/quota-model/testing';
import type { CommandBody, Sender } from '@prorata/quota-model/testing';
import { fromJson, fullNameOf } from '@prorata/schemas';
import type { BudgetShare, BudgetWindow, Price } from '@prorata/schemas';
import type { CommandAnswer } from '@prorata/service-runtime';
import { CommandDesk } from '../../commandDesk.ts';
import type { LoopCommand } from '../../commandDesk.ts';
import { Processes } from '../../throttle/processes.ts';
import { LogView } from '../../view/logView.ts';
import { Provisioner } from '../provisioner.ts';

const SECOND = 1_000_000n;
const MINUTE = 60n * SECOND;
const admin: Sender = { roles: ['admin'] };
const robot: Sender = {
  actor: { kind: 'robot', issuer: 'test', subject: 'throttle' },
  roles: ['robot'],
};
const named = { owner: 'leads', displayName: 'Acme' };

/** A share of the budget of a stage. */
export function share(resource: string, basisPoints: number, application = 'moka'): BudgetShare {
  return { application, resource, basisPoints };
}

export function priceOf(resource: string, amount: string, more: Partial<Price> = {}): Price {
  const terms = { application: 'moka', resource, amount, perUnits: 1n, effectiveFrom: 0n };
  return { ...terms, ...plainPrice, ...more };
}

/**
 * An organization with one project and one budget of 1,000 in windows of 100 seconds, the application `moka` with its resources,
 * and the real model in the writer's place.
 */
export class ProvisionStage {
  now = 10_000n * SECOND;
  /** Of the commands of a type that come next: not answered, before they are decided. */
  readonly lost: LoopCommand['type'][] = [];
  /** Of the commands of a type that come next: decided, and the answer lost on its way. */
  readonly unheard: LoopCommand['type'][] = [];
  readonly posted: LoopCommand[] = [];
  readonly view = new LogView();
  readonly #prices: Price[] = [];
  readonly #streams = new Map<string, TestStream>();
  readonly #first = new Map<string, CommandAnswer>();
  readonly #desk = new CommandDesk((command) => Promise.resolve(this.#answer(command)));
  readonly #processes = new Processes(this.#desk, 1_000);
  provisioner = this.#provisioner();

  constructor() {
    this.say('application:moka', { type: 'RegisterApplication', data: { ...registration } });
    this.price(priceOf('tokens', '0.01'), priceOf('cores', '0.5'), priceOf('credits', '2'));
    this.say('organization:acme', { type: 'RegisterOrganization', data: named });
    const project = { project: 'acme/search', team: null, ...named };
    this.say('organization:acme', { type: 'DefineProject', data: project });
  }

  say(name: string, body: CommandBody, sender: Sender = admin): ReturnType<TestStream['send']> {
    const stream = this.#streams.get(name) ?? new TestStream(name);
    this.#streams.set(name, stream);
    stream.advanceTo(this.now);
    const before = stream.events.length;
    const decision = stream.send(body, sender);
    for (const event of stream.events.slice(before)) this.view.fold(event);
    return decision;
  }

  /** Further prices, in force from now on. */
  price(...more: readonly Price[]): void {
    const effectiveFrom = this.#prices.length === 0 ? 0n : this.now + SECOND;
    this.#prices.push(...more.map((price) => ({ ...price, effectiveFrom })));
    const data = { ...plainBook, currency: 'USD', prices: this.#prices };
    const decision = this.say('pricebook:list', { type: 'DefinePriceBook', data });
    if (decision.kind === 'refused') throw new Error(decision.violations[0].message);
    this.now += SECOND;
  }

  budget(
    split: readonly BudgetShare[],
    more: { amount?: string; mode?: 'dry_run' | 'enforce'; window?: BudgetWindow } = {},
  ): ReturnType<TestStream['send']> {
    return this.say('organization:acme', {
      type: 'DefineBudget',
      data: {
        budgetId: 'month',
        project: 'acme/search',
        team: null,
        amount: '1000',
        currency: 'USD',
        window: {
          kind: 'fixed',
          timeZone: 'UTC',
          lengthMicros: 100n * SECOND,
          anchor: 0n,
          count: 1,
        },
        priceBook: 'list',
        tierPolicy: 'standard',
        mode: 'enforce',
        thresholds: [],
        ...more,
        split,
      },
    });
  }

  /** Looks once, and carries out what was intended, a minute later. */
  async evaluate(): ReturnType<Provisioner['evaluate']> {
    this.now += MINUTE;
    const evaluation = await this.provisioner.evaluate(this.now);
    await this.#processes.carryOut(this.view);
    return evaluation;
  }

  /** Another process, which knows what is in the log. */
  restart(): void {
    this.provisioner = this.#provisioner();
  }

  get organization(): OrganizationState {
    return this.#streams.get('organization:acme')?.state as OrganizationState;
  }

  get allocations(): LoopCommand[] {
    return this.posted.filter(({ type }) => type === 'AllocateEntitlement');
  }

  /** What the application grants, by resource. */
  entitled(resource: string): bigint | string | undefined {
    return this.view.application('moka')?.entitlements.get(`acme/search ${resource}`)?.amount;
  }

  #provisioner(): Provisioner {
    const view = { view: this.view, settle: () => Promise.resolve(true) };
    return new Provisioner({ view, desk: this.#desk, refusalRestMs: 300_000 });
  }

  #answer(command: LoopCommand): CommandAnswer {
    this.posted.push(command);
    if (this.lost[0] === command.type) {
      this.lost.shift();
      return answerOf(command, 'unknown', null);
    }
    const first = this.#first.get(command.commandId);
    if (first !== undefined) return first;
    const parsed = fromJson(fullNameOf[command.type], { ...command.data, envelope });
    if ('violations' in parsed) throw new Error(JSON.stringify(parsed.violations));
    const body = { type: command.type, data: parsed.value } as CommandBody;
    const decision = this.say(command.stream, body, robot);
    const answer =
      decision.kind === 'refused'
        ? answerOf(command, 'refused', decision.violations[0].code)
        : { ...answerOf(command, 'accepted', 'ACCEPTED'), outcome: { result: decision.result } };
    this.#first.set(command.commandId, answer);
    if (this.unheard[0] === command.type) {
      this.unheard.shift();
      return answerOf(command, 'unknown', null);
    }
    return answer;
  }
}

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
