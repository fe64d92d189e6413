/**
 * Checks on a decrease that may be right all the same: each has a name, and is waived by its name. What
 * is compared is the limit in force apart from cuts and overrides, which come and go by themselves:
 * declared, within the declared limits above. An edit that changes nothing in force is no decrease.
 */
import type { ObservedUsage, ResourceLimit } from '@prorata/schemas';
import type { ChangedQuota, TreeChange } from '../decide/treeDraft.ts';
import { heldLimit } from '../heldLimit.ts';
import { ancestorsOf, movedId } from '../ids.ts';
import { declaredLimit } from '../layers.ts';
import {
  WHOLE_BASIS_POINTS,
  burstOf,
  compareBounds,
  describeLimit,
  guaranteeOf,
} from '../limits.ts';
import type { ApplicationState, QuotaState } from '../model.ts';
import { tallyOf } from '../sums/treeSums.ts';
import type { Sum } from '../sums/sum.ts';
import { sameWindow } from '../windowForm.ts';

/** The checks, by the codes that refusals and waivers name them by, with what each found, for people. */
export const safetyCheckMeanings = {
  BELOW_USAGE: 'more is in use, by the usage sent along, than would be left',
  DECREASE_TOO_STEEP:
    "a limit, a guarantee or a burst falls by more than the application's `decreaseStepMaxBasisPoints`",
  BELOW_CHILDREN_SUM:
    'a limit falls below the sum of the limits under it, where they may sum to more',
  ALL_ZERO: 'everything that is limited on the quota would be blocked',
  STALE_USAGE:
    "the usage behind the decrease was not sent along, or is older than the application's `usageMaxAgeMicros`",
} as const;

export type SafetyCheck = keyof typeof safetyCheckMeanings;

export const safetyChecks = Object.keys(safetyCheckMeanings) as readonly SafetyCheck[];

/** A check that a change does not pass. */
export interface SafetyFinding {
  readonly check: SafetyCheck;
  readonly quotaId: string;
  readonly path: string;
  readonly message: string;
}

/** How far the clock of whoever observed may be ahead, microseconds (five minutes). */
const CLOCK_AHEAD_MICROS_MAX = 300_000_000n;
const MICROS_PER_SECOND = 1_000_000n;

interface Decrease {
  readonly quotaId: string;
  readonly path: string;
  readonly resource: string;
  /** null: nothing held it back. */
  readonly from: ResourceLimit | null;
  /** null: the quota goes. */
  readonly to: ResourceLimit | null;
}

export interface SafetyTerms {
  readonly usage: readonly ObservedUsage[];
  readonly now: bigint;
  /** Until when the usage behind a resize was observed; null: there is none. */
  readonly evidenceEnd: bigint | null;
}

/** Every check that the change does not pass, quota by quota. */
export function safetyFindings(change: TreeChange, terms: SafetyTerms): SafetyFinding[] {
  const usage = new Map(terms.usage.map((seen) => [`${seen.quotaId} ${seen.resource}`, seen]));
  const below = usageByResource(terms.usage);
  const told = new Set<ObservedUsage>();
  return change.quotas.flatMap((quota) => {
    const decreases = decreasesOf(change, quota);
    return [
      ...decreases.flatMap((decrease) => {
        const seen = usage.get(`${decrease.quotaId} ${decrease.resource}`) ?? null;
        return [
          ...belowUsage(decrease, seen),
          ...usageBelow(change, quota, decrease, { seen, told, usage: below }),
          ...tooSteep(decrease, change.after),
          // Below what was blocked nothing can have been in use: there is nothing to measure.
          ...(decrease.from?.bound === 'blocked'
            ? []
            : staleUsage(decrease, seen, terms, change.after)),
        ];
      }),
      ...belowChildrenSum(change, quota),
      ...(decreases.length > 0 ? allZero(change, quota) : []),
    ];
  });
}

