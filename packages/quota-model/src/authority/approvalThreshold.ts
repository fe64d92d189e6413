/** What waits for a second person: raises and creations above what the application lets one person do alone. */
import type { ResourceLimit } from '@prorata/schemas';
import { declaredLimit } from '../layers.ts';
import type { DeclaredTerms } from '../layers.ts';
import { WHOLE_BASIS_POINTS, burstOf, guaranteeOf } from '../limits.ts';
import type { TreeChange } from '../decide/treeDraft.ts';
import type { ApplicationState, QuotaState } from '../model.ts';
import { setterAbove } from '../validate/setters.ts';
import { sameWindow } from '../windowForm.ts';
import { inheritedAt } from './raises.ts';

/**
 * The resources that are raised by more than the application's threshold, of the limit as it is declared
 * now. What has no number to be a part of (unlimited, an unset that leaves nothing, a first guarantee,
 * another window) is above every threshold.
 *
 * @param state as it would be after the change; it says what an unset limit inherits
 */
export function resourcesAboveThreshold(
  state: ApplicationState,
  quotaId: string,
  before: DeclaredTerms,
  after: DeclaredTerms,
): string[] {
  const most = state.registration.changePolicy.raiseApprovalAboveBasisPoints;
  if (most === null) return [];
  const resources = [before, after].flatMap(({ content }) =>
    content.limits.map(({ resource }) => resource),
  );
  return [...new Set(resources)].filter((resource) => {
    const from = declaredLimit(before, resource);
    const to = declaredLimit(after, resource) ?? inheritedAt(state, quotaId, resource);
    return isAbove(from, to, BigInt(most));
  });
}

/**
 * The resources of which a new quota gets more than the application lets one person give it alone: as part
 * of the nearest limit above, which was there before the command, or of the application's total. Where
 * neither has a number, whatever is not blocked is more. So a raise that is sent as a deletion and then a
 * creation gets no further than any creation may.
 */
export function resourcesOfLargeCreation(
  { before, after }: TreeChange,
  quota: QuotaState,
): string[] {
  const { changePolicy, resources } = after.registration;
  const most = changePolicy.creationApprovalAboveBasisPoints;
  if (most === null) return [];
  return quota.content.limits.flatMap((limit) => {
    if (limit.bound === 'blocked') return [];
    const above = setterAbove(after, quota.quotaId, limit.resource);
    // What is new itself has been measured by what it is created in.
    if (above !== null && !before.quotas.has(above.quotaId)) return [];
    const total = resources.get(limit.resource)?.total ?? null;
    const whole =
      above?.limit ??
      (total === null
        ? null
        : { bound: 'amount', amount: total, perMicros: null, guaranteed: total });
    return whole === null || isLargePart(limit, whole, BigInt(most)) ? [limit.resource] : [];
  });
}

function isLargePart(
  limit: ResourceLimit,
  whole: Pick<ResourceLimit, 'bound' | 'amount' | 'perMicros' | 'guaranteed'>,
  most: bigint,
): boolean {
  if (limit.bound !== 'amount' || whole.bound !== 'amount') return true;
  const [left, right] = [whole.perMicros ?? 1n, limit.perMicros ?? 1n];
  if (isPartAbove(limit.amount * left, whole.amount * right, most)) return true;
  return isPartAbove(guaranteeOf(limit), whole.guaranteed ?? 0n, most);
}

function isPartAbove(part: bigint, whole: bigint, mostBasisPoints: bigint): boolean {
  return part * BigInt(WHOLE_BASIS_POINTS) > whole * mostBasisPoints;
}

/** null: no limit at all. */
function isAbove(from: ResourceLimit | null, to: ResourceLimit | null, most: bigint): boolean {
  const guaranteed = to === null ? 0n : guaranteeOf(to);
  if (isMoreThan(from === null ? 0n : guaranteeOf(from), guaranteed, most)) return true;
  if (from === null || from.bound === 'unlimited') return false;
  if (to === null || to.bound === 'unlimited') return true;
  if (to.bound === 'blocked') return false;
  if (from.bound === 'blocked' || !sameWindow(from.window, to.window)) return true;
  const [left, right] = [to.perMicros ?? 1n, from.perMicros ?? 1n];
  if (isMoreThan(from.amount * left, to.amount * right, most)) return true;
  return from.kind === 'rate' && isMoreThan(burstOf(from) ?? 0n, burstOf(to) ?? 0n, most);
}

function isMoreThan(from: bigint, to: bigint, mostBasisPoints: bigint): boolean {
  return (to - from) * BigInt(WHOLE_BASIS_POINTS) > from * mostBasisPoints;
}
