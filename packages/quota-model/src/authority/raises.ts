/**
 * What of a change loosens. A bound is compared as it is declared (base, then rightsized), cuts and
 * overrides apart: they come and go by themselves. A wider `match` is not compared: whether it takes in
 * more requests depends on the other quotas' matches.
 */
import type {
  EnforcementMode,
  ExceedAction,
  QuotaContent,
  ResourceLimit,
  StalePolicy,
} from '@prorata/schemas';
import { ancestorsOf, parentOf } from '../ids.ts';
import { declaredLimit, limitFor } from '../layers.ts';
import type { DeclaredTerms } from '../layers.ts';
import {
  burstOf,
  compareBounds,
  describeLimit,
  guaranteeOf,
  inheritedLimit,
  minLimit,
} from '../limits.ts';
import type { ApplicationState, Registration } from '../model.ts';
import { BASIS_POINTS, RAMP_WHOLE } from '../modelBounds.ts';
import { boundsInForce } from '../rightsizingBounds.ts';
import { tallyOf } from '../sums/treeSums.ts';
import { sameWindow } from '../windowForm.ts';

/** One way in which a change loosens. */
export interface Raise {
  /** The resource or the field that it is about. */
  readonly of: string;
  /** From what to what, in the words of a refusal. */
  readonly what: string;
  /** The quota, or application, at or above which one must have the say. */
  readonly place: string;
}

/** Strictest first. */
const actions: readonly ExceedAction[] = ['refuse', 'delay', 'degrade', 'mark'];
const modes: readonly EnforcementMode[] = ['enforce', 'shadow', 'off'];
const stalePolicies: readonly StalePolicy[] = ['closed', 'safe_share', 'hold', 'open'];

/**
 * Every way in which a quota that becomes `after` is looser than `before`.
 *
 * @param before null: there was none. @param after null: there will be none.
 */
export function raisesOf(
  state: ApplicationState,
  quotaId: string,
  before: DeclaredTerms | null,
  after: DeclaredTerms | null,
): Raise[] {
  const resources = new Set(
    [before, after].flatMap((terms) => terms?.content.limits.map(({ resource }) => resource) ?? []),
  );
  const limits = [...resources].flatMap((resource) => {
    const limit = limitIn(after, resource);
    // Where a quota says nothing itself, what is below it comes out of the same giver.
    const takes =
      after !== null && limit === null ? takenBelow(state, quotaId, resource) : takenBy(limit);
    return limitRaises(state, quotaId, limitIn(before, resource), limit, takes);
  });
  if (before === null || after === null) return limits;
  return [...limits, ...termRaises(state, parentOf(quotaId), before, after)];
}

function limitIn(terms: DeclaredTerms | null, resource: string): ResourceLimit | null {
  return terms === null ? null : declaredLimit(terms, resource);
}

function limitRaises(
  state: ApplicationState,
  quotaId: string,
  before: ResourceLimit | null,
  after: ResourceLimit | null,
  takes: bigint,
): Raise[] {
  const of = (before ?? after)?.resource ?? '';
  const raises: Raise[] = [];
  const parent = parentOf(quotaId);
  const next = after ?? inheritedAt(state, quotaId, of);
  if (before !== null && isLooser(before, next)) {
    raises.push({ of, what: describeStep(before, next), place: parent });
  }
  if (takes <= takenBy(before)) return raises;
  const giver = giverOf(state, quotaId, of);
  if (giver === null || raises.some(({ place }) => place === giver)) return raises;
  return [...raises, { of, what: `more of it out of ${giver}`, place: giver }];
}

/** null stands for no limit at all. A limit that was none before can only hold back. */
export function isLooser(from: ResourceLimit, to: ResourceLimit | null): boolean {
  if (from.bound === 'unlimited') return false;
  if (to === null) return true;
  if (compareBounds(to, from) > 0) return true;
  // The tighter of two windows cannot be told by their amounts.
  if (to.bound === 'amount' && from.bound === 'amount' && !sameWindow(to, from)) {
    return true;
  }
  if (from.kind !== 'rate') return false;
  const most = burstOf(from);
  const burst = burstOf(to);
  return most !== null && (burst === null || burst > most);
}

