/** What must hold before anything is done to a rollout. */
import type { CommandEnvelope, RolloutCause, RolloutEvidence, Violation } from '@prorata/schemas';
import { ownershipViolations } from '../authority/authorityViolations.ts';
import { holdsRole, isRobot } from '../authority/sender.ts';
import { ageInWords } from '../limits.ts';
import type { ApplicationState, Decision, DecisionContext } from '../model.ts';
import { brokenBounds, missingForGate } from '../rollouts/gate.ts';
import { bakedAt } from '../rollouts/rolloutState.ts';
import type { RolloutState } from '../rollouts/rolloutState.ts';
import {
  EVIDENCE_AHEAD_MICROS_MAX,
  EVIDENCE_BROKEN_MAX,
  ROLLOUT_GATE_HOSTS_MAX,
  TEXT_LENGTH_MAX,
} from '../modelBounds.ts';
import { refusal, refuse, violation } from './answer.ts';
import { versionFault } from './preconditions.ts';

/** The rollout, of a sender who has the say over all that it changes; a robot for the whole application. */
export function requireRollout(
  state: ApplicationState,
  rolloutId: string,
  envelope: CommandEnvelope,
  { streamVersion }: DecisionContext,
): { readonly rollout: RolloutState } | { readonly refused: Decision } {
  const rollout = state.rollouts.get(rolloutId);
  if (rollout === undefined) {
    const message =
      `There is no rollout ${rolloutId} that is on: it may have been promoted or rolled back, or never ` +
      `have been. GET /v1/rollouts/${rolloutId} says what became of it.`;
    return { refused: refuse('ROLLOUT_UNKNOWN', '/rolloutId', message) };
  }
  const refused =
    versionFault(envelope, streamVersion) ?? refusal(sayViolations(state, rollout, envelope));
  return refused === null ? { rollout } : { refused };
}

function sayViolations(
  state: ApplicationState,
  { candidates }: RolloutState,
  envelope: CommandEnvelope,
): Violation[] {
  if (!isRobot(envelope)) {
    return [...candidates.keys()].flatMap((id) => ownershipViolations(state, id, envelope));
  }
  if (holdsRole(envelope, ['robot'], state.id)) return [];
  return [violation('NOT_ALLOWED', '', `A robot must hold its role for all of ${state.id}.`)];
}

/** Who led to a step. */
export function causeOf(envelope: CommandEnvelope, { gate }: RolloutState): RolloutCause {
  if (!isRobot(envelope)) return 'person';
  return gate === null ? 'timer' : 'gate';
}

/** That a robot may let the stage go by: it has baked, and what hosts reported since passes the gate. */
export function goOnFault(
  rollout: RolloutState,
  envelope: CommandEnvelope,
  evidence: RolloutEvidence | null,
  { now }: DecisionContext,
): Decision | null {
  if (!isRobot(envelope)) return null;
  if (rollout.isPaused) return pausedFault(rollout);
  const at = bakedAt(rollout);
  if (now < at) {
    const message = `Stage ${rollout.stage} of ${rollout.rolloutId} bakes for ${ageInWords(at - now)} more.`;
    return refuse('ROLLOUT_BAKING', '/stage', message);
  }
  const { gate } = rollout;
  if (gate === null) return null;
  if (evidence === null) {
    return refuse(
      'ROLLOUT_GATE',
      '/evidence',
      `${rollout.rolloutId} has a gate: say what hosts reported.`,
    );
  }
  const faults = [
    ...(evidence.measuredFrom < rollout.bakesFrom ||
    evidence.measuredTo > now + EVIDENCE_AHEAD_MICROS_MAX
      ? ['it was not measured in this stage']
      : []),
    ...missingForGate(gate, evidence),
    ...brokenBounds(gate, evidence),
  ];
  if (faults.length === 0) return null;
  return refuse('ROLLOUT_GATE', '/evidence', `The gate does not hold: ${faults.join('; ')}.`);
}

export function pausedFault({ rolloutId }: RolloutState): Decision {
  return refuse('ROLLOUT_PAUSED', '/rolloutId', `${rolloutId} is paused: resume it first.`);
}

/** That what was measured is of a form that may be kept for ever. */
export function evidenceFault(evidence: RolloutEvidence | null): Decision | null {
  if (evidence === null) return null;
  const { broken, stage, others } = evidence;
  if (broken.length > EVIDENCE_BROKEN_MAX || broken.some((text) => text.length > TEXT_LENGTH_MAX)) {
    const message = `At most ${EVIDENCE_BROKEN_MAX} bounds are told, in ${TEXT_LENGTH_MAX} characters each.`;
    return refuse('TOO_LARGE', '/evidence/broken', message);
  }
  const isCount = ({ hosts, decisions, refused, requests, errors }: typeof stage): boolean =>
    hosts >= 0 &&
    hosts <= ROLLOUT_GATE_HOSTS_MAX &&
    [decisions, refused, requests, errors].every((count) => count >= 0n);
  if (isCount(stage) && isCount(others)) return null;
  return refuse('ROLLOUT_INVALID', '/evidence', 'A count is negative or beyond its bound.');
}
