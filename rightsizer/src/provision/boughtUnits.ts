import { picosOf } from '@prorata/quota-model';
import type { Price } from '@prorata/schemas';

/** One stair of a price. */
interface Stair {
  readonly fromUnits: bigint;
  readonly picos: bigint;
}

/**
 * The most base units that the money buys in one month: the stairs of a graduated price walked from the
 * first, the inverse of what a month's units are charged. Rounded down, so that they never cost more than it.
 * @param picos money, 0 or more
 * @returns null: as many as one likes, since those beyond some amount cost nothing
 */
export function boughtUnits(price: Price, picos: bigint): bigint | null {
  const stairs = stairsOf(price);
  let left = picos * price.perUnits;
  let units = 0n;
  for (const [index, stair] of stairs.entries()) {
    const next = stairs[index + 1];
    const width = next === undefined ? null : next.fromUnits - stair.fromUnits;
    if (stair.picos === 0n) {
      if (width === null) return null;
      units += width;
      continue;
    }
    const affordable = left / stair.picos;
    if (width === null || affordable < width) return units + affordable;
    units += width;
    left -= width * stair.picos;
  }
  return units;
}

/** The same price with one amount for all: its dearest, where nobody knows which stair a unit falls onto. */
export function atItsDearest(price: Price): Price {
  const dearest = [price.amount, ...price.steps.map(({ amount }) => amount)].reduce((most, each) =>
    picosOf(each) > picosOf(most) ? each : most,
  );
  return { ...price, amount: dearest, steps: [] };
}

function stairsOf({ amount, steps }: Price): Stair[] {
  return [{ fromUnits: 0n, amount }, ...steps].map((step) => ({
    fromUnits: step.fromUnits,
    picos: picosOf(step.amount),
  }));
}
