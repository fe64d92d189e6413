import type { RightsizeBounds } from '@prorata/schemas';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ApplicationState, QuotaState } from '../model.ts';
import { AMOUNT_MAX } from '../modelBounds.ts';
import { MEANING_VERSION } from '../registrationMeaning.ts';
import { rightsizedUnder } from '../rightsizingBounds.ts';
import { stateAfter } from '../testing/given.ts';
import { content, created, evidence, registered, tokens } from '../testing/samples.ts';
import { OrderedIds } from './orderedIds.ts';
import { idsOutside, rightsizedRates } from './rightsizedRates.ts';

const state = stateAfter('application:moka', registered, created('moka/a')) as ApplicationState;
const sample = state.quotas.get('moka/a') as QuotaState;

function rightsizedTo(quotaId: string, amount: bigint, perMicros: bigint): QuotaState {
  const limit = tokens(amount, { perMicros });
  const layer = { limit, evidence, provenance: sample.declared };
  return {
    ...sample,
    quotaId,
    content: content([tokens(1n, { perMicros })]),
    rightsized: new Map([['tokens', layer]]),
  };
}

const drawnAmount = fc.oneof(fc.bigInt(0n, 40n), fc.bigInt(AMOUNT_MAX - 3n, AMOUNT_MAX));
const drawnQuota = fc.record({
  amount: drawnAmount,
  per: fc.constantFrom(1n, 7n, 333_333n, 1_000_000n, 60_000_000n),
});

describe('what is rightsized, by its rate', () => {
  it('is outside of bounds exactly when the bounds in force do not hold it', () => {
    fc.assert(
      fc.property(fc.array(drawnQuota), drawnAmount, drawnAmount, (drawn, a, b) => {
        const quotas = drawn.map(({ amount, per }, index) =>
          rightsizedTo(`moka/q${index}`, amount, per),
        );
        const [min, max] = a < b ? [a, b] : [b, a];
        const bounds: RightsizeBounds = {
          resource: 'tokens',
          min,
          max,
          workload: null,
          pinned: false,
        };
        const registration = { meaningVersion: MEANING_VERSION, rightsizing: [bounds] };
        const ended = quotas.filter(
          (quota) => rightsizedUnder(registration, quota, quota.content).size === 0,
        );
        const rates = OrderedIds.of(quotas.flatMap(rightsizedRates).map(({ rate }) => rate));
        expect([...idsOutside(rates, bounds, drawn.length)].sort()).toEqual(
          ended.map(({ quotaId }) => quotaId).sort(),
        );
        expect(idsOutside(rates, null, drawn.length)).toHaveLength(drawn.length);
      }),
      { numRuns: 500 },
    );
  });

  it("is not asked for where the quota's own bounds hold", () => {
    const quota = rightsizedTo('moka/a', 5n, 1_000_000n);
    const rightsizing = [{ resource: 'tokens', min: 1n, max: 9n, workload: null, pinned: false }];
    expect(rightsizedRates({ ...quota, content: { ...quota.content, rightsizing } })).toEqual([]);
  });
});
