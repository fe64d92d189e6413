import { hashOf } from '@prorata/schemas';
import type {
  Actor,
  ApprovedProposal,
  Attestation,
  EventEnvelope,
  EventMessage,
  Waiver,
} from '@prorata/schemas';
import type { EventDraft } from '@prorata/quota-model';
import { eventIdOf } from './eventId.ts';

/** What the first event of a stream names as the hash of its predecessor. */
const NO_PREDECESSOR = Buffer.alloc(32);

export interface CommandCause {
  readonly kind: 'command';
  readonly commandId: string;
  readonly commandOffset: bigint;
  readonly actor: Actor;
  readonly reason: string;
  readonly waivers: readonly Waiver[];
  readonly attestations: readonly Attestation[];
  readonly approved: ApprovedProposal | null;
}

/** Why an event happens: the command it answers, or the timer. */
export type Cause =
  | CommandCause
  | {
      readonly kind: 'timer';
      readonly timer: string;
      readonly actor: Actor;
      readonly reason: string;
    };

export interface Predecessor {
  readonly version: bigint;
  readonly hash: Buffer;
}

export interface StampedEvent {
  readonly message: EventMessage;
  readonly hash: Buffer;
}

/** In place of hashes where only the size of what would be written is asked for: they cost most of the stamping. */
export const unhashed = (): Buffer => NO_PREDECESSOR;

/** Gives drafts their envelopes: each names its place in the stream and the hash of the event before. */
export function stampEvents(
  stream: string,
  drafts: readonly EventDraft[],
  cause: Cause,
  decidedAt: bigint,
  predecessor: Predecessor | null,
  hash: (message: EventMessage) => Buffer = hashOf,
): StampedEvent[] {
  let version = predecessor?.version ?? 0n;
  let previousHash = predecessor?.hash ?? NO_PREDECESSOR;
  return drafts.map((draft) => {
    version += 1n;
    const envelope: EventEnvelope = {
      eventId: eventIdOf(stream, version),
      stream,
      streamVersion: version,
      quotaId: draft.quotaId,
      quotaVersion: draft.quotaVersion,
      cause: cause.kind,
      commandId: cause.kind === 'command' ? cause.commandId : null,
      commandOffset: cause.kind === 'command' ? cause.commandOffset : null,
      timer: cause.kind === 'timer' ? cause.timer : null,
      actor: cause.actor,
      decidedAt,
      reason: cause.reason,
      previousHash,
      waivers: cause.kind === 'command' ? cause.waivers : [],
      attestations: cause.kind === 'command' ? cause.attestations : [],
      approved: cause.kind === 'command' ? cause.approved : null,
    };
    const message = { type: draft.type, value: { envelope, ...draft.data } } as EventMessage;
    previousHash = hash(message);
    return { message, hash: previousHash };
  });
}
