/** Random steps of histories for property tests. Apart from `histories.ts`, which services load too. */
import fc from 'fast-check';
import { actions, weights } from './histories.ts';
import type { Step } from './histories.ts';

export const drawnStep: fc.Arbitrary<Step> = fc.record<Step>({
  action: fc.oneof(
    ...actions.map((action) => ({ weight: weights[action], arbitrary: fc.constant(action) })),
  ),
  quota: fc.nat(4),
  resource: fc.nat(3),
  amount: fc.integer({ min: 1, max: 60 }),
  other: fc.nat(40),
});

export function drawnSteps(maxLength: number): fc.Arbitrary<Step[]> {
  return fc.array(drawnStep, { minLength: 1, maxLength });
}