/** What the ancestors alone would let through, null where none of them says. */
export function inheritedAt(
  state: ApplicationState,
  quotaId: string,
  resource: string,
): ResourceLimit | null {
  let held: ResourceLimit | null = null;
  for (const id of ancestorsOf(quotaId)) {
    const quota = state.quotas.get(id);
    const own = quota === undefined ? null : declaredLimit(quota, resource);
    if (own !== null) held = held === null ? inheritedLimit(own) : minLimit(held, own);
  }
  return held;
}

/**
 * Out of what a guarantee or an amount that may not be handed out twice comes: the nearest quota above
 * that declares the resource, else the application; null when nothing is handed out.
 */
export function giverOf(state: ApplicationState, quotaId: string, resource: string): string | null {
  const declaration = state.registration.resources.get(resource);
  if (declaration?.kind !== 'capacity' && declaration?.kind !== 'consumable') return null;
  for (const id of ancestorsOf(quotaId)) {
    const quota = state.quotas.get(id);
    if (quota !== undefined && declaredLimit(quota, resource) !== null) return id;
  }
  return declaration.kind === 'consumable' && declaration.total === null ? null : state.id;
}

/** More than any amount: an unlimited consumable takes all there is. */
const ALL = 2n ** 64n;

function takenBy(limit: ResourceLimit | null): bigint {
  if (limit === null) return 0n;
  if (limit.kind === 'capacity') return guaranteeOf(limit);
  return limit.bound === 'unlimited' ? ALL : limit.amount;
}

/** What the quotas below take together. One command may have given them more than their parent has. */
function takenBelow(state: ApplicationState, quotaId: string, resource: string): bigint {
  const sum = tallyOf(state, quotaId, resource)?.sum;
  if (sum === undefined) return 0n;
  if (state.registration.resources.get(resource)?.kind === 'capacity') return sum.guarantees;
  return sum.unlimited > 0 ? ALL : sum.amounts.reduce((all, { amount }) => all + amount, 0n);
}

function termRaises(
  { registration }: ApplicationState,
  place: string,
  before: DeclaredTerms,
  after: DeclaredTerms,
): Raise[] {
  const raises: Raise[] = [];
  const rise = (of: string, isRaise: boolean, from: unknown, to: unknown): void => {
    if (isRaise) raises.push({ of, what: `${String(from)} to ${String(to)}`, place });
  };
  const [a, b] = [before.content, after.content];
  rise('tier', b.tier < a.tier, a.tier, b.tier);
  rise('cutPriority', b.cutPriority < a.cutPriority, a.cutPriority, b.cutPriority);
  rise('action', isSofter(actions, a.action, b.action), a.action, b.action);
  const [mode, nextMode] = [a.mode ?? registration.defaultMode, b.mode ?? registration.defaultMode];
  rise('mode', isSofter(modes, mode, nextMode), mode, nextMode);
  const stale = a.onStale ?? registration.defaultOnStale;
  const nextStale = b.onStale ?? registration.defaultOnStale;
  rise('onStale', isSofter(stalePolicies, stale, nextStale), stale, nextStale);
  raises.push(...requestRaises(a.requests, b.requests, place));
  return [...raises, ...boundsRaises(registration, before, after, place)];
}

