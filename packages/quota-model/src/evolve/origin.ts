import type { EventMessage } from '@prorata/schemas';
import { BrokenStream } from '../faults.ts';
import { parseStream } from '../ids.ts';
import type { StreamKind } from '../ids.ts';
import type { Provenance } from '../model.ts';
import { sharedActor, sharedApproved, sharedText } from '../sharing.ts';

export type EventOf<T extends EventMessage['type']> = Extract<EventMessage, { type: T }>;

/** What a layer can show of where it comes from. */
export function provenanceOf(event: EventMessage): Provenance {
  const { actor, reason, commandId, decidedAt, streamVersion, approved } = event.value.envelope;
  return {
    actor: sharedActor(actor),
    reason: sharedText(reason),
    commandId,
    at: decidedAt,
    streamVersion,
    approved: approved === null ? null : sharedApproved(approved),
  };
}

/** The id that the event's stream names. */
export function streamIdOf(event: EventMessage, kind: StreamKind): string {
  const parsed = parseStream(event.value.envelope.stream);
  if (parsed?.kind !== kind) throw new BrokenStream(event, `it belongs to a stream of ${kind}`);
  return parsed.id;
}

/** @throws BrokenStream when the version is not the next one. */
export function follows(event: EventMessage, version: bigint, former: bigint | undefined): void {
  if (version !== (former ?? 0n) + 1n) throw new BrokenStream(event, 'it skips a version');
}
