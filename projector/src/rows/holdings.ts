import { limitFromJson } from '@prorata/schemas';
import { noSum, plusSum, sumOf, wholeMicros } from '@prorata/quota-model';
import type { LimitSum } from '@prorata/quota-model';
import { decimalOfMicros } from './commitmentRow.ts';
import type { LimitJson } from './jsonForms.ts';

interface Holding {
  /** All of them. */
  quotas: number;
  /** Of those that lie below no other. */
  sum: LimitSum;
}

/** By application and resource. */
export type Holdings = Map<string, Map<string, Holding>>;

/** @param isTop whether no quota above it is held as well: one below another holds a part of it, and is not added again */
export function addHolding(
  holdings: Holdings,
  application: string,
  isTop: boolean,
  limits: readonly LimitJson[],
): void {
  const held = holdings.get(application) ?? new Map<string, Holding>();
  holdings.set(application, held);
  for (const json of limits) {
    const holding = held.get(json.resource) ?? { quotas: 0, sum: noSum };
    held.set(json.resource, holding);
    holding.quotas += 1;
    const limit = isTop ? limitFromJson({ ...json }, '', unreadable) : null;
    if (limit !== null) holding.sum = plusSum(holding.sum, sumOf(limit));
  }
}

/** What is in force of them: guarantees and upper bounds in base units, of rates per second. */
export function decimalHoldings(holdings: Holdings): readonly object[] {
  return [...holdings].flatMap(([application, held]) =>
    [...held].map(([resource, { quotas, sum }]) => ({
      application,
      resource,
      quotas,
      topQuotas: sum.limits,
      unlimited: sum.unlimited,
      guaranteed: sum.guarantees.toString(),
      limit: decimalOfMicros(wholeMicros(sum)),
    })),
  );
}

/** The table holds what the projection wrote. */
function unreadable(_path: string, message: string): never {
  throw new Error(`A limit in the table is none: ${message}.`);
}
