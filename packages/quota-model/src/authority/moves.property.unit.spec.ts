import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResourceLimit } from '@prorata/schemas';
import { effectiveLimits, uncutLimit } from '../effective.ts';
import { isWithin as isIdWithin, movedId } from '../ids.ts';
import { burstOf, compareBounds } from '../limits.ts';
import type { ApplicationState } from '../model.ts';
import { drawnStep } from '../testing/drawnSteps.ts';
import { payerLevels, startHistory, take } from '../testing/histories.ts';
import type { Sender } from '../testing/stamp.ts';
import type { TestStream } from '../testing/stream.ts';

const HISTORIES = 400;
const [HERE, THERE] = ['moka/p/a', 'moka/q'];
const owner: Sender = {
  actor: { kind: 'user', issuer: 'https://id.test', subject: 'olga' },
  roles: ['member'],
  groups: ['team-olga'],
};
/** Over the nearest quota above both, which is another's. */
const moves = fc.constantFrom(
  [HERE, `${THERE}/n`],
  [`${HERE}/x`, `${THERE}/n`],
  [THERE, `${HERE}/n`],
  [`${THERE}/y`, `${HERE}/n`],
  [`${THERE}/y`, `${HERE}/x/n`],
) as fc.Arbitrary<[from: string, to: string]>;
const levels = fc.constantFrom(...payerLevels);

const stateOf = (stream: TestStream): ApplicationState => stream.state as ApplicationState;

/** What is in force, and what would be without cuts, of a quota and all below it. */
function inForce(state: ApplicationState, top: string): Map<string, ResourceLimit> {
  const held = new Map<string, ResourceLimit>();
  for (const id of state.quotas.keys()) {
    if (!isIdWithin(id, top)) continue;
    for (const { resource, limit } of effectiveLimits(state, id)) {
      held.set(`${id} ${resource}`, limit);
      const uncut = uncutLimit(state, id, resource);
      if (uncut !== null) held.set(`${id} ${resource} uncut`, uncut);
    }
  }
  return held;
}

function isWithin(limit: ResourceLimit, most: ResourceLimit): boolean {
  if (compareBounds(limit, most) > 0) return false;
  const burst = burstOf(limit);
  const burstMost = burstOf(most);
  return limit.kind !== 'rate' || burstMost === null || (burst !== null && burst <= burstMost);
}

describe('a move by the owner of both places, over random histories', () => {
  it('makes nothing looser of what moves, or takes the say above both', () => {
    let accepted = 0;
    fc.assert(
      fc.property(
        fc.array(drawnStep, { maxLength: 25 }),
        moves,
        levels,
        (history, [from, to], level) => {
          const stream = startHistory(level);
          const [first] = history;
          const other = { quotaId: `${THERE}/y`, content: stateOf(stream).quotas.get(`${HERE}/x`) };
          if (other.content !== undefined && first !== undefined && first.other % 2 === 0) {
            const { content } = other.content;
            stream.send({ type: 'CreateQuota', data: { quotaId: other.quotaId, content } });
          }
          for (const each of history) take(stream, each);
          for (const quotaId of [HERE, THERE]) {
            const data = { quotaId, owner: 'team-olga', project: null };
            stream.send({ type: 'TransferQuota', data }, { roles: ['admin'] });
          }
          const before = inForce(stateOf(stream), from);
          const data = { quotaId: from, toQuotaId: to };
          const decision = stream.send({ type: 'MoveQuota', data }, owner);
          if (decision.kind === 'refused') return;
          accepted += 1;
          const after = inForce(stateOf(stream), to);
          for (const [key, limit] of before) {
            const now = after.get(movedId(key, from, to));
            expect([key, now !== undefined && isWithin(now, limit)]).toEqual([key, true]);
          }
        },
      ),
      { numRuns: HISTORIES },
    );
    expect(accepted).toBeGreaterThan(HISTORIES / 100);
  });
});
