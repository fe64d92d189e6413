/** The parts of a budget's terms that are lists: where its owner is told, and what its money is split into. */
import type { BudgetShare, BudgetThreshold, Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import { byCodeUnit, isSegment } from '../ids.ts';
import {
  BASIS_POINTS,
  BUDGET_SHARES_MAX,
  BUDGET_THRESHOLDS_MAX,
  TEXT_LENGTH_MAX,
  THRESHOLD_BASIS_POINTS_MAX,
} from '../modelBounds.ts';

/** What a new budget has that names none. */
export const THRESHOLDS_DEFAULT: readonly BudgetThreshold[] = [
  { basis: 'actual', basisPoints: 5_000 },
  { basis: 'actual', basisPoints: 8_000 },
  { basis: 'actual', basisPoints: 10_000 },
  { basis: 'forecast', basisPoints: 10_000 },
];

/** Actual before forecast, the lowest first: the order in which people sent them decides nothing. */
export function sortedThresholds(thresholds: readonly BudgetThreshold[]): BudgetThreshold[] {
  return thresholds.toSorted(
    (a, b) => byCodeUnit(a.basis, b.basis) || a.basisPoints - b.basisPoints,
  );
}

export function sortedShares(split: readonly BudgetShare[]): BudgetShare[] {
  return split.toSorted(
    (a, b) => byCodeUnit(a.application, b.application) || byCodeUnit(a.resource, b.resource),
  );
}

export function thresholdViolations(thresholds: readonly BudgetThreshold[]): Violation[] {
  const path = '/thresholds';
  if (thresholds.length > BUDGET_THRESHOLDS_MAX) {
    const message = `A budget has at most ${BUDGET_THRESHOLDS_MAX} thresholds.`;
    return [violation('TOO_MANY', path, message)];
  }
  const violations = thresholds.flatMap(({ basisPoints }, index) => {
    if (isPart(basisPoints, THRESHOLD_BASIS_POINTS_MAX)) return [];
    const message = `A threshold is of 1 to ${THRESHOLD_BASIS_POINTS_MAX} basis points.`;
    return [violation('BUDGET_INVALID', `${path}/${index}/basisPoints`, message)];
  });
  const different = new Set(thresholds.map((at) => `${at.basis} ${at.basisPoints}`));
  if (different.size === thresholds.length) return violations;
  return [...violations, violation('BUDGET_INVALID', path, 'Each threshold is named once.')];
}

/** @param project the budget's, empty where it is another holder's */
export function splitViolations(split: readonly BudgetShare[], project: string): Violation[] {
  const path = '/split';
  if (split.length === 0) return [];
  if (project === '') {
    const message = 'Only the budget of a project is split: entitlements are of projects.';
    return [violation('BUDGET_INVALID', path, message)];
  }
  if (split.length > BUDGET_SHARES_MAX) {
    const message = `A budget is split into at most ${BUDGET_SHARES_MAX} parts.`;
    return [violation('TOO_MANY', path, message)];
  }
  const violations = split.flatMap((share, index) => shareViolations(share, `${path}/${index}`));
  const different = new Set(split.map((share) => `${share.application} ${share.resource}`));
  if (different.size !== split.length) {
    violations.push(violation('BUDGET_INVALID', path, 'Each resource has one part.'));
  }
  const sum = split.reduce((total, { basisPoints }) => total + basisPoints, 0);
  if (sum > BASIS_POINTS) {
    const message = `The parts sum to ${sum} basis points, and the whole is ${BASIS_POINTS}.`;
    violations.push(violation('BUDGET_INVALID', path, message));
  }
  return violations;
}

function shareViolations(share: BudgetShare, path: string): Violation[] {
  const violations: Violation[] = [];
  const require = (holds: boolean, field: string, message: string): void => {
    if (!holds) violations.push(violation('BUDGET_INVALID', `${path}/${field}`, message));
  };
  const { application, resource, basisPoints } = share;
  require(isSegment(application), 'application', 'The application is not named.');
  require(resource !== '' &&
    resource.length <= TEXT_LENGTH_MAX, 'resource', 'The resource is not named.');
  require(isPart(
    basisPoints,
    BASIS_POINTS,
  ), 'basisPoints', `A part is of 1 to ${BASIS_POINTS} basis points.`);
  return violations;
}

function isPart(basisPoints: number, most: number): boolean {
  return Number.isInteger(basisPoints) && basisPoints >= 1 && basisPoints <= most;
}
