/** What every quota declared, version by version, read from events alone: what the model keeps is compared with it. */
import type { EventMessage, QuotaContent } from '@prorata/schemas';
import { isWithin, movedId } from '../ids.ts';

export interface PastContent {
  /** The first version of the quota with this content. */
  readonly since: bigint;
  readonly content: QuotaContent;
}

/** By the ids of now, of the quotas that there are: the oldest content first, the present one last. */
export function contentsByQuota(
  events: readonly EventMessage[],
): ReadonlyMap<string, readonly PastContent[]> {
  let past = new Map<string, readonly PastContent[]>();
  for (const event of events) {
    const { quotaId, quotaVersion } = event.value.envelope;
    if (quotaId === null || quotaVersion === null) continue;
    const before = past.get(quotaId) ?? [];
    const content = contentOf(event, before.at(-1)?.content);
    if (content !== null) past.set(quotaId, [...before, { since: quotaVersion, content }]);
    if (event.type === 'QuotaDeleted') past.delete(quotaId);
    if (event.type === 'QuotaMoved') past = moved(past, quotaId, event.value.toQuotaId);
  }
  return past;
}

/** null: the event leaves it as it is. */
function contentOf(event: EventMessage, before: QuotaContent | undefined): QuotaContent | null {
  switch (event.type) {
    case 'QuotaCreated':
    case 'QuotaChanged':
    case 'QuotaRestored':
      return event.value.content;
    case 'QuotaTransferred': {
      const { owner, project } = event.value;
      return before === undefined ? null : { ...before, owner, project };
    }
    default:
      return null;
  }
}

function moved<T>(past: ReadonlyMap<string, T>, from: string, to: string): Map<string, T> {
  return new Map(
    [...past].map(([id, contents]) => {
      return [isWithin(id, from) ? movedId(id, from, to) : id, contents];
    }),
  );
}
