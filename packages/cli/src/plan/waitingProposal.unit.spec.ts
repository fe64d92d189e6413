import { describe, expect, it } from 'vitest';
import type { Json } from './json.ts';
import type { PlannedCommand } from './plan.ts';
import { waitingProposal } from './waitingProposal.ts';

const tokens = (amount: number): Json => ({ resource: 'tokens', rate: { amount, per: '1s' } });
const changeOf = (quotaId: string, amount: number): Json => ({
  expectedVersion: '3',
  change: { quotaId, setLimits: [tokens(amount)], unsetLimits: [] },
});

/** One ChangeTree that changes limits, as a plan has it. */
function treeOf(...changes: readonly (readonly [string, number])[]): PlannedCommand {
  return {
    ...{ type: 'ChangeTree', stream: 'application:moka', expectedVersion: null },
    data: { steps: changes.map(([quotaId, amount]) => changeOf(quotaId, amount)) },
    actions: changes.map(([id]) => ({
      ...{ kind: 'change', what: 'quota', id, differences: [], declared: null, version: 3n },
    })),
  };
}

/** As `/v1/proposals` tells one of the limits of one quota. */
const ofLimits = (proposalId: string, quotaId: string, amount: number, origin = 'threshold') => ({
  ...{ proposalId, quotaId, origin, steps: [], limits: [tokens(amount)], unsetLimits: [] },
  openedBy: { kind: 'user', issuer: 'i', subject: 'ana' },
  ...{ openedAt: '2026-01-01T00:00:00Z', reason: 'more' },
});

describe('a proposal that waits', () => {
  it('is found again by the same change of one quota', () => {
    const found = waitingProposal(
      treeOf(['moka/ads', 50]),
      [ofLimits('moka-p3', 'moka/web', 50), ofLimits('moka-p4', 'moka/ads', 50)],
      true,
    );
    expect(found).toEqual({
      ...{ proposalId: 'moka-p4', isSame: true },
      whose: 'proposed by user:ana at 2026-01-01T00:00:00Z: more',
    });
  });

  it('is another one where it asks for something else of the same quota', () => {
    const open = [ofLimits('moka-p4', 'moka/ads', 60)];
    expect(waitingProposal(treeOf(['moka/ads', 50]), open, true)).toMatchObject({ isSame: false });
  });

  it('is found by its steps, with every default that the log has written out', () => {
    const step = {
      ...{
        create: null,
        move: null,
        restore: null,
        resize: null,
        delete: null,
        expectedVersion: 3,
      },
      change: {
        ...{ quotaId: 'moka/ads', setLimits: [tokens(50)], unsetLimits: [], clear: [] },
        ...{ onlySetLimits: false, labelsPatch: {}, attributesPatch: null },
        ...{ owner: null, tier: null, cutPriority: null, labels: null },
      },
    };
    const other = { ...step, change: { ...step.change, quotaId: 'moka/web' } };
    const proposal = { ...ofLimits('moka-p5', 'moka', 0), steps: [step, other], limits: [] };
    const same = treeOf(['moka/ads', 50], ['moka/web', 50]);
    expect(waitingProposal(same, [proposal], true)).toMatchObject({ isSame: true });
    // Somebody has brought about one half: the rest would be a second proposal about the same.
    expect(waitingProposal(treeOf(['moka/web', 50]), [proposal], false)).toMatchObject({
      ...{ proposalId: 'moka-p5', isSame: false },
    });
  });

  it('does not stand in the way of other quotas', () => {
    const open = [ofLimits('moka-p4', 'moka/web', 50)];
    expect(waitingProposal(treeOf(['moka/ads', 50]), open, true)).toBeNull();
  });

  it('does not stand in the way of people when the rightsizer made it, unless the model says so', () => {
    const open = [ofLimits('moka-p4', 'moka/ads', 60, 'robot')];
    expect(waitingProposal(treeOf(['moka/ads', 50]), open, false)).toBeNull();
    expect(waitingProposal(treeOf(['moka/ads', 50]), open, true)).not.toBeNull();
  });
});
