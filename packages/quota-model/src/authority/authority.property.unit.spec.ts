import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResourceLimit } from '@prorata/schemas';
import { effectiveLimits, uncutLimit } from '../effective.ts';
import { isWithin as isIdWithin, movedId } from '../ids.ts';
import { burstOf, compareBounds, guaranteeOf } from '../limits.ts';
import type { ApplicationState } from '../model.ts';
import { drawnStep } from '../testing/drawnSteps.ts';
import { actions, commandOf, payerLevels, startHistory, take } from '../testing/histories.ts';
import type { Step } from '../testing/histories.ts';
import type { Sender } from '../testing/stamp.ts';
import type { TestStream } from '../testing/stream.ts';

/** What an owner would try, of their own more often than of others'; everything else is refused at the door. */
const sentStep = fc.record<Step>({
  action: fc.constantFrom('edit', 'unset', 'unset', 'restore', 'skew', 'bulk', 'move', ...actions),
  quota: fc.constantFrom(1, 1, 1, 0, 2, 3, 4),
  resource: fc.nat(3),
  amount: fc.integer({ min: 1, max: 60 }),
  other: fc.nat(40),
});
/** So that a cut lies when the owner comes, in half of the histories. */
const lastCut = fc.record<Step>({
  action: fc.constantFrom('cut', 'wait'),
  quota: fc.constant(0),
  resource: fc.constant(0),
  amount: fc.integer({ min: 1, max: 60 }),
  other: fc.nat(40),
});
const OWN_COMMANDS_MAX = 4;
const payers = fc.constantFrom(...payerLevels);

const HISTORIES = 400;

/** Histories in which an owner once came out looser. */
const foundBefore: [Step[], Step, Step[], (typeof payerLevels)[number]][] = [
  // The same rate in another time, of which a cut leaves other whole units.
  [
    [{ action: 'cut', quota: 0, resource: 0, amount: 21, other: 0 }],
    { action: 'wait', quota: 0, resource: 0, amount: 1, other: 0 },
    [{ action: 'edit', quota: 1, resource: 0, amount: 60, other: 10 }],
    'second',
  ],
  // An equal limit that is unset below an override.
  [
    [{ action: 'override', quota: 0, resource: 0, amount: 31, other: 0 }],
    { action: 'wait', quota: 0, resource: 0, amount: 12, other: 0 },
    [{ action: 'unset', quota: 1, resource: 0, amount: 1, other: 0 }],
    'second',
  ],
];
const OWNED = 'moka/p/a';
const owner: Sender = {
  actor: { kind: 'user', issuer: 'https://id.test', subject: 'olga' },
  roles: ['member'],
  groups: ['team-olga'],
};

const stateOf = (stream: TestStream): ApplicationState => stream.state as ApplicationState;

/** What is in force and what would be without cuts, of all quotas but those below the owner's. */
function inForce(state: ApplicationState): Map<string, ResourceLimit> {
  const held = new Map<string, ResourceLimit>();
  for (const id of state.quotas.keys()) {
    if (id.startsWith(`${OWNED}/`)) continue;
    for (const { resource, limit } of effectiveLimits(state, id)) {
      held.set(`${id} ${resource}`, limit);
      const uncut = uncutLimit(state, id, resource);
      if (uncut !== null) held.set(`${id} ${resource} uncut`, uncut);
    }
  }
  return held;
}

/** What a quota of before is called now; null: it is gone. */
function idsNow(stream: TestStream, since: number): (id: string) => string | null {
  const events = stream.events.slice(since);
  return (former) => {
    let id: string | null = former;
    for (const { type, value } of events) {
      const { quotaId } = value.envelope;
      if (id === null || quotaId === null) continue;
      if (type === 'QuotaDeleted' && id === quotaId) id = null;
      else if (type === 'QuotaMoved' && isIdWithin(id, quotaId)) {
        id = movedId(id, quotaId, value.toQuotaId);
      }
    }
    return id;
  };
}

function isWithin(limit: ResourceLimit, most: ResourceLimit): boolean {
  if (compareBounds(limit, most) > 0 || guaranteeOf(limit) > guaranteeOf(most)) return false;
  const burst = burstOf(limit);
  const burstMost = burstOf(most);
  return limit.kind !== 'rate' || burstMost === null || (burst !== null && burst <= burstMost);
}

describe('an owner, over random histories', () => {
  it('loosens nothing of what is theirs or beside it, whatever they send', () => {
    // A property over refusals alone would show nothing.
    let accepted = 0;
    fc.assert(
      fc.property(
        fc.array(drawnStep, { maxLength: 25 }),
        lastCut,
        fc.array(sentStep, { minLength: 1, maxLength: OWN_COMMANDS_MAX }),
        payers,
        (history, cut, sent, level) => {
          const stream = startHistory(level);
          for (const each of [...history, cut]) take(stream, each);
          const data = { quotaId: OWNED, owner: 'team-olga', project: null };
          stream.send({ type: 'TransferQuota', data }, { roles: ['admin'] });
          const before = inForce(stateOf(stream));
          const eventsBefore = stream.events.length;
          for (const each of sent) {
            const command = commandOf(stream, each);
            if (command === null) continue;
            const decision = stream.send(command.body, owner);
            if (decision.kind === 'accepted' && decision.events.length > 0) accepted += 1;
          }
          const after = inForce(stateOf(stream));
          const idNow = idsNow(stream, eventsBefore);
          for (const [key, limit] of before) {
            const [id = '', ...what] = key.split(' ');
            const idAfter = idNow(id);
            if (idAfter === null || idAfter.startsWith(`${OWNED}/`)) continue;
            const now = after.get([idAfter, ...what].join(' '));
            expect([key, now !== undefined && isWithin(now, limit)]).toEqual([key, true]);
          }
        },
      ),
      { numRuns: HISTORIES, examples: foundBefore },
    );
    expect(accepted).toBeGreaterThan(HISTORIES / 100);
  });
});
