import type { ApplyHaircut, Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import { isDecimal, isNegative } from '../decimals.ts';
import { isProjectId, isSegment } from '../ids.ts';
import { CUT_PRIORITY_MAX, TIERS } from '../modelBounds.ts';
import { evidenceViolations } from './evidence.ts';
import { basisPointsViolations, currencyViolations } from './money.ts';

/** What a cut is made of: the same in an intent and in what each application is asked. */
export type CutTerms = Omit<ApplyHaircut, 'envelope' | 'cutId' | 'after' | 'most'>;

export function cutViolations(terms: CutTerms): Violation[] {
  const violations = [
    ...basisPointsViolations(terms.cutBasisPoints, '/cutBasisPoints', 'HAIRCUT_INVALID'),
    ...basisPointsViolations(terms.floorBasisPoints, '/floorBasisPoints', 'HAIRCUT_INVALID'),
    ...currencyViolations(terms.currency),
    ...evidenceViolations(terms.evidence, '/evidence'),
  ];
  const require = (holds: boolean, path: string, message: string): void => {
    if (!holds) violations.push(violation('HAIRCUT_INVALID', path, message));
  };
  const { overrunBasisPoints } = terms;
  require(isProjectId(terms.project), '/project', 'The project is <organization>/<project>.');
  require(isSegment(terms.budgetId), '/budgetId', 'The budget is not named.');
  require(isSegment(terms.tierPolicy), '/tierPolicy', 'The tier policy is not named.');
  require(terms.windowStart < terms.windowEnd, '/windowEnd', 'The window ends before its start.');
  require(isAmount(terms.spend), '/spend', 'Spend is a decimal from 0.');
  require(isAmount(terms.budget), '/budget', 'The budget is a decimal from 0.');
  require(Number.isInteger(overrunBasisPoints) &&
    overrunBasisPoints >= 0, '/overrunBasisPoints', 'Nothing is cut before the budget is reached.');
  require(isByPriority(terms.priorityMin), '/priorityMin', PRIORITY_MESSAGE);
  return violations;
}

const PRIORITY_MESSAGE =
  `None, or ${TIERS} whole numbers, tier 0 to 4, each within ±${CUT_PRIORITY_MAX}; ` +
  'one more than that stands for no quota of the tier.';

function isByPriority(least: readonly number[]): boolean {
  const isPriority = (priority: number): boolean =>
    Number.isInteger(priority) && priority >= -CUT_PRIORITY_MAX && priority <= CUT_PRIORITY_MAX + 1;
  return least.length === 0 || (least.length === TIERS && least.every(isPriority));
}

export function isAmount(text: string): boolean {
  return isDecimal(text) && !isNegative(text);
}
