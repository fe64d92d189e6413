/** Whether a text lets through more than is meant: compared before every write, for no format is trusted. */
import type { ResourceLimit } from '@prorata/schemas';
import type { DispatchedSet, HeldLimit } from './dispatcher.ts';

/** Faults told of one text: a trap of a target is in all of its quotas or in few. */
const TOLD_MAX = 20;
/** Of a rate: micro-units a second from an amount in so many microseconds. */
const MICROS = 1_000_000n;

/** @returns a line for each quota and resource of which the text allows more than its rule, some at most */
export function licencesIn(held: readonly HeldLimit[], set: DispatchedSet): readonly string[] {
  const rules = limitsByKey(set);
  return told(held, ({ quotaId, resource, most, least = 0n }) => {
    const meant = rules.get(keyOf(quotaId, resource));
    if (meant === undefined) return null;
    if (meant === 'unlimited' || (most !== 'unlimited' && most <= larger(meant, least)))
      return null;
    return `${quotaId}: ${resource} would be ${textOf(most)} at the target, where ${meant} holds.`;
  });
}

/**
 * What was bounded at the target, is not any more, and nobody has said `unlimited`: a limit that was unset, with
 * none above it. An owner says what he means, or the target keeps what it has.
 */
export function loosenedBy(
  held: readonly HeldLimit[],
  former: readonly HeldLimit[],
  set: DispatchedSet,
): readonly string[] {
  const rules = limitsByKey(set);
  const enforced = new Set(set.quotas.filter(isEnforced).map(({ rule }) => rule.quotaId));
  const now = new Map(held.map((limit) => [keyOf(limit.quotaId, limit.resource), limit.most]));
  return told(former, ({ quotaId, resource, most }) => {
    const key = keyOf(quotaId, resource);
    if (most === 'unlimited' || !enforced.has(quotaId) || rules.has(key)) return null;
    if ((now.get(key) ?? 'unlimited') !== 'unlimited') return null;
    return `${quotaId}: ${resource} was ${most.toString()} at the target and is unset now; say unlimited if that is meant.`;
  });
}

/** What hosts do not hold to, targets need not either: it was somebody's choice. */
const isEnforced = ({ rule }: DispatchedSet['quotas'][number]): boolean => rule.mode === 'enforce';

function limitsByKey(set: DispatchedSet): ReadonlyMap<string, bigint | 'unlimited'> {
  const limits = new Map<string, bigint | 'unlimited'>();
  for (const { rule } of set.quotas.filter(isEnforced)) {
    for (const limit of rule.limits) limits.set(keyOf(rule.quotaId, limit.resource), mostOf(limit));
  }
  return limits;
}

/** The upper bound, of a rate in micro-units a second, rounded down. */
export function mostOf({ bound, amount, perMicros }: ResourceLimit): bigint | 'unlimited' {
  if (bound !== 'amount') return bound === 'blocked' ? 0n : 'unlimited';
  return perMicros === null ? amount : (amount * MICROS * MICROS) / perMicros;
}

function told(
  limits: readonly HeldLimit[],
  faultOf: (limit: HeldLimit) => string | null,
): readonly string[] {
  const faults: string[] = [];
  for (const limit of limits) {
    if (faults.length === TOLD_MAX) break;
    const fault = faultOf(limit);
    if (fault !== null) faults.push(fault);
  }
  return faults;
}

const keyOf = (quotaId: string, resource: string): string => `${quotaId} ${resource}`;
const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const textOf = (most: bigint | 'unlimited'): string => most.toString();
