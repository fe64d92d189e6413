import { fullNameOf, timeToJson, toJson } from '@prorata/schemas';
import type { EventMessage } from '@prorata/schemas';
import type { Row } from '../database/tables.ts';
import { indexedText, isLong } from './indexedText.ts';
import { actorJson } from './jsonForms.ts';

/** An event with its place in the log. */
export interface PlacedEvent {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly event: EventMessage;
  /** SHA-256 of its canonical bytes, hex. */
  readonly hash: string;
}

/** The audit row of an event: its envelope in columns, its own fields as the body, and its actor where the column has not all. */
export function eventRow({ topic, partition, offset, event, hash }: PlacedEvent): Row {
  const { envelope } = event.value;
  return {
    topic,
    partition,
    log_offset: offset,
    kind: 'event',
    stream: indexedText(envelope.stream),
    stream_version: envelope.streamVersion,
    event_id: envelope.eventId,
    type: event.type,
    quota_id: envelope.quotaId === null ? null : indexedText(envelope.quotaId),
    quota_version: envelope.quotaVersion,
    command_id: envelope.commandId,
    command_offset: envelope.commandOffset,
    timer: envelope.timer,
    actor_kind: envelope.actor.kind,
    actor_issuer: envelope.actor.issuer,
    actor_subject: indexedText(envelope.actor.subject),
    reason: envelope.reason,
    code: null,
    decided_at: timeToJson(envelope.decidedAt),
    hash,
    previous_hash: Buffer.from(envelope.previousHash).toString('hex'),
    body: bodyOf(event),
  };
}

function bodyOf(event: EventMessage): object {
  const json = toJson(fullNameOf[event.type], event.value) as Readonly<Record<string, unknown>>;
  const own = Object.fromEntries(Object.entries(json).filter(([name]) => name !== 'envelope'));
  const { actor } = event.value.envelope;
  return isLong(actor.subject) ? { ...own, actor: actorJson(actor) } : own;
}
