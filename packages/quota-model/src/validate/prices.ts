import type { Price, Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import { isDecimal, isNegative } from '../decimals.ts';
import { isSegment } from '../ids.ts';
import {
  AMOUNT_MAX,
  BOOK_STEPS_MAX,
  PRICES_MAX,
  PRICE_STEPS_MAX,
  UNIT_LENGTH_MAX,
} from '../modelBounds.ts';
import { isResourceName } from './registration.ts';

export function priceViolations(prices: readonly Price[]): Violation[] {
  if (prices.length > PRICES_MAX) {
    return [violation('TOO_MANY', '/prices', `A book has at most ${PRICES_MAX} prices.`)];
  }
  if (prices.reduce((sum, { steps }) => sum + steps.length, 0) > BOOK_STEPS_MAX) {
    return [violation('TOO_MANY', '/prices', `A book has at most ${BOOK_STEPS_MAX} steps.`)];
  }
  const seen = new Set<string>();
  return prices.flatMap((price, index) => {
    const { application, resource, effectiveFrom } = price;
    const key = `${application} ${resource} ${effectiveFrom.toString()}`;
    const isFirst = !seen.has(key);
    seen.add(key);
    return onePrice(price, `/prices/${index}`, isFirst);
  });
}

function onePrice(price: Price, path: string, isFirst: boolean): Violation[] {
  const violations: Violation[] = [];
  const require = (holds: boolean, field: string, message: string): void => {
    if (!holds) violations.push(violation('PRICE_INVALID', `${path}${field}`, message));
  };
  const { application, resource, amount, perUnits, unit } = price;
  require(isSegment(application), '/application', 'The application is not named.');
  require(isResourceName(resource), '/resource', 'The resource is not named.');
  require(isPrice(amount), '/amount', 'A price is a decimal from 0.');
  require(perUnits >= 1n && perUnits <= AMOUNT_MAX, '/perUnits', 'A price buys 1 unit or more.');
  const isUnit = unit === '' || (unit.trim() === unit && unit.length <= UNIT_LENGTH_MAX);
  require(isUnit, '/unit', `A unit has at most ${UNIT_LENGTH_MAX} characters, none of them blank at its ends.`);
  require(isFirst, '', 'Two prices of the resource start at the same time.');
  return [...violations, ...stepViolations(price, path)];
}

function stepViolations({ steps }: Price, path: string): Violation[] {
  if (steps.length > PRICE_STEPS_MAX) {
    const message = `A price has at most ${PRICE_STEPS_MAX} steps.`;
    return [violation('TOO_MANY', `${path}/steps`, message)];
  }
  return steps.flatMap(({ fromUnits, amount }, index) => {
    const at = `${path}/steps/${index}`;
    const violations: Violation[] = [];
    if (!isPrice(amount)) {
      violations.push(violation('PRICE_INVALID', `${at}/amount`, 'A price is a decimal from 0.'));
    }
    if (fromUnits <= (steps[index - 1]?.fromUnits ?? 0n)) {
      const message = 'Steps begin above 0, each beyond the one before.';
      violations.push(violation('PRICE_INVALID', `${at}/fromUnits`, message));
    }
    return violations;
  });
}

function isPrice(amount: string): boolean {
  return isDecimal(amount) && !isNegative(amount);
}
