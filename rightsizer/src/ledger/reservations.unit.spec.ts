import {
  content,
  cores,
  noChange,
  registration,
  START,
  TestStream,
  tokens,
} from '@prorata/quota-model/testing';
import type { CommandBody } from '@prorata/quota-model/testing';
import { describe, expect, it } from 'vitest';
import { LogView } from '../view/logView.ts';
import { heldSeconds } from './reservations.ts';

const second = 1_000_000n;
const always = { start: 0n, end: START * 2n };

/** An application's log, a second a command. */
class Log {
  readonly view = new LogView();
  readonly #stream = new TestStream('application:moka');

  constructor() {
    this.#stream.append([
      {
        type: 'ApplicationRegistered',
        data: { ...registration, version: 1n, meaningVersion: 1 },
        quotaId: null,
        quotaVersion: null,
      },
    ]);
    for (const event of this.#stream.events) this.view.fold(event);
  }

  say(body: CommandBody): this {
    this.#stream.now += second;
    const before = this.#stream.events.length;
    const decision = this.#stream.send(body, { roles: ['admin'] });
    expect(decision.kind).toBe('accepted');
    for (const event of this.#stream.events.slice(before)) this.view.fold(event);
    return this;
  }

  create(quotaId: string, guaranteed: bigint, project: string | null = null): this {
    const limits = guaranteed === 0n ? [tokens(5n)] : [cores(guaranteed, 900n)];
    return this.say({
      type: 'CreateQuota',
      data: { quotaId, content: content(limits, { project }) },
    });
  }

  /** By quota: amounts, each from and to a second of the test. */
  held(project: string): Record<string, (string | number | null)[][]> {
    const of = this.view.ledger.reservations.of(project, 'moka', 'cores', always);
    const at = (time: bigint): number => Number((time - START) / second);
    return Object.fromEntries(
      of.map(({ quotaId, spans }) => [
        quotaId,
        spans.map(({ amount, from, to }) => [
          Number(amount),
          at(from),
          to === null ? null : at(to),
        ]),
      ]),
    );
  }
}

describe('what is reserved', () => {
  it('is what a quota declares and has not handed on', () => {
    const log = new Log().create('moka/a', 100n, 'acme/ads').create('moka/a/x', 60n);
    expect(log.held('acme/ads')).toEqual({
      'moka/a': [
        [100, 1, 2],
        [40, 2, null],
      ],
      'moka/a/x': [[60, 2, null]],
    });
    log.say({ type: 'DeleteQuota', data: { quotaId: 'moka/a/x', children: 'refuse' } });
    expect(log.held('acme/ads')).toEqual({
      'moka/a': [
        [100, 1, 2],
        [40, 2, 3],
        [100, 3, null],
      ],
      'moka/a/x': [[60, 2, 3]],
    });
  });

  it('follows the payer, with all below', () => {
    const log = new Log().create('moka/a', 100n, 'acme/ads').create('moka/a/x', 60n);
    log.say({
      type: 'TransferQuota',
      data: { quotaId: 'moka/a', owner: null, project: 'acme/lab' },
    });
    expect(log.held('acme/ads')).toEqual({
      'moka/a': [
        [100, 1, 2],
        [40, 2, 3],
      ],
      'moka/a/x': [[60, 2, 3]],
    });
    expect(log.held('acme/lab')).toEqual({
      'moka/a': [[40, 3, null]],
      'moka/a/x': [[60, 3, null]],
    });
  });

  it('follows a quota that moves, and one that changes', () => {
    const log = new Log().create('moka/a', 0n, 'acme/ads').create('moka/a/x', 60n);
    log.say({ type: 'MoveQuota', data: { quotaId: 'moka/a', toQuotaId: 'moka/b' } });
    log.say({
      type: 'ChangeQuota',
      data: { ...noChange, quotaId: 'moka/b/x', setLimits: [cores(70n, 900n)] },
    });
    expect(log.held('acme/ads')).toEqual({
      'moka/a/x': [[60, 2, 3]],
      'moka/b/x': [
        [60, 3, 4],
        [70, 4, null],
      ],
    });
  });

  it('tells what there is: the declared total, and what the first level is guaranteed', () => {
    const { view } = new Log().create('moka/a', 100n).create('moka/b', 50n).create('moka/a/x', 60n);
    const { reservations } = view.ledger;
    const amounts = (of: 'declared_total' | 'guarantees'): bigint[] =>
      reservations.supply('moka', 'cores', of).map(({ amount }) => amount);
    expect(amounts('declared_total')).toEqual([1_000n]);
    expect(amounts('guarantees')).toEqual([100n, 150n]);
  });
});

describe('heldSeconds', () => {
  it('counts what lies within, rounded down', () => {
    const spans = [
      { amount: 3n, from: 0n, to: second / 2n },
      { amount: 1n, from: second, to: null },
    ];
    expect(heldSeconds(spans, 0n, second)).toBe(1n);
    expect(heldSeconds(spans, 0n, 3n * second)).toBe(3n);
    expect(heldSeconds(spans, second, 3n * second)).toBe(2n);
  });
});
