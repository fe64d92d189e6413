import type { Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import { WHOLE_BASIS_POINTS } from '../limits.ts';
import { TIERS } from '../modelBounds.ts';
import { isCurrency } from '../organization/currencies.ts';
import type { RefusalCode } from '../refusalCodes.ts';

export function currencyViolations(currency: string): Violation[] {
  if (isCurrency(currency)) return [];
  return [violation('CURRENCY_INVALID', '/currency', 'A currency is a code such as USD.')];
}

/** One number a tier, each a part of the whole. */
export function basisPointsViolations(
  numbers: readonly number[],
  path: string,
  code: RefusalCode,
): Violation[] {
  const isPart = (points: number): boolean =>
    Number.isInteger(points) && points >= 0 && points <= WHOLE_BASIS_POINTS;
  if (numbers.length === TIERS && numbers.every(isPart)) return [];
  const message = `${TIERS} numbers are needed, tier 0 to 4, each 0 to ${WHOLE_BASIS_POINTS}.`;
  return [violation(code, path, message)];
}
