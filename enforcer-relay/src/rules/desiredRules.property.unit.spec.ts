import { changesRules, evolve } from '@prorata/quota-model';
import type { ApplicationState } from '@prorata/quota-model';
import { registration } from '@prorata/quota-model/testing';
import type { EventMessage } from '@prorata/schemas';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawnSteps } from '../../../packages/quota-model/src/testing/drawnSteps.ts';
import { startHistory, take } from '../../../packages/quota-model/src/testing/histories.ts';
import { RuleFold } from './ruleFold.ts';

/** Each event makes its rules. */
const HISTORIES = 60;

/** What a registration may preset otherwise, or declare beside. */
const registrations = fc.record({
  defaultMode: fc.constantFrom('shadow', 'enforce' as const),
  defaultOnStale: fc.constantFrom('hold', 'open' as const),
  hasMore: fc.boolean(),
  at: fc.nat(20),
});
const more = { name: 'more', kind: 'rate', unit: 'thing', total: null, totalSource: null } as const;

/** Offsets of the newest event that changed rules, after each event: by the model alone. */
function desiredAfterEach(events: readonly EventMessage[]): readonly bigint[] {
  let state: ApplicationState | null = null;
  let desired = -1n;
  return events.map((event, offset) => {
    const former: ApplicationState['registration'] | null = state?.registration ?? null;
    const next = evolve(state, event);
    if (next.kind !== 'application') throw new TypeError('no application');
    state = next;
    if (changesRules(state, event, former)) desired = BigInt(offset);
    return desired;
  });
}

describe('what hosts should have applied', () => {
  it('is what the relay says that it wrote last, after every event of random histories', () => {
    fc.assert(
      fc.property(drawnSteps(25), fc.array(registrations, { maxLength: 4 }), (history, others) => {
        const stream = startHistory();
        for (const [index, step] of history.entries()) {
          take(stream, step);
          for (const { at, hasMore, ...presets } of others) {
            if (at !== index) continue;
            const resources = hasMore ? [...registration.resources, more] : registration.resources;
            const data = { ...registration, ...presets, resources };
            stream.send({ type: 'RegisterApplication', data });
          }
        }
        const fold = new RuleFold();
        const delivered = stream.events.map((event, offset) => {
          fold.apply(event, BigInt(offset));
          return fold.complete[0]?.eventOffset;
        });
        expect(delivered).toEqual(desiredAfterEach(stream.events));
      }),
      { numRuns: HISTORIES },
    );
  });
});
