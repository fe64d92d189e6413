import type { TreeStep } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { content, noChange } from '../testing/samples.ts';
import { meanQuotaWithin, stepsAfterMove } from './stepIds.ts';

const noStep: TreeStep = {
  expectedVersion: null,
  create: null,
  change: null,
  move: null,
  delete: null,
  restore: null,
};
const create = (quotaId: string): TreeStep => ({
  ...noStep,
  create: { quotaId, content: content() },
});
const change = (quotaId: string): TreeStep => ({ ...noStep, change: { ...noChange, quotaId } });
const move = (quotaId: string, toQuotaId: string): TreeStep => ({
  ...noStep,
  move: { quotaId, toQuotaId },
});
const remove = (quotaId: string): TreeStep => ({
  ...noStep,
  delete: { quotaId, children: 'refuse' },
});
const after = (...steps: readonly TreeStep[]) => stepsAfterMove(steps, 'moka/a', 'moka/z/b');

describe('the steps of a proposal, after a move', () => {
  it('name what has moved, and what is below it, by its new id', () => {
    expect(after(change('moka/a'), remove('moka/a/x'), change('moka/ab'))).toEqual([
      change('moka/z/b'),
      remove('moka/z/b/x'),
      change('moka/ab'),
    ]);
    expect(after(move('moka/a/x', 'moka/a/y'), create('moka/a/new'), change('moka/a/y'))).toEqual([
      move('moka/z/b/x', 'moka/z/b/y'),
      create('moka/z/b/new'),
      change('moka/z/b/y'),
    ]);
  });

  it('keep an id that they themselves give to another', () => {
    const steps = [move('moka/c', 'moka/a'), change('moka/a'), change('moka/a/x')];
    expect(after(...steps)).toEqual(steps);
    expect(meanQuotaWithin(steps, 'moka/a')).toBe(false);
    expect(meanQuotaWithin(steps, 'moka/c')).toBe(true);
  });

  it('are the same object where they name nothing that has moved', () => {
    const steps = [change('moka/c')];
    expect(stepsAfterMove(steps, 'moka/a', 'moka/b')).toBe(steps);
  });
});
