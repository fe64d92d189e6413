/** What allocations cost, and what a budget keeps for them. */
import type { UnitCost } from '@prorata/schemas';
import { picosOf } from '../decimals.ts';
import type { AllocationState } from '../organizationModel.ts';

/** In picos, rounded up, so that a sum of allocations is never less than what they cost. */
export function costOf(amount: bigint, unitCost: UnitCost): bigint {
  const { amount: price, perUnits, unitsPerWindow } = unitCost;
  return (amount * unitsPerWindow * picosOf(price) + perUnits - 1n) / perUnits;
}

/**
 * What a budget keeps for an allocation, in picos: while an intent is not answered, the dearer of what
 * holds and what is to hold, since either may turn out to be.
 */
export function reservedFor(
  { accepted, pending }: Pick<AllocationState, 'accepted' | 'pending'>,
  budgetId: string,
): bigint {
  const costs = [accepted, pending].map((terms) =>
    terms?.budgetId === budgetId ? terms.costPicos : 0n,
  );
  return costs.reduce((most, cost) => (cost > most ? cost : most), 0n);
}
