import type { OrganizationState } from '@prorata/quota-model';
import { TestStream } from '@prorata/quota-model/testing';
import type { CommandBody } from '@prorata/quota-model/testing';
import { fromJson, fullNameOf } from '@prorata/schemas';
import type { CommandAnswer } from '@prorata/service-runtime';
import { describe, expect, it } from 'vitest';
import type { LoopCommand } from '../commandDesk.ts';
import { LogView } from '../view/logView.ts';
import { Ledger } from './ledger.ts';
import { digestOf } from './lineText.ts';
import { PeriodCloser } from './periodCloser.ts';
import type { CloserParts } from './periodCloser.ts';
import { useAt } from './testing/ledgerGround.ts';
import { MemoryUses, SOURCE } from './testing/memoryUses.ts';

const utc = (text: string): bigint => BigInt(Date.parse(text)) * 1_000n;
const day = 86_400_000_000n;
const january = { start: utc('2026-01-01T00:00:00Z'), end: utc('2026-02-01T00:00:00Z') };
const everything = { positions: null, loggedBefore: null };

/** The real model in the writer's place, with a table whose rows are in memory. */
class Stage {
  readonly view = new LogView();
  readonly posted: LoopCommand[] = [];
  now = utc('2026-01-01T00:00:00Z');
  isBehind = false;
  /** The next command is decided, and its answer lost. */
  isLost = false;
  rows = [useAt({ used: 9_000n, at: january.start + 3n * day, offset: 0n })];
  readonly #streams = new Map<string, TestStream>();

  constructor() {
    this.say('organization:acme', { type: 'RegisterOrganization', data: { displayName: 'Acme' } });
    this.say('organization:acme', {
      type: 'DefineProject',
      data: { project: 'acme/search', team: null, owner: 'search', displayName: 'Search' },
    });
    this.define('1');
    this.say('organization:acme', {
      type: 'DefineBudget',
      data: {
        budgetId: 'month',
        project: 'acme/search',
        team: null,
        amount: '100',
        currency: 'USD',
        window: {
          kind: 'calendar_month',
          timeZone: 'UTC',
          lengthMicros: null,
          anchor: null,
          count: 1,
        },
        priceBook: 'list',
        tierPolicy: 'standard',
        mode: 'enforce',
        thresholds: null,
        split: null,
      },
    });
  }

  define(amount: string): void {
    const price = {
      application: 'llm',
      resource: 'tokens',
      amount,
      perUnits: 1_000n,
      effectiveFrom: 0n,
      unit: '',
      steps: [],
      basis: 'used' as const,
    };
    this.say('pricebook:list', {
      type: 'DefinePriceBook',
      data: {
        currency: 'USD',
        prices: [price],
        timeZone: 'UTC',
        closeAfterMicros: 3n * day,
        sharedCosts: [],
        idle: [],
      },
    });
  }

  say(name: string, body: CommandBody): ReturnType<TestStream['send']> {
    const stream = this.#streams.get(name) ?? new TestStream(name);
    this.#streams.set(name, stream);
    stream.advanceTo(this.now);
    const before = stream.events.length;
    const decision = stream.send(body, { roles: ['admin'] });
    if (decision.kind === 'refused') throw new Error(JSON.stringify(decision.violations));
    for (const event of stream.events.slice(before)) this.view.fold(event);
    return decision;
  }

