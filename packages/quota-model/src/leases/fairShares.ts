/** What one of several takers asks for of a total. */
export interface Claim {
  readonly wanted: bigint;
  /** At least 1. */
  readonly weight: bigint;
}

/**
 * Divides a total by weighted max-min fairness: nobody gets more than is wanted, and nobody's share by
 * weight could grow without taking from somebody whose share by weight is no greater. Progressive filling:
 * Bertsekas and Gallager, Data Networks, 2nd ed., section 6.5.2.
 *
 * Whole numbers, rounded so that the shares sum up to the total, or to what is wanted where that is less.
 * @returns the shares in the order of the claims
 */
export function fairShares(total: bigint, claims: readonly Claim[]): bigint[] {
  const shares = claims.map(() => 0n);
  const order = claims
    .map((claim, index) => ({ ...claim, index }))
    .sort((a, b) => compare(a.wanted * b.weight, b.wanted * a.weight));
  let rest = total > 0n ? total : 0n;
  let weights = claims.reduce((sum, { weight }) => sum + weight, 0n);
  for (const { wanted, weight, index } of order) {
    const most = (rest * weight) / weights;
    const share = wanted < most ? wanted : most;
    shares[index] = share;
    rest -= share;
    weights -= weight;
  }
  return shares;
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
