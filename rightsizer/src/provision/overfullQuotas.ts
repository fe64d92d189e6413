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
 * Which quotas no longer fit into what their project is entitled to, in their order, as far as it takes.
 * @param over base units too many; null: quotas hold unlimited amounts
 */
export function overfullQuotas(
  holders: readonly QuotaState[],
  resource: string,
  over: bigint | null,
): OverfullQuota[] {
  const found: OverfullQuota[] = [];
  let left = over ?? 0n;
  for (const quota of holders) {
    const { quotaId } = quota;
    const { tier, cutPriority } = quota.content;
    const holds = holdsOf(quota, resource);
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

/** A project's top-most quotas by the resources that they declare, those first that a cut would take first. */
export type Holders = ReadonlyMap<string, readonly QuotaState[]>;

/** One pass over what the project pays for, whatever the number of resources that are asked about. */
export function holdersIn(state: ApplicationState, project: string): Holders {
  const paid = new Set(state.paid.get(project));
  const holders = new Map<string, QuotaState[]>();
  for (const quotaId of paid) {
    const quota = state.quotas.get(quotaId);
    for (const { resource } of quota?.content.limits ?? []) {
      if (quota === undefined || isBelowAnother(state, paid, quotaId, resource)) continue;
      const known = holders.get(resource);
      if (known === undefined) holders.set(resource, [quota]);
      else known.push(quota);
    }
  }
  for (const quotas of holders.values()) quotas.sort(cutFirst);
  return holders;
}

/** What stands below a quota of the project that declares the resource counts within it. */
function isBelowAnother(
  state: ApplicationState,
  paid: ReadonlySet<string>,
  quotaId: string,
  resource: string,
): boolean {
  for (let id = parentOf(quotaId); id !== '' && id !== state.id; id = parentOf(id)) {
    const above = paid.has(id) ? state.quotas.get(id) : undefined;
    if (above !== undefined && declaredLimit(above, resource) !== null) return true;
  }
  return false;
}

function cutFirst(a: QuotaState, b: QuotaState): number {
  return (
    b.content.tier - a.content.tier ||
    b.content.cutPriority - a.content.cutPriority ||
    (a.quotaId < b.quotaId ? -1 : 1)
  );
}