  /** As whoever is started: it knows what is in the log. */
  evaluate(at: bigint) {
    this.now = at;
    return new PeriodCloser(this.#parts()).evaluate(at);
  }

  get closed() {
    return this.view.ledger.closings('acme', 'list');
  }

  lines(window: { start: bigint; end: bigint }) {
    return digestOf(this.#lines({ window, usage: everything, at: this.now }));
  }

  #lines(question: object) {
    const scope = { organization: 'acme', project: null };
    const asked = { scope, priceBook: 'list', decidedBy: null, usage: everything };
    const ledger = new Ledger(this.view.ledger);
    return ledger.lines(new MemoryUses(this.rows), {
      ...asked,
      ...(question as { window: typeof january; at: bigint }),
    });
  }

  #parts(): CloserParts {
    const next = BigInt(this.rows.length);
    const snapshot = {
      positions: new Map([[`${SOURCE}/0`, next]]),
      files: () => Promise.resolve([{ windowStart: january.start + 3n * day }]),
    };
    return {
      view: { view: this.view, settle: () => Promise.resolve(true) },
      reader: { newest: () => Promise.resolve(snapshot) },
      freshness: {
        look: () => Promise.resolve(),
        caughtUpAt: () => (this.isBehind ? january.end : this.now),
      },
      ledger: {
        lines: (_version: unknown, question: object) => this.#lines(question),
        firstUse: () => Promise.resolve(january.start + 3n * day),
      },
      desk: { send: (command: LoopCommand) => this.#post(command) },
    } as unknown as CloserParts;
  }

  #post(command: LoopCommand): Promise<CommandAnswer> {
    this.posted.push(command);
    const envelope = {
      commandId: command.commandId,
      stream: command.stream,
      actor: { kind: 'robot', issuer: 'test', subject: 'ledger' },
      roles: [],
      reason: command.reason,
      dryRun: false,
      submittedAt: '2026-02-04T00:00:00Z',
    };
    const parsed = fromJson(fullNameOf.ClosePeriod, { ...command.data, envelope });
    const data = 'violations' in parsed ? null : parsed.value;
    if (data === null) throw new Error(JSON.stringify(parsed));
    const decision = this.say(command.stream, { type: 'ClosePeriod', data } as CommandBody);
    const status = this.isLost ? 'unknown' : decision.kind;
    this.isLost = false;
    const { commandId } = command;
    return Promise.resolve({
      status,
      commandId,
      code: null,
      detail: null,
      violations: [],
      outcome: null,
    });
  }
}

describe('closing periods', () => {
  it('waits for the end, for what the book lets wait and for the table', async () => {
    const stage = new Stage();
    expect(await stage.evaluate(january.end + 3n * day - 1n)).toEqual([]);
    stage.isBehind = true;
    expect(await stage.evaluate(january.end + 3n * day)).toEqual([]);
    stage.isBehind = false;
    expect(await stage.evaluate(january.end + 3n * day)).toMatchObject([
      { organization: 'acme', period: january, answer: { status: 'accepted' } },
    ]);
    expect(stage.closed).toMatchObject([{ ...january, total: '9', lines: 1n }]);
    expect(stage.posted[0]!.data).toMatchObject({
      positions: [{ source: SOURCE, partition: 0, nextOffset: '1' }],
      total: '9',
    });
  });

  it('closes each once, whenever it was stopped, and then the one after it', async () => {
    const stage = new Stage();
    stage.isLost = true;
    await stage.evaluate(january.end + 4n * day);
    expect(stage.closed).toHaveLength(1);
    expect(await stage.evaluate(january.end + 5n * day)).toEqual([]);
    await stage.evaluate(utc('2026-03-04T00:00:00Z'));
    expect(stage.closed.map(({ start }) => start)).toEqual([january.start, january.end]);
    expect((stage.view.organization('acme') as OrganizationState).closedPeriods.size).toBe(1);
  });

  it('signs lines that come back equal, and stay when usage or a price comes later', async () => {
    const stage = new Stage();
    await stage.evaluate(january.end + 3n * day);
    const signed = stage.posted[0]!.data['linesSha256'];
    const late = { used: 1_000n, at: january.start + 3n * day, offset: 1n, loggedAt: stage.now };
    stage.rows = [...stage.rows, useAt(late)];
    stage.now += day;
    stage.define('2');
    expect((await stage.lines(january)).sha256).toBe(signed);
    const later = { start: january.end, end: january.end + 28n * day };
    expect(await stage.lines(later)).toMatchObject({ total: '11', lines: 2n });
  });
});
