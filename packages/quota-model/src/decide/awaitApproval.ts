/** A change above the application's threshold becomes a proposal, or is refused where it cannot. */
import { resourcesAboveThreshold } from '../authority/approvalThreshold.ts';
import { limitFor } from '../layers.ts';
import { sameLimit } from '../limits.ts';
import type { Decision, DecisionContext, QuotaState } from '../model.ts';
import { sameValue } from '../sameValue.ts';
import { refusal, violation } from './answer.ts';
import { openProposal } from './openProposals.ts';
import type { TreeChange } from './treeDraft.ts';

/**
 * null where one person may do it alone. A proposal carries the limits of one quota: whatever else a
 * command changes with them would be lost, so it must be sent by itself.
 */
export function awaitApproval(
  change: TreeChange,
  events: number,
  context: DecisionContext,
): Decision | null {
  const waiting = change.quotas.flatMap(({ before: same, after, pathOf }) => {
    if (after === null) return [];
    // One that is new counts as what it takes the place of, by whatever steps it got there.
    const before = same ?? change.before.quotas.get(after.quotaId) ?? null;
    if (before === null) return [];
    const raised = resourcesAboveThreshold(change.after, after.quotaId, before, after);
    return raised.length === 0 ? [] : [{ before, after, pathOf, raised }];
  });
  const [first] = waiting;
  if (first === undefined) return null;
  if (events === 1 && isOfLimitsAlone(first.before, first.after)) {
    const { before, after } = first;
    const proposed = {
      ...changedLimits(before, after),
      evidence: null,
      origin: 'threshold',
    } as const;
    return openProposal(change.before, before, proposed, context);
  }
  return refusal(
    waiting.map(({ after, pathOf, raised }) => {
      const message =
        `The raise of ${raised.join(', ')} of ${after.quotaId} waits for a second person: ` +
        'send its limits by themselves.';
      return violation('APPROVAL_NEEDED', pathOf(raised[0] ?? null), message);
    }),
  );
}

function isOfLimitsAlone(before: QuotaState, after: QuotaState): boolean {
  const { limits } = after.content;
  return sameValue({ ...before.content, limits }, after.content);
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
