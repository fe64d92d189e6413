/** Rollouts that are on, as the state of an application holds them. */
import type {
  QuotaContent,
  RolloutCause,
  RolloutEvidence,
  RolloutGate,
  RolloutStage,
  TreeStep,
  Waiver,
} from '@prorata/schemas';
import type { Provenance } from '../provenance.ts';

/** A stage that has begun. */
export interface EnteredStage {
  readonly stage: number;
  readonly at: bigint;
  readonly cause: RolloutCause;
  /** What the gate saw of the stage before it; null: nobody measured. */
  readonly evidence: RolloutEvidence | null;
}

export interface RolloutState {
  readonly rolloutId: string;
  /** The nearest quota, or the application, at or above all that it changes. */
  readonly place: string;
  /** As they were sent; promotion takes them anew. */
  readonly steps: readonly TreeStep[];
  /** By quota: what it would declare. Neither they nor what is above or below them moves or goes meanwhile. */
  readonly candidates: ReadonlyMap<string, QuotaContent>;
  readonly stages: readonly RolloutStage[];
  readonly gate: RolloutGate | null;
  /** The stage that is on, counted from 0. */
  readonly stage: number;
  /** From when the stage bakes: its begin, or when the rollout was resumed in it. */
  readonly bakesFrom: bigint;
  readonly isPaused: boolean;
  /** Stages so far, the first included. */
  readonly entered: readonly EnteredStage[];
  /** Safety checks that were waived when it started: they stay waived at its promotion. */
  readonly waivers: readonly Waiver[];
  /** Who started it. */
  readonly provenance: Provenance;
}

/** When the stage has baked, microseconds. */
export function bakedAt({ stages, stage, bakesFrom }: RolloutState): bigint {
  return bakesFrom + (stages[stage]?.bakeMicros ?? 0n);
}

export function isLastStage({ stages, stage }: Pick<RolloutState, 'stages' | 'stage'>): boolean {
  return stage >= stages.length - 1;
}
