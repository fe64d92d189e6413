import type { Price } from '@prorata/schemas';
import { Decimal } from 'decimal.js';
import type { PriceStart, UsedLine } from '../table/usageReader.ts';

/**
 * Money is exact: a price has at most 38 digits and a sum of usage as many, so their product fits
 * without rounding; only the division by the units that a price is for may go on for ever.
 */
const Money = Decimal.clone({ precision: 120, rounding: Decimal.ROUND_HALF_UP });
type Money = InstanceType<typeof Money>;
/** DECIMAL(38,12). */
const PLACES = 12;

/** The prices of a book in the form that the table's query takes; of two from one moment the later in the list holds. */
export function priceStarts(prices: readonly Price[]): PriceStart[] {
  const starts = new Map<string, PriceStart>();
  prices.forEach(({ application, resource, effectiveFrom }, index) => {
    const start = { application, resource, effectiveFrom, index };
    starts.set(JSON.stringify([application, resource, effectiveFrom.toString()]), start);
  });
  return [...starts.values()];
}

export interface SpendLine {
  readonly application: string;
  readonly resource: string;
  readonly used: bigint;
  /** null: the resource had no price when it was used. */
  readonly price: Price | null;
  /** Not rounded further than its printed places; the total is not the sum of these. */
  readonly money: string | null;
}

export interface Spend {
  readonly lines: readonly SpendLine[];
  /** An exact decimal, rounded once to 12 places, half up; without what has no price. */
  readonly total: string;
  /** Resources that were used and have no price, as `application/resource`. */
  readonly unpriced: readonly string[];
}

/** Σ used × price, each use at the price in force at its window's start. */
export function spendOf(used: readonly UsedLine[], prices: readonly Price[]): Spend {
  const exact = used.map((line) => {
    const price = line.priceIndex === null ? null : (prices[line.priceIndex] ?? null);
    return { line, price, money: price && moneyOf(line.used, price) };
  });
  const total = exact.reduce((sum, { money }) => sum.plus(money ?? 0), new Money(0));
  const unpriced = exact
    .filter(({ money }) => money === null)
    .map(({ line }) => `${line.application}/${line.resource}`);
  return {
    lines: exact.map(({ line: { application, resource, used: amount }, price, money }) => ({
      application,
      resource,
      used: amount,
      price,
      money: money && text(money),
    })),
    total: text(total),
    unpriced: [...new Set(unpriced)].sort(),
  };
}

function moneyOf(used: bigint, price: Price): Money {
  return new Money(used.toString()).times(price.amount).dividedBy(price.perUnits.toString());
}

function text(money: Money): string {
  return money.toDecimalPlaces(PLACES).toFixed();
}

/** Avro int: an overrun beyond it is as bad. */
const BASIS_POINTS_MAX = 2_147_483_647;

/** floor((spend / budget − 1) · 10,000): 0 at the budget, 1,200 at 12 % over; negative below. */
export function overrunBasisPoints(spend: string, budget: string): number {
  const limit = new Money(budget);
  if (limit.lessThanOrEqualTo(0)) return new Money(spend).greaterThan(0) ? BASIS_POINTS_MAX : 0;
  const over = new Money(spend).minus(limit).times(10_000).dividedBy(limit);
  return Math.min(over.floor().toNumber(), BASIS_POINTS_MAX);
}

export function isOver(spend: string, budget: string): boolean {
  return new Money(spend).greaterThan(budget);
}

export function isMore(amount: string, than: string): boolean {
  return new Money(amount).greaterThan(than);
}
