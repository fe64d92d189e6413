import { expect, it } from 'vitest';
import { sharedApproved } from './sharing.ts';
import { ana, ben, START } from './testing/stamp.ts';

it('holds an approval once, and takes no other of the same id for it', () => {
  const approved = { proposalId: 'moka-p7', actor: ana, reason: 'launch', proposedAt: START };
  const first = sharedApproved(approved);
  expect(first).toEqual(approved);
  expect(sharedApproved(structuredClone(approved))).toBe(first);
  const other = { ...approved, actor: ben };
  expect(sharedApproved(other)).toEqual(other);
});