/** A quota that is new decreases nothing; one that goes takes what it declared with it. */
function decreasesOf({ before, after }: TreeChange, changed: ChangedQuota): Decrease[] {
  const former = changed.before;
  if (former === null) return [];
  const { quotaId } = former;
  const next = changed.after;
  if (next === null) {
    return former.content.limits.map(({ resource }) => ({
      quotaId,
      resource,
      path: changed.pathOf(resource),
      from: heldLimit(before, former, resource),
      to: null,
    }));
  }
  return [...after.registration.resources.keys()].flatMap((resource) => {
    const from = heldLimit(before, former, resource);
    const to = heldLimit(after, next, resource);
    const left = to ?? withoutLimit(from);
    if (left === null || !(isDecrease(from, left) || isLessKept(from, left))) return [];
    return [{ quotaId, resource, path: changed.pathOf(resource), from, to: left }];
  });
}

/** What a limit leaves that goes from a quota that stays: no bound, and no guarantee either. */
function withoutLimit(from: ResourceLimit | null): ResourceLimit | null {
  if (from === null) return null;
  return { ...from, bound: 'unlimited', amount: 0n, burst: null, guaranteed: null };
}

/** Whether less is kept, or less may be taken at once, though the bound itself may stay. */
function isLessKept(from: ResourceLimit | null, to: ResourceLimit): boolean {
  if (from === null) return false;
  if (guaranteeOf(to) < guaranteeOf(from)) return true;
  const [most, burst] = [burstOf(from), burstOf(to)];
  return from.kind === 'rate' && burst !== null && most !== null && burst < most;
}

/** Amounts of two windows do not compare: another window may be less. */
function isDecrease(from: ResourceLimit | null, to: ResourceLimit): boolean {
  if (from === null) return to.bound !== 'unlimited';
  return compareBounds(to, from) < 0 || isOtherWindow(from, to);
}

function isOtherWindow(from: ResourceLimit, to: ResourceLimit): boolean {
  return from.bound === 'amount' && to.bound === 'amount' && !sameWindow(from, to);
}

function belowUsage(decrease: Decrease, seen: ObservedUsage | null): SafetyFinding[] {
  const { from, to, resource } = decrease;
  if (seen === null || !isBelow(to, seen.used)) return [];
  // What is in use counts against the bound, which may stay where only a guarantee or a burst falls.
  if (to !== null && !isDecrease(from, to)) return [];
  const use =
    `${seen.used.toString()}${to?.kind === 'rate' ? ' per second' : ''} of ${resource} ` +
    `was in use at ${timeText(seen.observedAt)} (${seen.source})`;
  const message = to === null ? `${use}.` : `${use}; ${describeLimit(to)} is below that.`;
  return [finding('BELOW_USAGE', decrease, message)];
}

function usageByResource(usage: readonly ObservedUsage[]): ReadonlyMap<string, ObservedUsage[]> {
  const byResource = new Map<string, ObservedUsage[]>();
  for (const seen of usage) {
    const same = byResource.get(seen.resource);
    if (same === undefined) byResource.set(seen.resource, [seen]);
    else same.push(seen);
  }
  return byResource;
}

/**
 * What was observed below the quota that falls: each by itself where it falls along, and, where nobody
 * observed the quota as a whole, together, for a quota uses what is used below it.
 */
function usageBelow(
  change: TreeChange,
  { after: next }: ChangedQuota,
  decrease: Decrease,
  known: {
    readonly seen: ObservedUsage | null;
    readonly usage: ReadonlyMap<string, readonly ObservedUsage[]>;
    /** What a finding was made of already: an observation below two quotas that fall counts once. */
    readonly told: Set<ObservedUsage>;
  },
): SafetyFinding[] {
  const { quotaId, resource, to } = decrease;
  if (to === null || next === null) return [];
  const under = (known.usage.get(resource) ?? []).filter((seen) =>
    seen.quotaId.startsWith(`${quotaId}/`),
  );
  const single = under.flatMap((seen) => {
    const former = change.before.quotas.get(seen.quotaId);
    const moved = movedId(seen.quotaId, quotaId, next.quotaId);
    const now = change.after.quotas.get(moved);
    if (former === undefined || now === undefined || known.told.has(seen)) return [];
    const held = heldLimit(change.after, now, resource);
    if (held === null || !isDecrease(heldLimit(change.before, former, resource), held)) return [];
    const findings = belowUsage({ ...decrease, to: held }, seen);
    if (findings.length > 0) known.told.add(seen);
    return findings.map((found) => ({ ...found, message: `${seen.quotaId}: ${found.message}` }));
  });
  if (single.length > 0 || known.seen !== null) return single;
  const ids = new Set(under.map((seen) => seen.quotaId));
  const top = under.filter(
    (seen) => !ancestorsOf(seen.quotaId).some((id) => id !== quotaId && ids.has(id)),
  );
  const [first] = top;
  if (first === undefined || top.length === 1) return [];
  const used = top.reduce((sum, seen) => sum + seen.used, 0n);
  const observedAt = top.reduce(
    (at, seen) => (seen.observedAt < at ? seen.observedAt : at),
    first.observedAt,
  );
  const source = `${top.length} quotas below it, ${first.source}`;
  return belowUsage(decrease, { quotaId, resource, used, observedAt, source });
}

