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
  const there = total > 0n ? total : 0n;
  let [wanted, most, heaviest] = [0n, 0n, 1n];
  for (const claim of claims) {
    wanted += claim.wanted;
    if (claim.wanted > most) most = claim.wanted;
    if (claim.weight > heaviest) heaviest = claim.weight;
  }
  if (wanted <= there) return claims.map((claim) => claim.wanted);
  return heaviest === 1n && most <= LONG_MAX
    ? sharesOfEqual(there, claims)
    : sharesByWeight(there, claims);
}

/**
 * As of those who weigh the same, which nearly all do: everybody gets up to one level, and what cannot be divided goes to
 * the first. Ten thousand sorted as numbers take a tenth of what they take by a comparison.
 */
function sharesOfEqual(total: bigint, claims: readonly Claim[]): bigint[] {
  const sorted = BigInt64Array.from(claims, ({ wanted }) => wanted).sort();
  let [rest, left] = [total, BigInt(claims.length)];
  for (const wanted of sorted) {
    if (wanted * left > rest) break;
    rest -= wanted;
    left -= 1n;
  }
  const level = rest / left;
  let over = rest % left;
  return claims.map(({ wanted }) => {
    if (wanted <= level) return wanted;
    if (over === 0n) return level;
    over -= 1n;
    return level + 1n;
  });
}

function sharesByWeight(total: bigint, claims: readonly Claim[]): bigint[] {
  const shares = claims.map(() => 0n);
  const order = claims
    .map((claim, index) => ({ ...claim, index }))
    .sort((a, b) => compare(a.wanted * b.weight, b.wanted * a.weight));
  let rest = total;
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

/** What an array of numbers can sort. */
const LONG_MAX = 2n ** 63n - 1n;

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
