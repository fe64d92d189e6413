/** A change above the application's thresholds becomes a proposal, or is refused where it cannot. */
import type { CommandEnvelope, TreeStep } from '@prorata/schemas';
import {
  resourcesAboveThreshold,
  resourcesOfLargeCreation,
} from '../authority/approvalThreshold.ts';
import { limitFor } from '../layers.ts';
import { sameLimit } from '../limits.ts';
import type { Decision, DecisionContext, QuotaState } from '../model.ts';
import { sameValue } from '../sameValue.ts';
import { refusal, violation } from './answer.ts';
import { openProposal } from './openProposals.ts';
import { proposeSteps } from './proposeSteps.ts';
import type { TreeDraft } from './treeDraft.ts';

/**
 * null where one person may do it alone. A change of the limits of one quota is proposed as that, any other
 * as the steps of its command.
 *
 * @param steps of the command; empty: they cannot be proposed; null: nothing of it can
 */
export function awaitApproval(
  draft: TreeDraft,
  steps: readonly TreeStep[] | null,
  { actor }: CommandEnvelope,
  context: DecisionContext,
): Decision | null {
  const change = draft.change();
  const formers = new Map(
    change.quotas.flatMap(({ before, after }) => (after === null ? [] : [[after.quotaId, before]])),
  );
  const waiting = change.quotas.flatMap((changed) => {
    const { before, after, pathOf } = changed;
    const raised = [
      ...resourcesAboveThreshold(change, changed),
      ...resourcesOfLargeCreation(change, changed, formers),
    ];
    return raised.length === 0 ? [] : [{ before, after, pathOf, raised: [...new Set(raised)] }];
  });
  const [first] = waiting;
  if (first === undefined) return null;
  const { before, after } = first;
  if (
    steps !== null &&
    draft.events.length === 1 &&
    before !== null &&
    after !== null &&
    isOfLimitsAlone(before, after)
  ) {
    const proposed = {
      ...changedLimits(before, after),
      evidence: null,
      origin: 'threshold',
    } as const;
    return openProposal(change.before, before, proposed, context);
  }
  if (steps !== null && steps.length > 0) return proposeSteps(change.before, steps, actor, context);
  return refusal(
    waiting.map(({ before: former, after: next, pathOf, raised }) => {
      const quotaId = (next ?? former)?.quotaId ?? '';
      const message =
        `The raise of ${raised.join(', ')} of ${quotaId} waits for a second person, and this ` +
        'command cannot be proposed.';
      return violation('APPROVAL_NEEDED', pathOf(raised[0] ?? null), message);
    }),
  );
}

function isOfLimitsAlone(before: QuotaState, after: QuotaState): boolean {
  const { limits } = after.content;
  return (
    before.quotaId === after.quotaId && sameValue({ ...before.content, limits }, after.content)
  );
}

function changedLimits(before: QuotaState, after: QuotaState) {
  const limits = after.content.limits.filter(
    (limit) => !sameLimit(limit, limitFor(before.content.limits, limit.resource)),
  );
  const unsetLimits = before.content.limits
    .map(({ resource }) => resource)
    .filter((resource) => limitFor(after.content.limits, resource) === null);
  return { limits, unsetLimits };
}
