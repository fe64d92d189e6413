/** What waits for a second person: raises and creations above what the application lets one person do alone. */
import type { ResourceLimit } from '@prorata/schemas';
import type { ChangedQuota, TreeChange } from '../decide/treeDraft.ts';
import { heldLimit } from '../heldLimit.ts';
import { limitFor } from '../layers.ts';
import { WHOLE_BASIS_POINTS, burstOf, guaranteeOf } from '../limits.ts';
import type { ApplicationState, QuotaState } from '../model.ts';
import { setterAbove } from '../validate/setters.ts';
import type { Setter } from '../validate/setters.ts';
import { sameWindow } from '../windowForm.ts';
import { giverOf, isLooser } from './raises.ts';

/**
 * The resources that a change of one quota raises by more than the application's threshold, of what is held
 * along the path: so a move, an unset limit and a level above count like a limit of its own. The id
 * counts as well as the quota: what comes to an id is compared with what it takes the place of, by whatever
 * steps it got there. A mode that does not enforce holds nothing. What has no number to be a part of
 * (unlimited, a first guarantee, another window) is above every threshold.
 */
export function resourcesAboveThreshold(
  change: TreeChange,
  { before, after }: Pick<ChangedQuota, 'before' | 'after'>,
): string[] {
  const { changePolicy, resources } = change.after.registration;
  const most = changePolicy.raiseApprovalAboveBasisPoints;
  if (most === null || before === null) return [];
  const heirs = new Set([after, change.after.quotas.get(before.quotaId) ?? null]);
  return [...resources.keys()].filter((resource) => {
    const from = heldBy(change.before, before, resource);
    return [...heirs].some(
      (heir) => heir !== null && isAbove(from, heldBy(change.after, heir, resource), BigInt(most)),
    );
  });
}

/** Whether an override of these limits raises by more than one person may raise for good. */
export function isOverrideAboveThreshold(
  state: ApplicationState,
  quota: QuotaState,
  limits: readonly ResourceLimit[],
): boolean {
  const most = state.registration.changePolicy.raiseApprovalAboveBasisPoints;
  if (most === null) return false;
  return limits.some((limit) => {
    const from = heldBy(state, quota, limit.resource);
    return isAbove(from, { ...from, limit }, BigInt(most));
  });
}

interface Held {
  /** null: no limit at all. */
  readonly limit: ResourceLimit | null;
  readonly isEnforced: boolean;
}

function heldBy(state: ApplicationState, quota: QuotaState, resource: string): Held {
  const mode = quota.content.mode ?? state.registration.defaultMode;
  return { limit: heldLimit(state, quota, resource), isEnforced: mode === 'enforce' };
}

/**
 * The resources of which a quota gets a first limit of its own, at its creation or later, that is more than the
 * application lets one person give alone: as part of the nearest limit above, which was there before the
 * command, or of the application's total. Where neither has a number, whatever is not blocked is more. Of a quota
 * that was there already only what exceeds what it was held to counts, and what is handed out once: an own
 * bound within an inherited one tightens. So a raise that is sent as a deletion and then a creation gets no
 * further than any creation may, an empty one included, which holds what it inherits. What is created small and
 * then raised is for the threshold of raises: where that is null, one person may do both.
 *
 * @param formers what each quota of the change was before the command, by the id it has afterwards
 */
export function resourcesOfLargeCreation(
  { before: former, after: state }: TreeChange,
  { before, after }: Pick<ChangedQuota, 'before' | 'after'>,
  formers: ReadonlyMap<string, QuotaState | null>,
): string[] {
  const { changePolicy, resources } = state.registration;
  const most = changePolicy.creationApprovalAboveBasisPoints;
  if (most === null || after === null) return [];
  return after.content.limits.flatMap((limit) => {
    if (limit.bound === 'blocked' || declaresAlready(before, limit.resource)) return [];
    const isBoundMore =
      before === null || isSummedOut(state, after, limit) || isMoreThanHeld(former, before, limit);
    if (!isBoundMore && guaranteeOf(limit) === 0n) return [];
    const above = knownSetterAbove(state, after.quotaId, limit.resource, formers);
    const total = resources.get(limit.resource)?.total ?? null;
    const whole =
      above?.limit ??
      (total === null
        ? null
        : { bound: 'amount', amount: total, perMicros: null, guaranteed: total });
    const isLarge = whole === null || isLargePart(limit, whole, BigInt(most), isBoundMore);
    return isLarge ? [limit.resource] : [];
  });
}

function declaresAlready(before: QuotaState | null, resource: string): boolean {
  return before !== null && limitFor(before.content.limits, resource) !== null;
}

/** An amount of a consumable that comes out of somebody's, whatever was inherited. */
function isSummedOut(state: ApplicationState, { quotaId }: QuotaState, limit: ResourceLimit) {
  return limit.kind === 'consumable' && giverOf(state, quotaId, limit.resource) !== null;
}

function isMoreThanHeld(former: ApplicationState, before: QuotaState, limit: ResourceLimit) {
  const held = heldBy(former, before, limit.resource);
  return held.isEnforced && held.limit !== null && isLooser(held.limit, limit);
}

/** Past what is new itself: it is measured by the same. */
function knownSetterAbove(
  state: ApplicationState,
  quotaId: string,
  resource: string,
  formers: ReadonlyMap<string, QuotaState | null>,
): Setter | null {
  let above = setterAbove(state, quotaId, resource);
  while (above !== null && isNewLimit(formers.get(above.quotaId), resource)) {
    above = setterAbove(state, above.quotaId, resource);
  }
  return above;
}

/** undefined: a quota that the command leaves as it is. */
function isNewLimit(former: QuotaState | null | undefined, resource: string): boolean {
  return former !== undefined && !declaresAlready(former, resource);
}

function isLargePart(
  limit: ResourceLimit,
  whole: Pick<ResourceLimit, 'bound' | 'amount' | 'perMicros' | 'guaranteed'>,
  most: bigint,
  isBoundMore: boolean,
): boolean {
  if (isBoundMore) {
    if (limit.bound !== 'amount' || whole.bound !== 'amount') return true;
    const [left, right] = [whole.perMicros ?? 1n, limit.perMicros ?? 1n];
    if (isPartAbove(limit.amount * left, whole.amount * right, most)) return true;
  }
  return isPartAbove(guaranteeOf(limit), whole.guaranteed ?? 0n, most);
}

function isPartAbove(part: bigint, whole: bigint, mostBasisPoints: bigint): boolean {
  return part * BigInt(WHOLE_BASIS_POINTS) > whole * mostBasisPoints;
}

function isAbove(before: Held, after: Held, most: bigint): boolean {
  const [from, to] = [before.limit, after.limit];
  const guaranteed = to === null ? 0n : guaranteeOf(to);
  if (isMoreThan(from === null ? 0n : guaranteeOf(from), guaranteed, most)) return true;
  if (!before.isEnforced || from === null || from.bound === 'unlimited') return false;
  if (!after.isEnforced || to === null || to.bound === 'unlimited') return true;
  if (to.bound === 'blocked') return false;
  if (from.bound === 'blocked' || !sameWindow(from, to)) return true;
  const [left, right] = [to.perMicros ?? 1n, from.perMicros ?? 1n];
  if (isMoreThan(from.amount * left, to.amount * right, most)) return true;
  return from.kind === 'rate' && isMoreThan(burstOf(from) ?? 0n, burstOf(to) ?? 0n, most);
}

function isMoreThan(from: bigint, to: bigint, mostBasisPoints: bigint): boolean {
  return (to - from) * BigInt(WHOLE_BASIS_POINTS) > from * mostBasisPoints;
}
