import { decimalOf, picosOf } from '@prorata/quota-model';
import type { Price } from '@prorata/schemas';
import { Decimal } from 'decimal.js';
import type { ChargeCategory, ChargeLine } from '../ledger/chargeLine.ts';

/** Sums have at most 12 places, so additions and comparisons are exact. */
const Money = Decimal.clone({ precision: 120, rounding: Decimal.ROUND_HALF_UP });

/** What the ledger's lines of one resource and price come to, or of one credit, shared or idle cost. */
export interface SpendLine {
  readonly category: ChargeCategory;
  /** Empty: of no application. */
  readonly application: string;
  /** Of a credit and of a shared cost its name. */
  readonly resource: string;
  readonly used: bigint;
  /** null: the resource had no price when it was used, or its money is no product of units and a price. */
  readonly price: Price | null;
  /** An exact decimal; null: there was no price. */
  readonly money: string | null;
}

export interface Spend {
  /** They sum to the total. */
  readonly lines: readonly SpendLine[];
  /** An exact decimal: the sum of the ledger's lines in the window; without what has no price. */
  readonly total: string;
  /** Resources that were used and have no price, as `application/resource`. */
  readonly unpriced: readonly string[];
}

interface Sum extends Omit<SpendLine, 'money'> {
  used: bigint;
  picos: bigint | null;
}

/** What a budget sees: the sum of the ledger's lines, credits and corrections among them. */
export async function spendOf(lines: AsyncIterable<ChargeLine>): Promise<Spend> {
  const sums = new Map<string, Sum>();
  const unpriced = new Set<string>();
  let total = 0n;
  for await (const line of lines) {
    const application = line.application ?? '';
    const resource = line.name ?? line.resource ?? '';
    if (line.cost === null) unpriced.add(`${application}/${resource}`);
    const picos = line.cost === null ? null : picosOf(line.cost);
    total += picos ?? 0n;
    const key = [line.category, application, resource, line.price?.effectiveFrom ?? ''].join(' ');
    const { category, used, price } = line;
    const known = sums.get(key);
    if (known === undefined) {
      sums.set(key, { category, application, resource, used, price, picos });
      continue;
    }
    known.used += used;
    if (picos !== null) known.picos = (known.picos ?? 0n) + picos;
  }
  return {
    lines: [...sums.values()].map(({ picos, ...line }) => ({
      ...line,
      money: picos === null ? null : decimalOf(picos),
    })),
    total: decimalOf(total),
    unpriced: [...unpriced].sort(),
  };
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
