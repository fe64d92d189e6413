import type { DefinePriceBook, Price, Violation } from '@prorata/schemas';
import { isDecimal, isNegative, sameDecimal } from '../decimals.ts';
import { byCodeUnit, isSegment } from '../ids.ts';
import type { Decision, DecisionContext, PriceBookState } from '../model.ts';
import { AMOUNT_MAX, PRICES_MAX } from '../modelBounds.ts';
import { sameValue } from '../sameValue.ts';
import { currencyViolations } from '../validate/money.ts';
import { isResourceName } from '../validate/registration.ts';
import { aboutNoQuota, accept, alreadySo, refusal, refuse, violation } from './answer.ts';
import { versionFault } from './preconditions.ts';

/** Prices are effective-dated: what has taken effect stays, so that a closed window's cost never changes. */
export function definePriceBook(
  state: PriceBookState | null,
  command: DefinePriceBook,
  context: DecisionContext,
): Decision {
  const refused = versionFault(command.envelope, state?.version ?? 0n);
  if (refused !== null) return refused;
  const shape = refusal([
    ...currencyViolations(command.currency),
    ...priceViolations(command.prices),
  ]);
  if (shape !== null) return shape;
  const { currency } = command;
  const prices = [...command.prices].sort(inTime);
  if (state !== null) {
    if (state.currency !== currency) {
      return refuse('CURRENCY_CHANGED', '/currency', `The book is in ${state.currency}.`);
    }
    if (sameValue(state.prices, prices)) return alreadySo;
    const history = refusal(historyViolations(state.prices, prices, context.now));
    if (history !== null) return history;
  }
  const version = (state?.version ?? 0n) + 1n;
  return accept([
    { type: 'PriceBookDefined', data: { currency, prices, version }, ...aboutNoQuota },
  ]);
}

/** By application, resource and time. */
function inTime(a: Price, b: Price): number {
  const bySubject = byCodeUnit(subjectOf(a), subjectOf(b));
  if (bySubject !== 0 || a.effectiveFrom === b.effectiveFrom) return bySubject;
  return a.effectiveFrom < b.effectiveFrom ? -1 : 1;
}

function subjectOf(price: Price): string {
  return `${price.application} ${price.resource}`;
}

function keyOf(price: Price): string {
  return `${subjectOf(price)} ${price.effectiveFrom.toString()}`;
}

function priceViolations(prices: readonly Price[]): Violation[] {
  if (prices.length > PRICES_MAX) {
    return [violation('TOO_MANY', '/prices', `A book has at most ${PRICES_MAX} prices.`)];
  }
  const seen = new Set<string>();
  return prices.flatMap((price, index) => {
    const violations: Violation[] = [];
    const require = (holds: boolean, field: string, message: string): void => {
      if (!holds) violations.push(violation('PRICE_INVALID', `/prices/${index}${field}`, message));
    };
    const { application, resource, amount, perUnits } = price;
    require(isSegment(application), '/application', 'The application is not named.');
    require(isResourceName(resource), '/resource', 'The resource is not named.');
    require(isDecimal(amount) && !isNegative(amount), '/amount', 'A price is a decimal from 0.');
    require(perUnits >= 1n && perUnits <= AMOUNT_MAX, '/perUnits', 'A price buys 1 unit or more.');
    require(!seen.has(keyOf(price)), '', 'Two prices of the resource start at the same time.');
    seen.add(keyOf(price));
    return violations;
  });
}

function historyViolations(
  former: readonly Price[],
  prices: readonly Price[],
  now: bigint,
): Violation[] {
  const byKey = new Map(prices.map((price) => [keyOf(price), price]));
  const gone = former
    .filter((price) => price.effectiveFrom <= now && !isSamePrice(byKey.get(keyOf(price)), price))
    .map((price) => `the price of ${price.resource} in ${price.application} is gone or changed`);
  const formerKeys = new Set(former.map(keyOf));
  const inserted = prices
    .filter((price) => price.effectiveFrom <= now && !formerKeys.has(keyOf(price)))
    .filter((price) => former.some((earlier) => isPricedAt(earlier, price)))
    .map((price) => `${price.resource} in ${price.application} had another price at that time`);
  return [...gone, ...inserted].map((message) =>
    violation('PRICE_HISTORY_CHANGED', '/prices', `In the past, ${message}.`),
  );
}

function isSamePrice(a: Price | undefined, b: Price): boolean {
  return a !== undefined && a.perUnits === b.perUnits && sameDecimal(a.amount, b.amount);
}

/** A past price may be added only for a time in which the resource had none. */
function isPricedAt(earlier: Price, price: Price): boolean {
  return subjectOf(earlier) === subjectOf(price) && earlier.effectiveFrom <= price.effectiveFrom;
}