/** Usage of a rate counts per second. */
function isBelow(limit: ResourceLimit | null, used: bigint): boolean {
  if (limit === null || limit.bound === 'blocked') return used > 0n;
  if (limit.bound === 'unlimited') return false;
  return limit.amount * MICROS_PER_SECOND < used * (limit.perMicros ?? MICROS_PER_SECOND);
}

/** One number of a limit before and after, in one unit. */
interface Part {
  /** In a message, behind the resource; empty: the bound itself. */
  readonly name: '' | ' guaranteed' | ' burst';
  readonly from: bigint;
  readonly to: bigint;
}

/** Only a number can fall by a part of itself: the one that falls by most is told. */
function tooSteep(decrease: Decrease, { registration }: ApplicationState): SafetyFinding[] {
  const most = registration.changePolicy.decreaseStepMaxBasisPoints;
  const { from, to, resource } = decrease;
  if (most === null || from === null || to === null) return [];
  if (isOtherWindow(from, to)) {
    const step = `${resource} would fall from ${describeLimit(from)} to ${describeLimit(to)}`;
    const message = `${step}: another window may be any decrease.`;
    return [finding('DECREASE_TOO_STEEP', decrease, message)];
  }
  const steepest = partsOf(from, to)
    .filter((part) => isSteep(part, BigInt(most)))
    .sort((a, b) => (fallOf(a) < fallOf(b) ? 1 : fallOf(a) > fallOf(b) ? -1 : 0))[0];
  if (steepest === undefined) return [];
  const { name } = steepest;
  const [before, after] =
    name === '' ? [describeLimit(from), describeLimit(to)] : [steepest.from, steepest.to];
  const message =
    `${resource}${name} would fall from ${before.toString()} to ${after.toString()}, ` +
    `by ${percent(fallOf(steepest))}; ` +
    `${registration.displayName} lets it fall by ${percent(BigInt(most))} at once.`;
  return [finding('DECREASE_TOO_STEEP', decrease, message)];
}

function partsOf(from: ResourceLimit, to: ResourceLimit): Part[] {
  const parts: Part[] = [{ name: ' guaranteed', from: guaranteeOf(from), to: guaranteeOf(to) }];
  if (from.bound === 'amount' && to.bound !== 'unlimited') {
    const amount = to.bound === 'blocked' ? 0n : to.amount * (from.perMicros ?? 1n);
    parts.unshift({ name: '', from: from.amount * (to.perMicros ?? 1n), to: amount });
  }
  const [most, burst] = [burstOf(from), burstOf(to)];
  if (from.kind === 'rate' && most !== null && burst !== null) {
    parts.push({ name: ' burst', from: most, to: burst });
  }
  return parts.filter((part) => part.to < part.from);
}

function isSteep({ from, to }: Part, mostBasisPoints: bigint): boolean {
  return (from - to) * BigInt(WHOLE_BASIS_POINTS) > from * mostBasisPoints;
}

/** Basis points, rounded down. */
function fallOf({ from, to }: Part): bigint {
  return ((from - to) * BigInt(WHOLE_BASIS_POINTS)) / from;
}

