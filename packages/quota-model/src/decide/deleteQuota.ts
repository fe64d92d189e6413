import type { DeleteQuota, Violation } from '@prorata/schemas';
import { authorityViolations, payerGoneViolations } from '../authority/authorityViolations.ts';
import { byCodeUnit } from '../ids.ts';
import { proposalsMeaning } from '../evolve/aliases.ts';
import { proposalsOf } from '../evolve/openProposals.ts';
import type { ApplicationState, Decision, DecisionContext, QuotaState } from '../model.ts';
import { EVENTS_PER_DECISION_MAX, SUMS_PER_DECISION_MAX } from '../modelBounds.ts';
import { about, aboutNoQuota, violation } from './answer.ts';
import { decideTree, onlyStep, proposable } from './decideTree.ts';
import type { StepTerms } from './decideTree.ts';
import { rolloutBelowViolations } from '../rollouts/rolloutReach.ts';
import { quotaAt } from './preconditions.ts';
import { subtreeWithin } from './subtreeWithin.ts';
import { sumsAbove } from './sumsAbove.ts';
import type { TreeDraft } from './treeDraft.ts';

export function deleteQuota(
  state: ApplicationState,
  command: DeleteQuota,
  context: DecisionContext,
): Decision {
  const { envelope, ...removal } = command;
  const drafted = (draft: TreeDraft): readonly Violation[] =>
    deleteStep(draft, removal, onlyStep(envelope));
  return decideTree(state, envelope, context, drafted, proposable(envelope, { delete: removal }));
}

export function deleteStep(
  draft: TreeDraft,
  { quotaId, children }: Pick<DeleteQuota, 'quotaId' | 'children'>,
  terms: StepTerms,
): readonly Violation[] {
  const { path, sender } = terms;
  const state = draft.after;
  const found = quotaAt(state, quotaId, terms);
  if ('fault' in found) return [found.fault];
  const step = { quotaId, before: found.quota, after: null };
  const authority = authorityViolations(state, step, sender, () => path, draft.comparisons);
  if (authority.length > 0) return authority;
  const count = state.children.get(quotaId)?.size ?? 0;
  if (count > 0 && children === 'refuse') {
    return [
      violation('QUOTA_HAS_CHILDREN', `${path}/quotaId`, `${quotaId} has ${count} children.`),
    ];
  }
  const held = rolloutBelowViolations(state, quotaId, `${path}/quotaId`);
  if (held.length > 0) return held;
  const ids = subtreeWithin(state, quotaId, draft.quotasLeft);
  if (ids === null) {
    const message = `More than ${EVENTS_PER_DECISION_MAX} quotas would be deleted at once.`;
    return [violation('TOO_MANY_EVENTS', `${path}/quotaId`, message)];
  }
  const sums = ids.reduce((sum, id) => sum + sumsAbove(state.quotas.get(id)), 0);
  if (sums > draft.sumsLeft) {
    const message = `The limits of ${ids.length} quotas would leave ${sums} sums; ${SUMS_PER_DECISION_MAX} are altered at once.`;
    return [violation('TOO_MANY_EVENTS', `${path}/quotaId`, message)];
  }
  const unpaid = ids
    .filter((id) => id !== quotaId)
    .flatMap((id) => payerGoneViolations(state, id, sender, () => path));
  if (unpaid.length > 0) return unpaid;
  rejectStepsOf(draft, ids, path);
  // Whoever may delete the quota has the say over all else below it; children go before their parents.
  for (const id of ids.toReversed()) {
    const quota = draft.after.quotas.get(id);
    if (quota !== undefined) deleteOne(draft, quota, path);
  }
  return [];
}

/** Proposals whose steps mean what goes, or would make something in it, cannot be taken any more. */
function rejectStepsOf(draft: TreeDraft, ids: readonly string[], path: string): void {
  for (const { proposalId } of proposalsMeaning(draft.after, ids)) {
    draft.append({ type: 'ProposalRejected', data: { proposalId }, ...aboutNoQuota }, () => path);
  }
}

/** Open proposals of the quota are rejected first, so that none is left waiting for nothing. */
function deleteOne(draft: TreeDraft, quota: QuotaState, path: string): void {
  const pathOf = (): string => path;
  const open = proposalsOf(draft.after, quota.quotaId).map(({ proposalId }) => proposalId);
  for (const [index, proposalId] of open.sort(byCodeUnit).entries()) {
    const step = about(quota, BigInt(index) + 1n);
    draft.append({ type: 'ProposalRejected', data: { proposalId }, ...step }, pathOf);
  }
  const last = about(quota, BigInt(open.length) + 1n);
  draft.append({ type: 'QuotaDeleted', data: {}, ...last }, pathOf);
}
