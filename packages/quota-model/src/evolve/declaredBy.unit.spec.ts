/** Who set each base limit: law 9, every number can explain itself. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { declaredBy, limitFor } from '../layers.ts';
import { sameLimit } from '../limits.ts';
import type { ApplicationState } from '../model.ts';
import { drawnSteps } from '../testing/drawnSteps.ts';
import { startHistory, take } from '../testing/histories.ts';
import { content, noChange, registration, tokens, sessions } from '../testing/samples.ts';
import { ana, ben } from '../testing/stamp.ts';
import { TestStream } from '../testing/stream.ts';
import { stateFromText, stateToText } from '../snapshot.ts';

function applicationOf({ state }: TestStream): ApplicationState {
  if (state?.kind !== 'application') throw new TypeError('no application');
  return state;
}

describe('who set a base limit', () => {
  it('is who set it last, whatever else was changed since, over random histories', () => {
    fc.assert(
      fc.property(drawnSteps(25), (steps) => {
        const stream = startHistory();
        for (const each of steps) {
          const former = new Map(applicationOf(stream).quotas);
          const { version } = stream;
          take(stream, each);
          for (const quota of applicationOf(stream).quotas.values()) {
            const old = former.get(quota.quotaId);
            if (old === undefined || old.content === quota.content) continue;
            if (each.action === 'move' || each.action === 'bulk') continue;
            for (const limit of quota.content.limits) {
              const isNew = !sameLimit(limitFor(old.content.limits, limit.resource), limit);
              const { streamVersion } = declaredBy(quota, limit.resource);
              if (isNew) expect(streamVersion).toBeGreaterThan(version);
              else expect(streamVersion).toBe(declaredBy(old, limit.resource).streamVersion);
            }
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('is not whoever changed a label, in a snapshot neither', () => {
    const stream = new TestStream('application:moka');
    stream.send({ type: 'RegisterApplication', data: registration });
    const limits = [tokens(100n), sessions(5n)];
    stream.send({ type: 'CreateQuota', data: { quotaId: 'moka/p', content: content(limits) } });
    const labelled = { ...noChange, quotaId: 'moka/p', labels: { floor: '3' } };
    stream.send({ type: 'ChangeQuota', data: labelled }, { actor: ben });
    const raised = { ...noChange, quotaId: 'moka/p', setLimits: [tokens(101n)] };
    stream.send({ type: 'ChangeQuota', data: raised }, { actor: ben });
    for (const state of [
      applicationOf(stream),
      stateFromText(stateToText(applicationOf(stream))),
    ]) {
      const quota = (state as ApplicationState).quotas.get('moka/p')!;
      expect(declaredBy(quota, 'sessions')).toMatchObject({ actor: ana, streamVersion: 2n });
      expect(declaredBy(quota, 'tokens')).toMatchObject({ actor: ben, streamVersion: 4n });
    }
  });

  it('of an approved change is who agreed, with who wanted it and why; other limits stay whose they were', () => {
    const stream = new TestStream('application:moka');
    stream.send({ type: 'RegisterApplication', data: registration });
    const limits = [tokens(100n), sessions(5n)];
    stream.send({ type: 'CreateQuota', data: { quotaId: 'moka/p', content: content(limits) } });
    const wanted = { quotaId: 'moka/p', limits: [tokens(150n)], unsetLimits: [] };
    const asked = stream.send({ type: 'RequestIncrease', data: wanted });
    const proposalId = asked.kind === 'accepted' ? (asked.result ?? '') : '';
    const answer = { actor: ben };
    stream.send({ type: 'ApproveProposal', data: { proposalId } }, answer);
    for (const state of [
      applicationOf(stream),
      stateFromText(stateToText(applicationOf(stream))),
    ]) {
      const quota = (state as ApplicationState).quotas.get('moka/p')!;
      expect(declaredBy(quota, 'tokens')).toMatchObject({
        actor: ben,
        approved: { proposalId, actor: ana, reason: 'a test' },
      });
      expect(declaredBy(quota, 'sessions')).toMatchObject({ actor: ana, approved: null });
    }
  });
});
