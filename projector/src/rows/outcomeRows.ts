import { isDecided, isQuotaId } from '@prorata/quota-model';
import { fullNameOf, timeToJson, toJson } from '@prorata/schemas';
import type { CommandOutcome } from '@prorata/schemas';
import type { Row } from '../database/tables.ts';
import { indexedText } from './indexedText.ts';

/** An outcome with its place in the log. */
export interface PlacedOutcome {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly outcome: CommandOutcome;
}

/** A refused command may name anything: only an id that a quota can have is one. The body keeps it. */
function quotaIdOf({ quotaId }: CommandOutcome): string | null {
  return quotaId !== null && isQuotaId(quotaId) ? quotaId : null;
}

/** The audit row of a refused command; the body has every text whole. */
export function refusalRow({ topic, partition, offset, outcome }: PlacedOutcome): Row {
  return {
    topic,
    partition,
    log_offset: offset,
    kind: 'refusal',
    stream: indexedText(outcome.stream),
    stream_version: outcome.streamVersion,
    event_id: null,
    type: indexedText(outcome.commandType),
    quota_id: quotaIdOf(outcome),
    quota_version: outcome.quotaVersion,
    command_id: outcome.commandId,
    command_offset: outcome.commandOffset,
    timer: null,
    actor_kind: outcome.actor?.kind ?? null,
    actor_issuer: outcome.actor?.issuer ?? null,
    actor_subject: outcome.actor === null ? null : indexedText(outcome.actor.subject),
    reason: outcome.reason,
    code: indexedText(outcome.code),
    decided_at: timeToJson(outcome.decidedAt),
    hash: null,
    previous_hash: null,
    body: toJson(fullNameOf.CommandOutcome, outcome),
  };
}

/** The row of a command's outcome; null when nobody could ask for it by id and principal. */
export function commandRow({ partition, outcome }: PlacedOutcome): Row | null {
  if (outcome.actor === null || outcome.commandId === '') return null;
  // Its stream belongs to another partition, whose order alone may decide what the row says.
  if (outcome.code === 'COMMAND_MISROUTED') return null;
  return {
    command_id: indexedText(outcome.commandId),
    stream: indexedText(outcome.stream),
    actor_kind: outcome.actor.kind,
    actor_issuer: indexedText(outcome.actor.issuer),
    actor_subject: indexedText(outcome.actor.subject),
    command_type: outcome.commandType,
    command_offset: outcome.commandOffset,
    partition,
    status: outcome.status,
    code: outcome.code,
    message: outcome.message,
    violations: outcome.violations,
    dry_run: outcome.dryRun,
    stream_version: outcome.streamVersion,
    quota_id: quotaIdOf(outcome),
    quota_version: outcome.quotaVersion,
    event_ids: outcome.eventIds,
    result: outcome.result,
    decided_at: timeToJson(outcome.decidedAt),
  };
}

/** Whether the outcome is the command's own decision, not a repetition and not a turning away. */
export function isDecision(outcome: CommandOutcome): boolean {
  return outcome.firstOffset === null && isDecided(outcome);
}
