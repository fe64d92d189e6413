/** Tiers of requests: 0 is the most protected. */
export const TIERS = 5;

/**
 * Requests under way by tier, under one limit of them all. A tier may be kept a share of the limit:
 * what it does not use of it, nobody else may. Requests are let in one by one against the limit as it
 * is, so that no set of shares lets more in than the limit (a known fault of partitioned limiters,
 * whose partitions are guaranteed beside it).
 */
export class TierShares {
  readonly #shares: readonly number[];
  readonly #inFlight = new Float64Array(TIERS);
  #total = 0;

  /** @param percents for each tier what is kept for it, percent of the limit; 100 in all at most */
  constructor(percents: readonly number[]) {
    const sum = percents.reduce((total, percent) => total + percent, 0);
    if (percents.length > TIERS || percents.some((percent) => !(percent >= 0)) || sum > 100) {
      throw new RangeError(`Shares are for ${TIERS} tiers, of 0 percent or more, 100 in all.`);
    }
    this.#shares = Array.from({ length: TIERS }, (_, tier) => (percents[tier] ?? 0) / 100);
  }

  get total(): number {
    return this.#total;
  }

  /** @returns whether there was room, and the request counts as under way from now on */
  enter(tier: number, limit: number): boolean {
    if (this.#total + this.#keptFromOthers(tier, limit) >= limit) return false;
    this.#inFlight[tier] = (this.#inFlight[tier] ?? 0) + 1;
    this.#total += 1;
    return true;
  }

  leave(tier: number): void {
    this.#inFlight[tier] = (this.#inFlight[tier] ?? 0) - 1;
    this.#total -= 1;
  }

  /** What is kept for other tiers and not in use; nothing while the tier is within its own share. */
  #keptFromOthers(tier: number, limit: number): number {
    const shares = this.#shares;
    if (limit === Infinity) return 0;
    if ((this.#inFlight[tier] ?? 0) + 1 <= (shares[tier] ?? 0) * limit) return 0;
    let kept = 0;
    for (let other = 0; other < TIERS; other += 1) {
      const unused = (shares[other] ?? 0) * limit - (this.#inFlight[other] ?? 0);
      if (other !== tier && unused > 0) kept += unused;
    }
    return Math.floor(kept);
  }
}
