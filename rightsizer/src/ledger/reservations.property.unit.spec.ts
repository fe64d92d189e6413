import { declaredLimit, projectOf } from '@prorata/quota-model';
import type { ApplicationState } from '@prorata/quota-model';
import {
  historyActions,
  historyWeights,
  startHistory,
  takeStep,
} from '@prorata/quota-model/testing';
import type { HistoryStep } from '@prorata/quota-model/testing';
import type { EventMessage } from '@prorata/schemas';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogView } from '../view/logView.ts';

const step: fc.Arbitrary<HistoryStep> = fc.record({
  action: fc.oneof(
    ...historyActions.map((action) => ({
      weight: historyWeights[action],
      arbitrary: fc.constant(action),
    })),
  ),
  quota: fc.nat(60),
  // Of capacity, the only kind that is kept for anybody.
  resource: fc.constantFrom(1, 1, 5, 9, 13),
  amount: fc.nat(40),
  other: fc.nat(40),
});

/** All below moka/p is paid by another from then on. */
const toAnother: HistoryStep = { action: 'transfer', quota: 0, resource: 1, amount: 2, other: 1 };

/** What each quota declares and has not handed on, as a walk over all of them finds it. */
function keptNow(state: ApplicationState): Map<string, bigint> {
  const guaranteed = (quotaId: string): bigint | null => {
    const quota = state.quotas.get(quotaId);
    const limit = quota === undefined ? null : declaredLimit(quota, 'cores');
    if (limit === null) return null;
    return limit.bound === 'blocked' ? 0n : (limit.guaranteed ?? 0n);
  };
  const kept = new Map<string, bigint>();
  const nearest = (id: string): string | null => {
    for (let at = id.slice(0, id.lastIndexOf('/')); at.includes('/');) {
      if (guaranteed(at) !== null) return at;
      at = at.slice(0, at.lastIndexOf('/'));
    }
    return null;
  };
  for (const id of state.quotas.keys()) {
    const own = guaranteed(id);
    if (own === null) continue;
    kept.set(id, (kept.get(id) ?? 0n) + own);
    const above = nearest(id);
    if (above !== null) kept.set(above, (kept.get(above) ?? 0n) - own);
  }
  return new Map(
    [...kept]
      .filter(([, amount]) => amount > 0n)
      .map(([id, amount]) => [`${projectOf(state, id) ?? ''} ${id}`, amount]),
  );
}

/** After every event. */
function holdsThroughout(events: readonly EventMessage[]): void {
  const view = new LogView();
  for (const event of events) {
    view.fold(event);
    const state = view.application('moka');
    if (state === null) throw new Error('the application is gone');
    const { reservations } = view.ledger;
    const now = event.value.envelope.decidedAt;
    const window = { start: now, end: now + 1n };
    const held = [...reservations.projects()].flatMap((name) =>
      reservations
        .of(name === '' ? null : name, 'moka', 'cores', window)
        .flatMap(({ quotaId, spans }) =>
          spans
            .filter(({ to }) => to === null)
            .map(({ amount }): [string, bigint] => [`${name} ${quotaId}`, amount]),
        ),
    );
    expect(new Map(held), event.type).toEqual(keptNow(state));
  }
}

describe('what is reserved', () => {
  it.each(['first', 'second'] as const)(
    'is after every event what the quotas declare and have not handed on, by who pays from the %s level on',
    (payers) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
          const stream = startHistory(payers);
          for (const each of steps) takeStep(stream, each);
          holdsThroughout(stream.events);
        }),
        { numRuns: 40, examples: [[[toAnother]]] },
      );
    },
  );
});
