import { writableSet } from '../fork/fork.ts';
import { movedId, parentOf } from '../ids.ts';
import type { ApplicationState } from '../model.ts';
import { indexSubtree } from '../indexes/quotaIndexes.ts';
import { countSubtree } from '../sums/treeSums.ts';
import { moveAlias } from './aliases.ts';
import { addProposal, proposalsOf, removeProposal } from './openProposals.ts';

/**
 * Gives a quota and all below it other paths, in O(quotas moved). The quotas below keep their versions:
 * nothing about them was changed.
 *
 * @param version of the quota itself after the move
 */
export function moveSubtree(
  state: ApplicationState,
  quotaId: string,
  toQuotaId: string,
  version: bigint,
): void {
  countSubtree(state, quotaId, -1);
  indexSubtree(state, quotaId, -1);
  removeChild(state, quotaId);
  for (const id of subtreeOf(state, quotaId)) {
    renameOne(state, id, movedId(id, quotaId, toQuotaId));
  }
  const top = state.quotas.get(toQuotaId);
  if (top !== undefined) state.quotas.set(toQuotaId, { ...top, version });
  addChild(state, toQuotaId);
  countSubtree(state, toQuotaId, 1);
  indexSubtree(state, toQuotaId, 1);
}

/** A quota and all below it, parents first. */
export function subtreeOf(state: ApplicationState, quotaId: string): string[] {
  const ids = [quotaId];
  // Grows while it is walked.
  for (const id of ids) ids.push(...(state.children.get(id) ?? []));
  return ids;
}

export function addChild(state: ApplicationState, quotaId: string): void {
  const parent = parentOf(quotaId);
  const siblings = writableSet(state.children, parent);
  if (siblings === undefined) state.children.set(parent, new Set([quotaId]));
  else siblings.add(quotaId);
}

export function removeChild(state: ApplicationState, quotaId: string): void {
  const parent = parentOf(quotaId);
  const siblings = writableSet(state.children, parent);
  siblings?.delete(quotaId);
  if (siblings?.size === 0) state.children.delete(parent);
}

function renameOne(state: ApplicationState, id: string, next: string): void {
  const quota = state.quotas.get(id);
  if (quota === undefined) return;
  state.quotas.delete(id);
  state.quotas.set(next, { ...quota, quotaId: next });
  const children = state.children.get(id);
  if (children !== undefined) {
    state.children.delete(id);
    const renamed = [...children].map((child) => `${next}${child.slice(id.length)}`);
    state.children.set(next, new Set(renamed));
  }
  const sums = state.sums.get(id);
  if (sums !== undefined) {
    state.sums.delete(id);
    state.sums.set(next, sums);
  }
  if (state.overridden.delete(id)) state.overridden.add(next);
  moveAlias(state, id, next);
  for (const proposal of proposalsOf(state, id)) {
    removeProposal(state, proposal.proposalId);
    addProposal(state, { ...proposal, quotaId: next });
  }
}
