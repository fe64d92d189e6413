import type { ApplyHaircut, Violation } from '@prorata/schemas';
import { isDecimal, isNegative } from '../decimals.ts';
import { byCodeUnit, isProjectId, isSegment } from '../ids.ts';
import type {
  ApplicationState,
  Decision,
  DecisionContext,
  EventDraft,
  HaircutLayer,
  QuotaState,
} from '../model.ts';
import { EVENTS_PER_DECISION_MAX, EVIDENCE_PER_DECISION_MAX } from '../modelBounds.ts';
import { projectOf } from '../payers.ts';
import { evidenceViolations, lengthOf } from '../validate/evidence.ts';
import { basisPointsViolations, currencyViolations } from '../validate/money.ts';
import { about, accept, refusal, refuse, violation } from './answer.ts';
import { versionFault } from './preconditions.ts';

/**
 * One event for each quota that the project pays for and whose cut differs. A tier that is not cut any
 * more loses its earlier cut; more spend under the same cut is no event, so that a throttle may repeat
 * itself at every evaluation.
 */
export function applyHaircut(
  state: ApplicationState,
  command: ApplyHaircut,
  context: DecisionContext,
): Decision {
  const refused = versionFault(command.envelope, context.streamVersion);
  if (refused !== null) return refused;
  const shape = refusal(shapeViolations(command));
  if (shape !== null) return shape;
  if (command.windowEnd <= context.now) {
    return refuse('HAIRCUT_TOO_LATE', '/windowEnd', 'The window is over: its cut has lifted.');
  }
  const quotas = [...state.quotas.values()]
    .filter((quota) => projectOf(state, quota.quotaId) === command.project)
    .sort((a, b) => byCodeUnit(a.quotaId, b.quotaId));
  const tooMany = tooManyToLift(quotas, command);
  if (tooMany !== null) return tooMany;
  const events = quotas.flatMap((quota) => haircutOf(quota, command));
  if (events.length * lengthOf(command.evidence) > EVIDENCE_PER_DECISION_MAX) {
    const message = `Its evidence is too long to stand in ${events.length} events.`;
    return refuse('TOO_MANY_EVENTS', '/evidence', message);
  }
  return accept(events);
}

/** A cut that stands on more quotas than one decision may change could never be lifted again. */
function tooManyToLift(quotas: readonly QuotaState[], command: ApplyHaircut): Decision | null {
  const cut = quotas.filter(({ content }) => (command.cutBasisPoints[content.tier] ?? 0) > 0);
  if (cut.length <= EVENTS_PER_DECISION_MAX) return null;
  const message = `It would cut ${cut.length} quotas; at most ${EVENTS_PER_DECISION_MAX} stand under one cut.`;
  return refuse('TOO_MANY_EVENTS', '/project', message);
}

function shapeViolations(command: ApplyHaircut): Violation[] {
  const violations = [
    ...basisPointsViolations(command.cutBasisPoints, '/cutBasisPoints', 'HAIRCUT_INVALID'),
    ...basisPointsViolations(command.floorBasisPoints, '/floorBasisPoints', 'HAIRCUT_INVALID'),
    ...currencyViolations(command.currency),
    ...evidenceViolations(command.evidence, '/evidence'),
  ];
  const require = (holds: boolean, path: string, message: string): void => {
    if (!holds) violations.push(violation('HAIRCUT_INVALID', path, message));
  };
  const { overrunBasisPoints } = command;
  require(isProjectId(command.project), '/project', 'The project is <organization>/<project>.');
  require(isSegment(command.budgetId), '/budgetId', 'The budget is not named.');
  require(isSegment(command.tierPolicy), '/tierPolicy', 'The tier policy is not named.');
  require(command.windowStart <
    command.windowEnd, '/windowEnd', 'The window ends before its start.');
  require(isAmount(command.spend), '/spend', 'Spend is a decimal from 0.');
  require(isAmount(command.budget), '/budget', 'The budget is a decimal from 0.');
  require(Number.isInteger(overrunBasisPoints) &&
    overrunBasisPoints >= 0, '/overrunBasisPoints', 'Nothing is cut before the budget is reached.');
  return violations;
}

function isAmount(text: string): boolean {
  return isDecimal(text) && !isNegative(text);
}

function haircutOf(quota: QuotaState, command: ApplyHaircut): EventDraft[] {
  const { budgetId, spend, budget } = command;
  const { tier } = quota.content;
  const cutBasisPoints = command.cutBasisPoints[tier] ?? 0;
  const floorBasisPoints = command.floorBasisPoints[tier] ?? 0;
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
