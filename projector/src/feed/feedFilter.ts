import { isWithin } from '@prorata/quota-model';
import { reaches } from '@prorata/service-runtime';
import type { Reach } from '@prorata/service-runtime';
import type { FeedEvent } from './feedEvent.ts';

/** What a client wants to hear of; null: whatever there is. */
export interface FeedFilter {
  readonly reach: Reach;
  readonly application: string | null;
  /** A quota, or an application: all below it, and what above it reaches it. */
  readonly within: string | null;
  readonly owner: string | null;
  readonly project: string | null;
  readonly types: ReadonlySet<string> | null;
}

/** Events about a quota that leave what is in force below it as it is. */
const ofOneQuota: ReadonlySet<string> = new Set([
  'ChangeProposed',
  'ProposalApproved',
  'ProposalExpired',
  'ProposalOpened',
  'ProposalRejected',
  'ProposalWithdrawn',
  'QuotaCreated',
  'QuotaDeleted',
]);

/** The quotas that the client is told the event is about; null: it is not for the client. */
export interface Told {
  readonly quotaId: string | null;
  readonly movedTo: string | null;
}

/** Whether and how the event is told, owner and payer of its quota apart. */
export function toldOf(event: FeedEvent, filter: FeedFilter): Told | null {
  const { application, quotaId, movedTo } = event;
  if (application === null) return null;
  if (filter.application !== null && filter.application !== application) return null;
  if (filter.types !== null && !filter.types.has(event.type)) return null;
  if (quotaId === null) return toldOfApplication(event, application, filter);
  // Of a move out of what the client may see, or into it, it hears of the part that it may see.
  const seen = [quotaId, movedTo].map((id) =>
    id !== null && reaches(filter.reach, id) ? id : null,
  );
  const [from = null, to = null] = seen;
  if (![from, to].some((id) => id !== null && concerns(id, event.type, filter.within))) return null;
  return { quotaId: from ?? to, movedTo: from === null ? null : to };
}

function concerns(quotaId: string, type: string, within: string | null): boolean {
  if (within === null || isWithin(quotaId, within)) return true;
  return isWithin(within, quotaId) && !ofOneQuota.has(type);
}

/** About the application itself, or about what a project may hold of it. */
function toldOfApplication(
  event: FeedEvent,
  application: string,
  { reach, within, owner, project }: FeedFilter,
): Told | null {
  if (!reaches(reach, application) || owner !== null) return null;
  if (within !== null && within !== application) return null;
  if (project !== null && project !== event.project) return null;
  return { quotaId: null, movedTo: null };
}

/** Whether somebody must look up whose the quota is. */
export function asksBelongings({ owner, project }: FeedFilter, { quotaId }: FeedEvent): boolean {
  return quotaId !== null && (owner !== null || project !== null);
}

export function belongs({ belongings }: FeedEvent, { owner, project }: FeedFilter): boolean {
  if (owner !== null && belongings?.owners.has(owner) !== true) return false;
  return project === null || belongings?.projects.has(project) === true;
}