/** Asked for only where the application says how old usage may be. */
function staleUsage(
  decrease: Pick<Decrease, 'quotaId' | 'resource' | 'path'>,
  seen: ObservedUsage | null,
  { now, evidenceEnd }: SafetyTerms,
  { registration }: ApplicationState,
): SafetyFinding[] {
  const most = registration.changePolicy.usageMaxAgeMicros;
  if (most === null) return [];
  const of = `usage of ${decrease.resource} by ${decrease.quotaId}`;
  const at = seen?.observedAt ?? evidenceEnd;
  if (at === null) return [finding('STALE_USAGE', decrease, `No ${of} was sent along.`)];
  if (at - now > CLOCK_AHEAD_MICROS_MAX) {
    return [finding('STALE_USAGE', decrease, `The ${of} is of the future: ${timeText(at)}.`)];
  }
  if (now - at <= most) return [];
  const message = `The ${of} is of ${timeText(at)}, older than ${(most / MICROS_PER_SECOND).toString()} s.`;
  return [finding('STALE_USAGE', decrease, message)];
}

/**
 * Below the sum of the maxima under it, where they may sum to more: when it gets there, not as long as it
 * stays there, for a tree that is oversubscribed on purpose would ask at every step.
 */
function belowChildrenSum(change: TreeChange, changed: ChangedQuota): SafetyFinding[] {
  const { before: former, after: next, pathOf } = changed;
  if (former === null || next === null) return [];
  return next.content.limits.flatMap(({ resource, kind }) => {
    if (kind === 'consumable') return [];
    const from = declaredLimit(former, resource);
    const to = declaredLimit(next, resource);
    if (to === null || !isDecrease(from, to)) return [];
    const sum = sumBelow(change.after, next.quotaId, resource);
    if (sum === null || !isLess(to, sum)) return [];
    const sumBefore = sumBelow(change.before, former.quotaId, resource);
    if (from !== null && sumBefore !== null && isLess(from, sumBefore)) return [];
    const { quotaId } = former;
    const message = `${describeLimit(to)} of ${resource} is below the sum of the limits under it.`;
    return [finding('BELOW_CHILDREN_SUM', { quotaId, path: pathOf(resource) }, message)];
  });
}

function sumBelow(state: ApplicationState, quotaId: string, resource: string): Sum | null {
  return tallyOf(state, quotaId, resource)?.sum ?? null;
}

/** In millionths of a unit, per second for a rate: rounded down, which a warning may be. */
function isLess(limit: ResourceLimit, sum: Sum): boolean {
  if (limit.bound === 'unlimited') return false;
  if (sum.unlimited > 0) return true;
  const whole = sum.amounts.reduce((all, entry) => all + millionths(entry), 0n);
  return (limit.bound === 'blocked' ? 0n : millionths(limit)) < whole;
}

function millionths({ amount, perMicros }: Pick<ResourceLimit, 'amount' | 'perMicros'>): bigint {
  return (amount * MICROS_PER_SECOND * MICROS_PER_SECOND) / (perMicros ?? MICROS_PER_SECOND);
}

/** Nothing that is limited at all would get through, and something did. */
function allZero({ before, after }: TreeChange, changed: ChangedQuota): SafetyFinding[] {
  const { before: former, after: next, pathOf } = changed;
  if (former === null || next === null) return [];
  if (!isAllBlocked(after, next) || isAllBlocked(before, former)) return [];
  const { quotaId } = former;
  const message = `Everything that is limited on ${quotaId} would be blocked.`;
  return [finding('ALL_ZERO', { quotaId, path: pathOf(null) }, message)];
}

function isAllBlocked(state: ApplicationState, quota: QuotaState): boolean {
  const held = [...state.registration.resources.keys()].flatMap(
    (resource) => heldLimit(state, quota, resource) ?? [],
  );
  return held.length > 0 && held.every(({ bound }) => bound === 'blocked');
}

function finding(
  check: SafetyCheck,
  { quotaId, path }: Pick<SafetyFinding, 'quotaId' | 'path'>,
  message: string,
): SafetyFinding {
  return { check, quotaId, path, message };
}

function percent(basisPoints: bigint): string {
  const text = (Number(basisPoints) / 100).toString();
  return `${text} %`;
}

/** Of a time that a command carries: outside of what a date can say, the number itself. */
function timeText(micros: bigint): string {
  const date = new Date(Number(micros / 1_000n));
  return Number.isNaN(date.getTime()) ? `${micros.toString()} µs` : date.toISOString();
}
