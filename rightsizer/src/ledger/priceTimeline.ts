import { picosOf } from '@prorata/quota-model';
import type { Price } from '@prorata/schemas';
import type { Fraction } from './fraction.ts';

/** The prices of a book by resource and time. */
export class PriceTimeline {
  /** By application and resource, by rising effectiveFrom, no two from one moment. */
  readonly #prices = new Map<string, Price[]>();

  constructor(prices: readonly Price[]) {
    for (const price of prices) {
      const key = keyOf(price.application, price.resource);
      const known = this.#prices.get(key) ?? [];
      // Of two prices from one moment the later in the list holds.
      const others = known.filter(({ effectiveFrom }) => effectiveFrom !== price.effectiveFrom);
      this.#prices.set(key, [...others, price]);
    }
    for (const list of this.#prices.values()) {
      list.sort((a, b) => (a.effectiveFrom < b.effectiveFrom ? -1 : 1));
    }
  }

  /** null: none was in force. @param at microseconds */
  at(application: string, resource: string, at: bigint): Price | null {
    const list = this.#prices.get(keyOf(application, resource)) ?? [];
    return list.findLast(({ effectiveFrom }) => effectiveFrom <= at) ?? null;
  }

  /** The moments within (from, to) at which another price comes into force. */
  changes(application: string, resource: string, from: bigint, to: bigint): bigint[] {
    return (this.#prices.get(keyOf(application, resource)) ?? [])
      .map(({ effectiveFrom }) => effectiveFrom)
      .filter((start) => start > from && start < to);
  }

  /** The prices that are in force at some time within [from, to), by resource and time. */
  *within(from: bigint, to: bigint): Generator<Price> {
    for (const [, list] of [...this.#prices].sort(([a], [b]) => (a < b ? -1 : 1))) {
      yield* list.filter(
        ({ effectiveFrom }, index) =>
          effectiveFrom < to && (list[index + 1]?.effectiveFrom ?? to) > from,
      );
    }
  }

  /** One entry a price, for a query. */
  *starts(): Generator<{ application: string; resource: string; effectiveFrom: bigint }> {
    for (const list of this.#prices.values()) yield* list;
  }

  /** The resources that are charged by what is reserved at some time within [from, to). */
  *reserving(from: bigint, to: bigint): Generator<{ application: string; resource: string }> {
    const named = new Set<string>();
    for (const price of this.within(from, to)) {
      const { application, resource } = price;
      const key = keyOf(application, resource);
      if (!isReserving(price) || named.has(key)) continue;
      named.add(key);
      yield { application, resource };
    }
  }
}

export function isReserving({ basis }: Price): boolean {
  return basis === 'greater_of_reserved_and_used';
}

/**
 * What the units cost that come after `before` others of the month, exactly, in picos. A graduated
 * price: each unit costs what the step says that it falls into.
 * @param before base units of the project, application and resource since the month's start
 */
export function costBetween(price: Price, before: bigint, units: bigint): Fraction {
  const after = before + units;
  const tiers = [{ fromUnits: 0n, amount: price.amount }, ...price.steps];
  let numerator = 0n;
  for (const [index, { fromUnits, amount }] of tiers.entries()) {
    const start = fromUnits > before ? fromUnits : before;
    const next = tiers[index + 1]?.fromUnits ?? after;
    const end = next < after ? next : after;
    if (end > start) numerator += (end - start) * picosOf(amount);
  }
  return { numerator, denominator: price.perUnits };
}

function keyOf(application: string, resource: string): string {
  return `${application} ${resource}`;
}
