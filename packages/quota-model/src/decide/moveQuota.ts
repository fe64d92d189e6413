import type { MoveQuota, Violation } from '@prorata/schemas';
import { moveViolations } from '../authority/moveViolations.ts';
import { SEGMENTS_MAX, movedId, parentOf } from '../ids.ts';
import type { ApplicationState, Decision, DecisionContext } from '../model.ts';
import { EVENTS_PER_DECISION_MAX } from '../modelBounds.ts';
import { projectOf } from '../payers.ts';
import { about, violation } from './answer.ts';
import { idFault } from './createQuota.ts';
import { decideTree, onlyStep, proposable } from './decideTree.ts';
import type { StepTerms } from './decideTree.ts';
import { liftCutsOfOthers } from './liftCutsOfOthers.ts';
import { rolloutBelowViolations } from '../rollouts/rolloutReach.ts';
import { quotaAt } from './preconditions.ts';
import type { TreeDraft } from './treeDraft.ts';

export function moveQuota(
  state: ApplicationState,
  command: MoveQuota,
  context: DecisionContext,
): Decision {
  const { envelope, ...move } = command;
  const drafted = (draft: TreeDraft): readonly Violation[] =>
    moveStep(draft, move, onlyStep(envelope));
  return decideTree(state, envelope, context, drafted, proposable(envelope, { move }));
}

/**
 * One event, however many quotas move: they keep everything but their paths. Where another project pays
 * from then on, the cuts of the former one's budgets are lifted in the same decision, as by a transfer.
 */
export function moveStep(
  draft: TreeDraft,
  { quotaId, toQuotaId }: Pick<MoveQuota, 'quotaId' | 'toQuotaId'>,
  terms: StepTerms,
): readonly Violation[] {
  const { path, sender } = terms;
  const state = draft.after;
  const found = quotaAt(state, quotaId, terms);
  if ('fault' in found) return [found.fault];
  if (quotaId === toQuotaId) return [];
  const at = `${path}/toQuotaId`;
  const misplaced = placeFault(state, quotaId, toQuotaId, at);
  if (misplaced !== null) return [misplaced];
  const held = rolloutBelowViolations(state, quotaId, `${path}/quotaId`);
  if (held.length > 0) return held;
  const ids = draft.subtreeToMove(quotaId);
  if (ids === null) {
    const message = `More than ${EVENTS_PER_DECISION_MAX} quotas would move at once.`;
    return [violation('TOO_MANY_EVENTS', `${path}/quotaId`, message)];
  }
  const unfit = depthFault(ids, quotaId, toQuotaId, at) ?? payersFault(state, ids, toQuotaId, at);
  if (unfit !== null) return [unfit];
  draft.objections.push(
    ...moveViolations(state, quotaId, toQuotaId, sender, () => at, draft.comparisons),
  );
  const payers = ids.map((id) => [id, projectOf(state, id)] as const);
  draft.append({ type: 'QuotaMoved', data: { toQuotaId }, ...about(found.quota) }, () => at);
  for (const [id, formerPayer] of payers) {
    const idAfter = movedId(id, quotaId, toQuotaId);
    const payer = projectOf(draft.after, idAfter);
    if (payer !== formerPayer) liftCutsOfOthers(draft, idAfter, payer, at);
  }
  return [];
}

function placeFault(
  state: ApplicationState,
  quotaId: string,
  toQuotaId: string,
  at: string,
): Violation | null {
  const fault = idFault(state, toQuotaId, at);
  if (fault !== null) return fault;
  if (toQuotaId.startsWith(`${quotaId}/`)) {
    return violation('MOVE_INTO_ITSELF', at, `${toQuotaId} is below ${quotaId}.`);
  }
  if (state.quotas.has(toQuotaId)) {
    return violation('QUOTA_EXISTS', at, `${toQuotaId} is there already.`);
  }
  const parent = parentOf(toQuotaId);
  if (parent === state.id || state.quotas.has(parent)) return null;
  return violation('PARENT_UNKNOWN', at, `The parent ${parent} does not exist.`);
}

function depthFault(
  ids: readonly string[],
  quotaId: string,
  toQuotaId: string,
  at: string,
): Violation | null {
  const deeper = toQuotaId.split('/').length - quotaId.split('/').length;
  const tooDeep = ids.find((id) => id.split('/').length + deeper > SEGMENTS_MAX);
  if (tooDeep === undefined) return null;
  const message = `${tooDeep} would have more than ${SEGMENTS_MAX} segments.`;
  return violation('QUOTA_TOO_DEEP', at, message);
}

/** One payer for a whole subtree: whoever pays above the new place pays for all that comes there. */
function payersFault(
  state: ApplicationState,
  ids: readonly string[],
  toQuotaId: string,
  at: string,
): Violation | null {
  const parent = parentOf(toQuotaId);
  const payer = projectOf(state, parent);
  if (payer === null) return null;
  for (const id of ids) {
    const project = state.quotas.get(id)?.content.project ?? null;
    if (project === null || project === payer) continue;
    const message = `${payer} pays for everything below ${parent}, and ${project} for ${id}.`;
    return violation('PAYER_CONFLICT', at, message);
  }
  return null;
}
