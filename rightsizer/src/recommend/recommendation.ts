import type { ReasonCode, SkipCode } from './reasons.ts';

/** How dear a shortage is against idle room; it chooses a policy. */
export type WorkloadClass = 'batch' | 'serving' | 'guaranteed';

/** Values at equal distances, in order of time. */
export interface EvenSeries {
  /** Where the first interval begins, microseconds. */
  readonly from: bigint;
  /** The length of an interval, microseconds. */
  readonly stepMicros: bigint;
  /**
   * One per interval. NaN where nothing is known: nothing was reported, or we held the demand down ourselves
   * (a haircut, an override), so that what was seen is no evidence of what was wanted.
   */
  readonly values: Float64Array;
}

/**
 * What was wanted of one resource of one quota, in the unit of its limit: what was let through and what
 * was refused; what was queued is let through later and counts there. Both series end where what is
 * known ends, so that a later record changes nothing that was decided before.
 */
export interface DemandHistory {
  /**
   * The profile: the highest step of each slot, an hour long in production. Up to fourteen days of them. The last
   * one may be in progress, and then holds what is known of it.
   */
  readonly slots: EvenSeries;
  /** The newest steps (five minutes long in production), at least those of two slots. */
  readonly steps: EvenSeries;
  /** Of each of these steps the part that was refused or queued. */
  readonly pressed: Float64Array;
  /** The highest step ever seen within the profile, exactly; for resources that cannot be squeezed. */
  readonly highest: bigint;
  /** What holds now, without cuts and overrides. */
  readonly limit: bigint;
  /** When it was set, microseconds. */
  readonly changedAt: bigint;
  /** When it was last lowered by evidence; null: never. */
  readonly loweredAt: bigint | null;
}

/** Where a limit should be. Pure of (history, policy, now): the same for ever. */
export interface Recommendation {
  /** In the unit of the limit, rounded up. Of a skip the limit that holds. */
  readonly value: bigint;
  /** Between both, what holds is left as it is. `upper` is the greatest limit there is where none is lowered. */
  readonly lower: bigint;
  readonly upper: bigint;
  /** What two of the newest steps agree on: a raise may go there in one step, however far. */
  readonly agreed: bigint;
  /** Why, most important first; of a skip none. */
  readonly reasons: readonly ReasonCode[];
  /** Why nothing is recommended; null: something is. */
  readonly skip: SkipCode | null;
  /** Why nothing is lowered, though raises may be; null: it may be lowered. */
  readonly objection: SkipCode | null;
  /** SHA-256 (hex) over history, policy and time. */
  readonly inputsHash: string;
}

/** Whether to move now, and how far. */
export type Move =
  | { readonly kind: 'hold'; readonly reason: SkipCode }
  | {
      readonly kind: 'raise' | 'lower';
      readonly value: bigint;
      readonly reasons: readonly ReasonCode[];
    };
