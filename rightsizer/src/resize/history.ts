import type { AmountBounds } from '@prorata/quota-model';
import type { ResourceLimit } from '@prorata/schemas';

/** What one resource of one quota saw in one step of time, in the unit of its limit. */
export interface DemandBucket {
  /** Microseconds, a multiple of the policy's step. */
  readonly start: bigint;
  /** What was wanted: let through and refused. A rate: per the limit's own time; else at once. Rounded up. */
  readonly demand: bigint;
  /** The highest moment, in the same unit; an upper bound over hosts. */
  readonly peak: bigint;
  /** The amount refused in the step, rounded up. */
  readonly refused: bigint;
  /** The amount delayed in the step, rounded up. */
  readonly queued: bigint;
}

/** All that a recommendation is made from. Times are microseconds since the epoch. */
export interface ResizeHistory {
  readonly quotaId: string;
  readonly quotaVersion: bigint;
  readonly resource: string;
  /** What the owner or the rightsizer last set, without cuts and overrides; null: inherited. */
  readonly limit: ResourceLimit | null;
  /** How far the owner, or else the application, lets us go; null: not at all. */
  readonly bounds: AmountBounds | null;
  /** A cut lies on the quota or on one above it. */
  readonly isUnderHaircut: boolean;
  /** An override lies on the quota or on one above it. */
  readonly isOverridden: boolean;
  /** A proposal for this resource waits for a person. */
  readonly isProposed: boolean;
  /** The quota above whose limit binds instead; null: its own does. */
  readonly boundBy: string | null;
  /** When the last cut or override ended: what was seen before says nothing. */
  readonly disturbedUntil: bigint | null;
  /** When the limit was last set. */
  readonly changedAt: bigint;
  /** When a person last declined, or let a proposal lapse. */
  readonly declinedAt: bigint | null;
  /** Up to when the usage of this application is known; null: not at all. */
  readonly freshAt: bigint | null;
  /** In order of time, steps without usage left out. */
  readonly buckets: readonly DemandBucket[];
}

/** How far back a recommendation looks: one evidence period, and as much again for telling a warm-up. */
export function historyMs(policy: { readonly evidenceMs: number }): number {
  return 2 * policy.evidenceMs;
}
