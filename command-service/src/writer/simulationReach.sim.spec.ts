import type { EventMessage } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { writerChaos } from '../testing/writerChaos.ts';

/** So many that each of these comes several times. */
const SEEDS = 20;

const wanted: readonly EventMessage['type'][] = [
  'ApplicationRegistered',
  'ChangeProposed',
  'EntitlementSet',
  'HaircutApplied',
  'HaircutLifted',
  'ProposalApproved',
  'ProposalRejected',
  'ProposalWithdrawn',
  'QuotaChanged',
  'QuotaCreated',
  'QuotaDeleted',
  'QuotaMoved',
  'QuotaOverridden',
  'QuotaOverrideEnded',
  'QuotaResized',
  'QuotaTransferred',
];

/** A law that is never put to the test holds as well: what a run checks, it must come to. */
describe('the simulation comes to', () => {
  it('every event of a tree, those of a timer and those taken without a validator among them', async () => {
    const events: EventMessage[] = [];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { simulation } = await writerChaos(seed);
      events.push(...(await simulation.events()).map(({ message }) => message));
    }
    const types = new Set(events.map(({ type }) => type));
    expect(wanted.filter((type) => !types.has(type))).toEqual([]);
    const byTimer = events.filter(({ value }) => value.envelope.cause === 'timer');
    expect(byTimer.length).toBeGreaterThan(SEEDS);
    const flagged = events.filter(({ value }) =>
      value.envelope.attestations.some(({ status }) => status === 'unavailable'),
    );
    expect(flagged.length).toBeGreaterThan(SEEDS);
  });
});
