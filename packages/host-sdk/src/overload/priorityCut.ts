import { TIERS } from './tierShares.ts';

/** How much of the newest interval counts for the mix of tiers. */
const MIX_SMOOTHING = 0.3;
/** The golden ratio's fraction: multiples of it spread evenly over [0, 1), any number of them. */
const GOLDEN = 0.618_033_988_749_894_8;

/**
 * Who is turned away, so that a given share of all requests is served: the least protected tier
 * first, then a part of the next, so that a little more load turns away a little more. The whole
 * answer is one number: a request of tier `t` goes on when `t` plus its place in the tier, from
 * 0 to 1, is below it.
 *
 * The place is spread evenly over requests, or follows from a cohort: then it is always the same
 * callers of a tier that are served, and the others know at once instead of failing now and then.
 * After the priorities of Zhou et al., "Overload Control for Scaling WeChat Microservices" (2018).
 */
export class PriorityCut {
  /** Requests of the present interval by tier. */
  readonly #arrivals = new Float64Array(TIERS);
  /** The shares of the tiers, smoothed. */
  readonly #mix = new Float64Array(TIERS);
  #isMixKnown = false;
  #spread = 0;
  /** TIERS: nobody is turned away. */
  #cut: number = TIERS;

  get cut(): number {
    return this.#cut;
  }

  /** @param cohort the caller, hashed to [0, 1); negative: none in particular */
  passes(tier: number, cohort: number): boolean {
    this.#arrivals[tier] = (this.#arrivals[tier] ?? 0) + 1;
    if (this.#cut >= TIERS) return true;
    if (cohort >= 0) return tier + cohort < this.#cut;
    this.#spread += GOLDEN;
    if (this.#spread >= 1) this.#spread -= 1;
    return tier + this.#spread < this.#cut;
  }

  /** How many came in the present interval. */
  get offered(): number {
    let sum = 0;
    for (const count of this.#arrivals) sum += count;
    return sum;
  }

  /** Ends an interval: from now on `share` of what comes is to be served. */
  aim(share: number): void {
    this.#learnMix();
    this.#cut = share >= 1 ? TIERS : this.#cutFor(share);
  }

  #learnMix(): void {
    const { offered } = this;
    if (offered === 0) return;
    const weight = this.#isMixKnown ? MIX_SMOOTHING : 1;
    this.#isMixKnown = true;
    for (let tier = 0; tier < TIERS; tier += 1) {
      const share = (this.#arrivals[tier] ?? 0) / offered;
      this.#mix[tier] = (this.#mix[tier] ?? 0) * (1 - weight) + share * weight;
      this.#arrivals[tier] = 0;
    }
  }

  #cutFor(share: number): number {
    let below = 0;
    for (let tier = 0; tier < TIERS; tier += 1) {
      const mix = this.#mix[tier] ?? 0;
      if (below + mix >= share) return tier + (share - below) / mix;
      below += mix;
    }
    return TIERS;
  }
}

/** A caller's place among others, [0, 1): the same on every host. FNV-1a over UTF-16 code units. */
export function cohortOf(caller: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < caller.length; index += 1) {
    hash = Math.imul(hash ^ caller.charCodeAt(index), 0x01000193);
  }
  return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32;
}
