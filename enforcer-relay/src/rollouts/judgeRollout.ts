import { bakedAt, isLastStage, missingForGate } from '@prorata/quota-model';
import type { RolloutState } from '@prorata/quota-model';
import type { RolloutEvidence } from '@prorata/schemas';

/** What is to be done about a rollout, and why in words. */
export type RolloutVerdict =
  | { readonly kind: 'wait'; readonly why: string }
  | { readonly kind: 'advance' | 'promote' | 'roll back'; readonly why: string };

/**
 * On once the stage has baked and the gate holds; back as soon as a bound is broken by hosts enough to be
 * believed, baked or not. Where too few report it waits, however long: it never goes on blindly.
 */
export function judgeRollout(
  rollout: RolloutState,
  evidence: RolloutEvidence,
  now: bigint,
): RolloutVerdict {
  const { gate, isPaused } = rollout;
  if (isPaused) return { kind: 'wait', why: 'it is paused' };
  const missing = gate === null ? [] : missingForGate(gate, evidence);
  if (missing.length === 0 && evidence.broken.length > 0) {
    return { kind: 'roll back', why: evidence.broken.join('; ') };
  }
  if (now < bakedAt(rollout)) return { kind: 'wait', why: 'its stage bakes' };
  if (missing.length > 0) return { kind: 'wait', why: missing.join('; ') };
  const held = gate === null ? 'no gate was asked for' : 'the gate held';
  const why = `Stage ${rollout.stage} has baked, and ${held}.`;
  return { kind: isLastStage(rollout) ? 'promote' : 'advance', why };
}
