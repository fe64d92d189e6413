import type { ApplyHaircut } from '@prorata/schemas';
import type {
  ApplicationState,
  Decision,
  DecisionContext,
  EventDraft,
  HaircutLayer,
  QuotaState,
} from '../model.ts';
import { EVIDENCE_PER_DECISION_MAX } from '../modelBounds.ts';
import { lengthOf } from '../validate/evidence.ts';
import { cutViolations } from '../validate/haircutShape.ts';
import { about, accept, refusal, refuse } from './answer.ts';
import { followCut } from './cutOrder.ts';
import { pageViolations, paidBy } from './cutPage.ts';
import { versionFault } from './preconditions.ts';

/**
 * One event for each quota that the project pays for and whose cut differs. A tier that is not cut any
 * more loses its earlier cut; more spend under the same cut is no event, so that a throttle may repeat
 * itself at every evaluation. Quotas below the tier's least priority are left as they are: an earlier cut
 * stays on them. Of a page, the result is the id to go on after.
 */
export function applyHaircut(
  state: ApplicationState,
  command: ApplyHaircut,
  context: DecisionContext,
): Decision {
  const refused = versionFault(command.envelope, context.streamVersion);
  if (refused !== null) return refused;
  const shape = refusal([...cutViolations(command), ...pageViolations(command)]);
  if (shape !== null) return shape;
  if (command.windowEnd <= context.now) {
    return refuse('HAIRCUT_TOO_LATE', '/windowEnd', 'The window is over: its cut has lifted.');
  }
  const order = followCut(state, command);
  if ('refused' in order) return order.refused;
  const page = paidBy(state, command.project, command);
  if ('code' in page) return { kind: 'refused', violations: [page] };
  const { quotas, next } = page;
  const events = quotas.flatMap((quota) => haircutOf(quota, command));
  if (events.length * lengthOf(command.evidence) > EVIDENCE_PER_DECISION_MAX) {
    const message = `Its evidence is too long to stand in ${events.length} events.`;
    return refuse('TOO_MANY_EVENTS', '/evidence', message);
  }
  return accept([...order.events, ...events], next);
}

function haircutOf(quota: QuotaState, command: ApplyHaircut): EventDraft[] {
  const { budgetId, spend, budget } = command;
  const { tier } = quota.content;
  const cutBasisPoints = command.cutBasisPoints[tier] ?? 0;
  const floorBasisPoints = command.floorBasisPoints[tier] ?? 0;
  const least = command.priorityMin[tier];
  if (least !== undefined && quota.content.cutPriority < least) return [];
  const former = quota.haircuts.get(budgetId);
  if (cutBasisPoints === 0) {
    if (former === undefined) return [];
    const data = { budgetId, cause: 'spend_corrected', spend, budget } as const;
    return [{ type: 'HaircutLifted', data, ...about(quota) }];
  }
  if (former !== undefined && isSameCut(former, command, cutBasisPoints, floorBasisPoints)) {
    return [];
  }
  const data = {
    project: command.project,
    budgetId,
    windowStart: command.windowStart,
    windowEnd: command.windowEnd,
    spend,
    budget,
    currency: command.currency,
    overrunBasisPoints: command.overrunBasisPoints,
    tierPolicy: command.tierPolicy,
    tierPolicyVersion: command.tierPolicyVersion,
    cutBasisPoints,
    floorBasisPoints,
    evidence: command.evidence,
  };
  return [{ type: 'HaircutApplied', data, ...about(quota) }];
}

function isSameCut(
  former: HaircutLayer,
  command: ApplyHaircut,
  cutBasisPoints: number,
  floorBasisPoints: number,
): boolean {
  return (
    former.cutBasisPoints === cutBasisPoints &&
    former.floorBasisPoints === floorBasisPoints &&
    former.windowStart === command.windowStart &&
    former.windowEnd === command.windowEnd
  );
}
