import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ancestorsOf } from '../ids.ts';
import { declaredLimit } from '../layers.ts';
import type { ApplicationState } from '../model.ts';
import { drawnSteps } from '../testing/drawnSteps.ts';
import { stateAfter } from '../testing/given.ts';
import { startHistory, take } from '../testing/histories.ts';
import { created, registered, tokens } from '../testing/samples.ts';
import { commitmentsOf, isOversubscribed } from './commitments.ts';

/** The nearest quotas below a node that declare the resource, found by looking at every one. */
function nearestBelow(state: ApplicationState, node: string, resource: string) {
  const declares = (id: string): boolean => {
    const quota = state.quotas.get(id);
    return quota !== undefined && declaredLimit(quota, resource) !== null;
  };
  return [...state.quotas.values()].flatMap((quota) => {
    const { quotaId } = quota;
    if (!quotaId.startsWith(`${node}/`)) return [];
    const between = ancestorsOf(quotaId).filter((id) => id.startsWith(`${node}/`));
    const limit = declaredLimit(quota, resource);
    return limit === null || between.some(declares) ? [] : [limit];
  });
}

describe('what is committed below a quota, over random histories', () => {
  it('is the sum of what the nearest below declare, and compared with what there is', () => {
    fc.assert(
      fc.property(drawnSteps(30), (history) => {
        const stream = startHistory();
        for (const step of history) take(stream, step);
        const state = stream.state as ApplicationState;
        for (const node of [state.id, ...state.quotas.keys()]) {
          for (const commitment of commitmentsOf(state, node)) {
            const limits = nearestBelow(state, node, commitment.resource);
            expect(commitment.quotas).toBe(limits.length);
            const unlimited = limits.filter(({ bound }) => bound === 'unlimited').length;
            expect(commitment.unlimited).toBe(unlimited);
            // Within one millionth for each limit: the sum is rounded once.
            const micros = limits.reduce(
              (sum, { amount, perMicros }) =>
                sum + (Number(amount) * 1e12) / Number(perMicros ?? 1_000_000n),
              0,
            );
            if (unlimited > 0) expect(commitment.committedMicros).toBeNull();
            else expect(Number(commitment.committedMicros)).toBeCloseTo(micros, -1);
            if (commitment.basisPoints !== null) {
              expect(isOversubscribed(commitment)).toBe(commitment.basisPoints > 10_000);
            }
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it('is oversubscribed where it is more than there is', () => {
    const below = (...amounts: bigint[]): boolean => {
      const facts = amounts.map((amount, at) => created(`moka/a/q${at}`, [tokens(amount)]));
      const above = [registered, created('moka/a', [tokens(100n)])];
      const state = stateAfter('application:moka', ...above, ...facts) as ApplicationState;
      return commitmentsOf(state, 'moka/a').some(isOversubscribed);
    };
    expect([below(80n), below(50n, 50n), below(50n, 51n)]).toEqual([false, false, true]);
  });
});
