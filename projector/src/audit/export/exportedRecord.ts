import {
  canonicalBytes,
  fullNameOf,
  longToJson,
  sha256,
  timeToJson,
  toJson,
  UnreadableRecord,
} from '@prorata/schemas';
import type { Codec, CommandOutcome, EventMessage, Message } from '@prorata/schemas';
import { causeOf } from '../../rows/cause.ts';
import { actorJson } from '../../rows/jsonForms.ts';
import type { ActorJson } from '../../rows/jsonForms.ts';
import type { AuditedTopic, RawRecord } from '../auditSource.ts';

/** What a record is: an event, or the answer to a command. `unreadable`: nobody can tell. */
export type EntryKind = 'event' | 'refusal' | 'acceptance' | 'unreadable';

/** A record of the log in words, as `GET /v1/audit` tells it; whole numbers above 2^53-1 are text. */
export interface Entry {
  readonly kind: EntryKind;
  readonly topic: AuditedTopic;
  readonly partition: number;
  readonly offset: number | string;
  /** Of a record that cannot be read: its key. */
  readonly stream: string;
  readonly streamVersion: number | string | null;
  readonly eventId: string | null;
  /** The event's type, or the command's that was answered. */
  readonly type: string | null;
  readonly quotaId: string | null;
  readonly quotaVersion: number | string | null;
  readonly commandId: string | null;
  readonly commandOffset: number | string | null;
  readonly cause: 'command' | 'timer' | null;
  readonly timer: string | null;
  readonly actor: ActorJson | null;
  readonly reason: string | null;
  readonly code: string | null;
  readonly decidedAt: string | null;
  /** Of an event: SHA-256 of its canonical form, lower-case hex. */
  readonly hash: string | null;
  readonly previousHash: string | null;
  readonly body: unknown;
  /** Why it cannot be read. */
  readonly problem: string | null;
}

export interface ExportedRecord {
  readonly entry: Entry;
  /** Microseconds; null: it cannot be read. */
  readonly decidedAt: bigint | null;
  /** The canonical form, whose SHA-256 is `hash`; null: it cannot be read. */
  readonly canonical: string | null;
}

/** What stands in a record. @throws the registry's error when it does not answer */
export async function exportedRecord(codec: Codec, raw: RawRecord): Promise<ExportedRecord> {
  try {
    const message = await codec.decode(raw.value);
    const written = await codec.asWritten(raw.value);
    const canonical = canonicalBytes(written.schema, written.value);
    const entry = entryOf(raw, message, sha256(canonical).toString('hex'));
    if (entry === null) return unreadable(raw, `A ${message.type} stands where none belongs.`);
    return {
      entry,
      decidedAt: decisionTimeOf(message as EventMessage | OutcomeMessage),
      canonical: canonical.toString('utf8'),
    };
  } catch (error) {
    if (!(error instanceof UnreadableRecord)) throw error;
    return unreadable(raw, error.message);
  }
}

type OutcomeMessage = Extract<Message, { readonly type: 'CommandOutcome' }>;

function decisionTimeOf(message: EventMessage | OutcomeMessage): bigint {
  return message.type === 'CommandOutcome'
    ? message.value.decidedAt
    : message.value.envelope.decidedAt;
}

/** null: it is of a type that does not belong into its topic. */
function entryOf(raw: RawRecord, message: Message, hash: string): Entry | null {
  if (raw.topic === 'quota.outcomes') {
    return message.type === 'CommandOutcome' ? ofOutcome(raw, message.value) : null;
  }
  return isEvent(message) ? ofEvent(raw, message, hash) : null;
}

function isEvent(message: Message): message is EventMessage {
  return fullNameOf[message.type].startsWith('io.prorata.event.');
}

const placeOf = ({ topic, partition, offset }: RawRecord) => ({
  topic,
  partition,
  offset: longToJson(offset),
});

const longOrNull = (value: bigint | null) => (value === null ? null : longToJson(value));

function ofEvent(raw: RawRecord, { type, value }: EventMessage, hash: string): Entry {
  const { envelope } = value;
  const json = toJson(fullNameOf[type], value) as Readonly<Record<string, unknown>>;
  return {
    kind: 'event',
    ...placeOf(raw),
    stream: envelope.stream,
    streamVersion: longToJson(envelope.streamVersion),
    eventId: envelope.eventId,
    type,
    quotaId: envelope.quotaId,
    quotaVersion: longOrNull(envelope.quotaVersion),
    commandId: envelope.commandId,
    commandOffset: longOrNull(envelope.commandOffset),
    cause: causeOf(envelope.timer),
    timer: envelope.timer,
    actor: actorJson(envelope.actor),
    reason: envelope.reason,
    code: null,
    decidedAt: timeToJson(envelope.decidedAt),
    hash,
    previousHash: Buffer.from(envelope.previousHash).toString('hex'),
    body: Object.fromEntries(Object.entries(json).filter(([name]) => name !== 'envelope')),
    problem: null,
  };
}

function ofOutcome(raw: RawRecord, outcome: CommandOutcome): Entry {
  return {
    kind: outcome.status === 'refused' ? 'refusal' : 'acceptance',
    ...placeOf(raw),
    stream: outcome.stream,
    streamVersion: longToJson(outcome.streamVersion),
    eventId: null,
    type: outcome.commandType,
    quotaId: outcome.quotaId,
    quotaVersion: longOrNull(outcome.quotaVersion),
    commandId: outcome.commandId,
    commandOffset: longToJson(outcome.commandOffset),
    cause: 'command',
    timer: null,
    actor: outcome.actor === null ? null : actorJson(outcome.actor),
    reason: outcome.reason,
    code: outcome.code,
    decidedAt: timeToJson(outcome.decidedAt),
    hash: null,
    previousHash: null,
    body: toJson(fullNameOf.CommandOutcome, outcome),
    problem: null,
  };
}

function unreadable(raw: RawRecord, problem: string): ExportedRecord {
  const nothing = {
    ...{ streamVersion: null, eventId: null, type: null, quotaId: null, quotaVersion: null },
    ...{ commandId: null, commandOffset: null, cause: null, timer: null, actor: null },
    ...{ reason: null, code: null, decidedAt: null, hash: null, previousHash: null, body: null },
  };
  const stream = raw.key?.toString('utf8') ?? '';
  return {
    entry: { kind: 'unreadable', ...placeOf(raw), stream, ...nothing, problem },
    decidedAt: null,
    canonical: null,
  };
}
