import type { Evidence } from '@prorata/schemas';

/** Why a budget cuts: what was spent of what, in which window, by which policy, and the usage behind it. */
export interface CutGround {
  readonly budgetId: string;
  readonly project: string;
  readonly windowStart: bigint;
  readonly windowEnd: bigint;
  readonly spend: string;
  readonly budget: string;
  readonly currency: string;
  readonly overrunBasisPoints: number;
  readonly tierPolicy: string;
  readonly tierPolicyVersion: bigint;
  readonly evidence: Evidence;
}
