import type { ApplyHaircut, Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import { isDecimal, isNegative } from '../decimals.ts';
import { isProjectId, isSegment } from '../ids.ts';
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
  return violations;
}

function isAmount(text: string): boolean {
  return isDecimal(text) && !isNegative(text);
}
