/** The greatest limit there is. */
export const LIMIT_MAX = 2n ** 63n - 1n;

const BASIS_POINTS = 10_000n;

/** Rounded up, within what a limit may be; of no number the greatest. */
export function wholeUnits(value: number): bigint {
  if (!(value < Number(LIMIT_MAX))) return LIMIT_MAX;
  return value <= 0 ? 0n : BigInt(Math.ceil(value));
}

/** A part of a limit, rounded up; the factor counts to the basis point. */
export function partOf(limit: bigint, factor: number): bigint {
  const points = BigInt(Math.round(factor * Number(BASIS_POINTS)));
  const part = (limit * points + BASIS_POINTS - 1n) / BASIS_POINTS;
  return part > LIMIT_MAX ? LIMIT_MAX : part;
}
