import { floorDivided } from './fraction.ts';

/** One who bears a part. */
export interface Share {
  readonly name: string;
  /** Not negative. */
  readonly weight: bigint;
}

/**
 * Divides an amount by weights so that the parts sum to it exactly: each is rounded down, and what is
 * left over goes, one each, to the largest remainders (Hamilton's method), of equal ones to the names
 * that come first.
 * @returns empty when the weights sum to nothing: then nobody bears it
 */
export function splitCost(amount: bigint, shares: readonly Share[]): Map<string, bigint> {
  const whole = shares.reduce((sum, { weight }) => sum + weight, 0n);
  if (whole === 0n) return new Map();
  const parts = shares.map(({ name, weight }) => {
    const part = floorDivided(amount * weight, whole);
    return { name, part, remainder: amount * weight - part * whole };
  });
  const left = amount - parts.reduce((sum, { part }) => sum + part, 0n);
  parts.sort((a, b) =>
    a.remainder === b.remainder ? (a.name < b.name ? -1 : 1) : a.remainder > b.remainder ? -1 : 1,
  );
  return new Map(
    parts.map(({ name, part }, index) => [name, BigInt(index) < left ? part + 1n : part]),
  );
}
