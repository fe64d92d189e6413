/** A number that a division did not round. The denominator is above 0; it need not be reduced. */
export interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

export const NOTHING: Fraction = { numerator: 0n, denominator: 1n };

export function plus(a: Fraction, b: Fraction): Fraction {
  if (a.denominator === b.denominator) {
    return { numerator: a.numerator + b.numerator, denominator: a.denominator };
  }
  const shared = greatestCommonDivisor(a.denominator, b.denominator);
  const [left, right] = [b.denominator / shared, a.denominator / shared];
  return {
    numerator: a.numerator * left + b.numerator * right,
    denominator: a.denominator * left,
  };
}

export function minus(a: Fraction, b: Fraction): Fraction {
  return plus(a, { numerator: -b.numerator, denominator: b.denominator });
}

export function isNothing({ numerator }: Fraction): boolean {
  return numerator === 0n;
}

/** To the nearest whole number, halves up. */
export function rounded({ numerator, denominator }: Fraction): bigint {
  return floorDivided(2n * numerator + denominator, 2n * denominator);
}

/** BigInt division rounds towards 0. @param divisor above 0 */
export function floorDivided(amount: bigint, divisor: bigint): bigint {
  const quotient = amount / divisor;
  return amount % divisor < 0n ? quotient - 1n : quotient;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}
