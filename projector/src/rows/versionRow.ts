import { applicationOf, contentHash } from '@prorata/quota-model';
import type { QuotaState } from '@prorata/quota-model';
import { timeToJson, toJson } from '@prorata/schemas';
import type { EventMessage } from '@prorata/schemas';
import type { Row } from '../database/tables.ts';
import { actorJson } from './jsonForms.ts';

/**
 * The row of an event that gave the quota other content; null: it did not, though it may say its content anew.
 *
 * @param quota as the event left it
 */
export function versionRow(event: EventMessage, quota: QuotaState): Row | null {
  const hash = hashIn(event);
  if (hash === undefined) return null;
  const { envelope } = event.value;
  if (!isOther(event, quota)) return null;
  return {
    application: applicationOf(quota.quotaId),
    stream_version: envelope.streamVersion,
    quota_id: quota.quotaId,
    version: envelope.quotaVersion,
    ended: null,
    type: event.type,
    from_version: event.type === 'QuotaRestored' ? event.value.fromVersion : null,
    content: toJson('io.prorata.type.QuotaContent', quota.content),
    content_hash: hash ?? contentHash(quota.content),
    event_id: envelope.eventId,
    actor: actorJson(envelope.actor),
    reason: envelope.reason,
    command_id: envelope.commandId,
    decided_at: timeToJson(envelope.decidedAt),
  };
}

/** Whoever declares another content is from then on who declared it; a transfer is no declaration. */
function isOther({ type, value }: EventMessage, { declared }: QuotaState): boolean {
  return type === 'QuotaTransferred' || declared.streamVersion === value.envelope.streamVersion;
}

/** null: the event carries none; undefined: it leaves the content as it is. */
function hashIn(event: EventMessage): string | null | undefined {
  switch (event.type) {
    case 'QuotaCreated':
    case 'QuotaChanged':
    case 'QuotaRestored':
      return event.value.contentHash;
    case 'QuotaTransferred':
      return null;
    default:
      return undefined;
  }
}
