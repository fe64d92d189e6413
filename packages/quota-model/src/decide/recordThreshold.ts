import type {
  BudgetThreshold,
  RecordThreshold,
  ThresholdDirection,
  Violation,
} from '@prorata/schemas';
import { isDecimal, picosOf } from '../decimals.ts';
import type { BudgetState, Decision, DecisionContext, OrganizationState } from '../model.ts';
import { BASIS_POINTS, CROSSINGS_PER_WINDOW_MAX } from '../modelBounds.ts';
import type { CrossedThreshold } from '../organizationModel.ts';
import { evidenceViolations } from '../validate/evidence.ts';
import { isAmount } from '../validate/haircutShape.ts';
import { aboutNoQuota, accept, alreadySo, refusal, refuse, violation } from './answer.ts';
import { versionFault } from './preconditions.ts';

/**
 * One event for each threshold, direction and window of a budget, so that whoever looks may look again at any
 * moment. It cuts nothing; a window that is over may be told of late, but not after a later one.
 */
export function recordThreshold(
  state: OrganizationState | null,
  command: RecordThreshold,
  context: DecisionContext,
): Decision {
  const { envelope, ...data } = command;
  const refused = versionFault(envelope, context.streamVersion);
  if (refused !== null) return refused;
  const budget = state?.budgets.get(data.budgetId);
  if (budget === undefined) {
    return refuse('BUDGET_UNKNOWN', '/budgetId', `There is no budget ${data.budgetId}.`);
  }
  const shape = refusal(crossingViolations(budget, command, context));
  if (shape !== null) return shape;
  if (!budget.thresholds.some((threshold) => isOf(threshold, data))) {
    const message = `Budget ${budget.budgetId} has no threshold ${data.basis} ${data.basisPoints}.`;
    return refuse('THRESHOLD_UNKNOWN', '/basisPoints', message);
  }
  const known = budget.crossings;
  if (known !== null && data.windowStart < known.windowStart) {
    return refuse('THRESHOLD_TOO_LATE', '/windowStart', 'A later window has crossed already.');
  }
  const crossed = known?.windowStart === data.windowStart ? known.crossed : [];
  if (hasCrossed(crossed, data, data.direction)) return alreadySo;
  if (data.direction === 'down' && !hasCrossed(crossed, data, 'up')) {
    const message = 'Only what was reached in the window can be left again.';
    return refuse('THRESHOLD_NOT_REACHED', '/direction', message);
  }
  if (crossed.length >= CROSSINGS_PER_WINDOW_MAX) {
    const message = `It has crossed thresholds ${CROSSINGS_PER_WINDOW_MAX} times in this window.`;
    return refuse('TOO_MANY', '', message);
  }
  return accept([{ type: 'BudgetThresholdCrossed', data, ...aboutNoQuota }]);
}

function hasCrossed(
  crossed: readonly CrossedThreshold[],
  threshold: BudgetThreshold,
  direction: ThresholdDirection,
): boolean {
  return crossed.some((at) => isOf(at, threshold) && at.direction === direction);
}

function isOf(a: BudgetThreshold, b: BudgetThreshold): boolean {
  return a.basis === b.basis && a.basisPoints === b.basisPoints;
}

function crossingViolations(
  budget: BudgetState,
  command: RecordThreshold,
  { now }: DecisionContext,
): Violation[] {
  const violations = evidenceViolations(command.evidence, '/evidence');
  const require = (holds: boolean, path: string, message: string): void => {
    if (!holds) violations.push(violation('THRESHOLD_INVALID', path, message));
  };
  const { windowStart, windowEnd, currency } = command;
  require(windowStart < windowEnd, '/windowEnd', 'The window ends before its start.');
  require(windowStart <= now, '/windowStart', 'The window has not begun.');
  require(isAmount(command.spend), '/spend', 'Spend is a decimal from 0.');
  require(isAmount(command.budget), '/budget', 'The budget is a decimal from 0.');
  require(currency === budget.currency, '/currency', `The budget is in ${budget.currency}.`);
  require(isForecast(
    command,
  ), '/forecast', 'A forecast lies in its interval and has a chance of 0 to 10,000 basis points; or it is absent, and crosses nothing.');
  return violations;
}

function isForecast(command: RecordThreshold): boolean {
  const { basis, forecast, low, high, chanceBasisPoints: chance } = command;
  if (forecast === null || low === null || high === null || chance === null) {
    const isAbsent = [forecast, low, high, chance].every((part) => part === null);
    return isAbsent && basis === 'actual';
  }
  if (![low, forecast, high].every(isDecimal)) return false;
  const isOrdered = picosOf(low) <= picosOf(forecast) && picosOf(forecast) <= picosOf(high);
  return isOrdered && Number.isInteger(chance) && chance >= 0 && chance <= BASIS_POINTS;
}