/** Limits for each value are more than limits for all of them, and a smaller ramp holds fewer hosts. */
function requestRaises(
  before: QuotaContent['requests'],
  after: QuotaContent['requests'],
  place: string,
): Raise[] {
  const raises: Raise[] = [];
  const [each, nextEach] = [before?.eachOf ?? null, after?.eachOf ?? null];
  if (nextEach !== null && nextEach !== each) {
    const what = `limits for ${each === null ? 'all requests' : `each ${each}`} to limits for each ${nextEach}`;
    raises.push({ of: 'requests', what, place });
  }
  const [ramp, nextRamp] = [before?.rampPercent ?? RAMP_WHOLE, after?.rampPercent ?? RAMP_WHOLE];
  // A bucket lets through its burst and what the rate gives meanwhile, a sliding window its amount.
  if (before?.counting === 'sliding_window' && after?.counting !== 'sliding_window') {
    raises.push({ of: 'requests', what: 'rates in a sliding window to token buckets', place });
  }
  if (nextRamp < ramp) {
    const what = `enforced on ${ramp} of 100 hosts to ${nextRamp}`;
    raises.push({ of: 'requests', what, place });
  }
  raises.push(...fleetRaises(before, after, place));
  return raises;
}

/** A limit that every host has for itself is as many times what all of them share. */
function fleetRaises(
  before: QuotaContent['requests'],
  after: QuotaContent['requests'],
  place: string,
): Raise[] {
  const isLeft = before?.scope === 'fleet' && after?.scope !== 'fleet';
  if (isLeft)
    return [{ of: 'requests', what: 'limits of the fleet to limits of each host', place }];
  // Without one a host without a lease uses the even share, or under a limit of its own all of it.
  const [safe, nextSafe] = [before?.safeShareBasisPoints, after?.safeShareBasisPoints];
  if (before === null || safe == null || (nextSafe ?? BASIS_POINTS) <= safe) return [];
  const what = `a safe share of ${safe} parts of ${BASIS_POINTS} to ${nextSafe ?? 'the even share'}`;
  return [{ of: 'requests', what, place }];
}

function isSofter<T>(strictestFirst: readonly T[], from: T, to: T): boolean {
  return strictestFirst.indexOf(to) > strictestFirst.indexOf(from);
}

/**
 * Bounds above what is declared would let a robot raise for the owner. The application's bounds hold for
 * everybody and are no raise, but where they take the place of tighter ones of the owner.
 */
function boundsRaises(
  registration: Registration,
  { content: before }: DeclaredTerms,
  { content: after }: DeclaredTerms,
  place: string,
): Raise[] {
  const named = [...before.rightsizing, ...after.rightsizing].map(({ resource }) => resource);
  return [...new Set(named)].flatMap((resource) => {
    const next = boundsInForce(registration, after, resource);
    if (next === null) return [];
    const former = boundsInForce(registration, before, resource);
    const declared = limitFor(before.limits, resource);
    const amount = declared?.bound === 'amount' ? declared.amount : 0n;
    const most = former !== null && former.max > amount ? former.max : amount;
    // Bounds count per the limit's own time, which the same change may set anew.
    const [per, perBefore] = [perOf(after, resource), perOf(before, resource)];
    const isOtherTime = declared !== null && limitFor(after.limits, resource) !== null;
    const [left, right] = isOtherTime ? [next.max * perBefore, most * per] : [next.max, most];
    if (left <= right) return [];
    const what = `rightsizing up to ${next.max.toString()}`;
    return [{ of: 'rightsizing', what: `${what} of ${resource}`, place }];
  });
}

function perOf({ limits }: QuotaContent, resource: string): bigint {
  return limitFor(limits, resource)?.perMicros ?? 1n;
}

/** In the words of a refusal. */
export function describeStep(from: ResourceLimit, to: ResourceLimit | null): string {
  return `${describeWhole(from)} to ${to === null ? 'no limit' : describeWhole(to)}`;
}

/** With what `describeLimit` leaves out, where it says something. */
function describeWhole(limit: ResourceLimit): string {
  const burst = limit.burst === null ? '' : `, burst ${limit.burst.toString()}`;
  const kept = limit.guaranteed === null ? '' : `, guaranteed ${limit.guaranteed.toString()}`;
  return `${describeLimit(limit)}${burst}${kept}`;
}
