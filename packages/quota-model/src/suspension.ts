/** Suspensions: everything that the application declares is blocked, whenever it was declared. */
import type { ResourceLimit } from '@prorata/schemas';
import { byCodeUnit } from './ids.ts';
import type { OrderedIds } from './indexes/orderedIds.ts';
import { blockedKey } from './indexes/quotaIndexes.ts';
import type { ApplicationState, Registration } from './model.ts';
import { reachesQuotas } from './registrationMeaning.ts';
import { putQuota } from './sums/treeSums.ts';

/** What a suspension's override says under a registration. */
export function allBlocked({ resources }: Pick<Registration, 'resources'>): ResourceLimit[] {
  const limits = [...resources.values()].map(({ name, kind }) => ({
    resource: name,
    kind,
    bound: 'blocked' as const,
    amount: 0n,
    perMicros: null,
    burst: null,
    guaranteed: null,
    window: null,
    zone: null,
  }));
  return limits.sort((a, b) => byCodeUnit(a.resource, b.resource));
}

/** The quotas whose suspension blocks something else than one under the registration would, by what it blocks. */
export function suspendedElse(
  { suspended }: ApplicationState,
  now: Pick<Registration, 'resources'>,
): readonly OrderedIds[] {
  const key = blockedKey(allBlocked(now));
  return [...suspended].flatMap(([blocked, ids]) => (blocked === key ? [] : [ids]));
}

type Blocking = Pick<Registration, 'meaningVersion' | 'resources'>;

/** Whether a live suspension blocks something else once the registration follows the former one. */
export function isBlockedElse(former: Blocking, now: Blocking): boolean {
  if (!reachesQuotas(now)) return false;
  if (!reachesQuotas(former)) return true;
  if (former.resources.size !== now.resources.size) return true;
  return [...now.resources].some(([name, { kind }]) => former.resources.get(name)?.kind !== kind);
}

/**
 * Lets the live suspensions reach what the state's registration declares now. They keep author, reason and
 * end: nobody suspended anew. O(quotas whose suspension blocks something else then).
 */
export function extendSuspensions(state: ApplicationState, former: Registration): void {
  if (!isBlockedElse(former, state.registration)) return;
  const limits = allBlocked(state.registration);
  for (const quotaId of suspendedElse(state, state.registration).flatMap((ids) => [...ids])) {
    const quota = state.quotas.get(quotaId);
    if (quota?.override?.suspension !== true) continue;
    putQuota(state, quota, { ...quota, override: { ...quota.override, limits } });
  }
}
