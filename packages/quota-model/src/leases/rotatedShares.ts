import { fairShares } from './fairShares.ts';
import type { Claim } from './fairShares.ts';

/** Permits are whole; their fair shares are counted in millionths. */
const PARTS = 1_000_000n;
/** A host that was away while turns passed is owed no more than a few. */
const OWED_MAX = 4n * PARTS;

/**
 * Max-min fair shares of things that cannot be divided. What is left of the fractions goes round: whoever got
 * less than the fair share is owed the rest, and the one who is owed most comes first at the next turn.
 */
export class RotatedShares {
  /** What each was owed when the present turn began, in millionths; below 0: had in advance. */
  #owed = new Map<string, bigint>();
  /** What each will be owed when it ends. */
  #owedNext = new Map<string, bigint>();

  /**
   * @param isNextTurn whether the turn is over: shares are divided more often than that
   * @returns whole shares in the order of the claims
   */
  shares(
    total: bigint,
    claims: readonly (Claim & { readonly id: string })[],
    isNextTurn: boolean,
  ): bigint[] {
    if (isNextTurn) this.#owed = this.#owedNext;
    const scaled = claims.map(({ wanted, weight }) => ({ wanted: wanted * PARTS, weight }));
    const fair = fairShares(total * PARTS, scaled);
    const shares = fair.map((share) => share / PARTS);
    const owed = fair.map(
      (share, index) => (this.#owed.get(claims[index]?.id ?? '') ?? 0n) + (share % PARTS),
    );
    let left = sumOf(fair) / PARTS - sumOf(shares);
    for (const index of byOwed(owed)) {
      const share = shares[index] ?? 0n;
      if (left === 0n) break;
      if (share >= (claims[index]?.wanted ?? 0n)) continue;
      shares[index] = share + 1n;
      owed[index] = (owed[index] ?? 0n) - PARTS;
      left -= 1n;
    }
    this.#owedNext = new Map(claims.map(({ id }, index) => [id, bounded(owed[index] ?? 0n)]));
    return shares;
  }
}

/** Places of the list, who is owed most first. */
const byOwed = (owed: readonly bigint[]): number[] =>
  owed
    .map((_, index) => index)
    .sort((a, b) =>
      (owed[a] ?? 0n) === (owed[b] ?? 0n) ? a - b : (owed[a] ?? 0n) > (owed[b] ?? 0n) ? -1 : 1,
    );

function bounded(owed: bigint): bigint {
  if (owed > OWED_MAX) return OWED_MAX;
  return owed < -OWED_MAX ? -OWED_MAX : owed;
}

const sumOf = (amounts: readonly bigint[]): bigint => amounts.reduce((sum, each) => sum + each, 0n);
