import { applicationOf, bakedAt } from '@prorata/quota-model';
import type { RolloutState } from '@prorata/quota-model';
import { timeToJson, toJson } from '@prorata/schemas';
import type { EventEnvelope, EventMessage, RolloutEvidence } from '@prorata/schemas';
import type { Row } from '../database/tables.ts';
import { actorJson } from './jsonForms.ts';

export type RolloutStatus = 'on' | 'paused' | 'promoted' | 'rolled_back';

/** How a rollout ended. */
export interface RolloutEnding {
  readonly status: 'promoted' | 'rolled_back';
  readonly cause: string;
  readonly evidence: RolloutEvidence | null;
}

/** @param rollout as the event left it, or, where it ended, as it was before */
export function rolloutRow(
  rollout: RolloutState,
  ending: RolloutEnding | null,
  last: EventEnvelope,
): Row {
  const { provenance } = rollout;
  return {
    rollout_id: rollout.rolloutId,
    application: applicationOf(rollout.place),
    quota_id: rollout.place,
    quotas: [...rollout.candidates.keys()],
    status: statusOf(rollout, ending),
    stage: rollout.stage,
    stages: rollout.stages.map((stage) => toJson('io.prorata.type.RolloutStage', stage)),
    entered: rollout.entered.map(({ stage, at, cause, evidence }) => ({
      stage,
      at: timeToJson(at),
      cause,
      evidence: evidenceOf(evidence),
    })),
    gate: rollout.gate === null ? null : toJson('io.prorata.type.RolloutGate', rollout.gate),
    steps: rollout.steps.map((step) => toJson('io.prorata.type.TreeStep', step)),
    baked_at: timeToJson(bakedAt(rollout)),
    started_at: timeToJson(provenance.at),
    started_by: actorJson(provenance.actor),
    reason: provenance.reason,
    command_id: provenance.commandId,
    ending: ending === null ? null : { cause: ending.cause, evidence: evidenceOf(ending.evidence) },
    changed_at: timeToJson(last.decidedAt),
    changed_by: actorJson(last.actor),
    changed_reason: last.reason,
    stream_version: last.streamVersion,
  };
}

/** The ending that an event says; null: it ends no rollout. */
export function endingBy(event: EventMessage): RolloutEnding | null {
  if (event.type !== 'RolloutPromoted' && event.type !== 'RolloutRolledBack') return null;
  const { cause, evidence } = event.value;
  const status = event.type === 'RolloutPromoted' ? 'promoted' : 'rolled_back';
  return { status, cause, evidence };
}

function statusOf({ isPaused }: RolloutState, ending: RolloutEnding | null): RolloutStatus {
  return ending?.status ?? (isPaused ? 'paused' : 'on');
}

function evidenceOf(evidence: RolloutEvidence | null): unknown {
  return evidence === null ? null : toJson('io.prorata.type.RolloutEvidence', evidence);
}
