import { declaredLimit, parentOf, sumOf, wholeMicros } from '@prorata/quota-model';
import type { ApplicationState, QuotaState } from '@prorata/quota-model';

/** A quota that would have to hold less, or go. */
export interface OverfullQuota {
  readonly quotaId: string;
  readonly tier: number;
  readonly cutPriority: number;
  /** Base units (a rate: per second, rounded up); null: unlimited. */
  readonly holds: bigint | null;
  /** What of it no longer fits; null: all beyond what is there. */
  readonly over: bigint | null;
}

/** Quotas that are named; the rest is counted. */
export const OVERFULL_MAX = 100;
const MICROS = 1_000_000n;

/**
 * Which of a project's top-most quotas no longer fit into what it is entitled to: those first that a cut would
 * take first, by tier and cut priority, as far as it takes.
 * @param over base units too many; null: quotas hold unlimited amounts
 */
export function overfullQuotas(
  state: ApplicationState,
  project: string,
  resource: string,
  over: bigint | null,
): OverfullQuota[] {
  const holding = topMost(state, project, resource).sort(cutFirst);
  const found: OverfullQuota[] = [];
  let left = over ?? 0n;
  for (const { quotaId, content } of holding) {
    const { tier, cutPriority } = content;
    const quota = state.quotas.get(quotaId);
    const holds = quota === undefined ? 0n : holdsOf(quota, resource);
    if (holds === 0n) continue;
    if (holds === null) found.push({ quotaId, tier, cutPriority, holds, over: null });
    else if (left > 0n) {
      const part = holds < left ? holds : left;
      left -= part;
      found.push({ quotaId, tier, cutPriority, holds, over: part });
    }
  }
  return found;
}

/** What the project holds, rounded up; null: unlimited. */
export function heldUnits(
  state: ApplicationState,
  project: string,
  resource: string,
): bigint | null {
  const held = state.held.get(`${project} ${resource}`);
  return held === undefined ? 0n : roundedUp(wholeMicros(held));
}

function holdsOf(quota: QuotaState, resource: string): bigint | null {
  const limit = declaredLimit(quota, resource);
  return limit === null ? 0n : roundedUp(wholeMicros(sumOf(limit)));
}

function roundedUp(micros: bigint | null): bigint | null {
  return micros === null ? null : (micros + MICROS - 1n) / MICROS;
}

/** Those that declare the resource, and stand below none of the project that does. */
function topMost(state: ApplicationState, project: string, resource: string): QuotaState[] {
  const paid = new Set(state.paid.get(project));
  const declares = (id: string): boolean => {
    const quota = state.quotas.get(id);
    return quota !== undefined && declaredLimit(quota, resource) !== null;
  };
  const isBelowAnother = (quotaId: string): boolean => {
    for (let id = parentOf(quotaId); id !== '' && id !== state.id; id = parentOf(id)) {
      if (paid.has(id) && declares(id)) return true;
    }
    return false;
  };
  return [...paid]
    .filter((id) => declares(id) && !isBelowAnother(id))
    .flatMap((id) => state.quotas.get(id) ?? []);
}

function cutFirst(a: QuotaState, b: QuotaState): number {
  return (
    b.content.tier - a.content.tier ||
    b.content.cutPriority - a.content.cutPriority ||
    (a.quotaId < b.quotaId ? -1 : 1)
  );
}
