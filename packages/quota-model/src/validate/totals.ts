/** Limits against what an application's total says there is of a resource: above the first level stands nobody else. */
import type { ResourceDeclaration, ResourceLimit, Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import { declaredLimit } from '../layers.ts';
import { compareBounds, describeLimit } from '../limits.ts';
import type { ApplicationState } from '../model.ts';
import { NOTHING } from '../sums/sum.ts';
import { claimOfTally } from '../sums/tally.ts';
import { tallyOf } from '../sums/treeSums.ts';
import { setterAbove, settersBelow } from './setters.ts';
import { totalExcess } from './sumExcess.ts';

/** How many offenders a message names, and how many quotas are looked at for them. */
const NAMED_MAX = 3;
const NAMED_VISITS_MAX = 1_000;

/** What existing quotas have that a registration's new total does not hold. A total that is raised breaks nothing. */
export function loweredTotalViolations(
  state: ApplicationState,
  former: ResourceDeclaration,
  now: ResourceDeclaration,
): Violation[] {
  if (now.total === null || (former.total !== null && now.total >= former.total)) return [];
  const tally = tallyOf(state, state.id, now.name);
  const sum = totalExcess(tally?.sum ?? NOTHING, now);
  if (sum !== null) return [violation('TOTAL_EXCEEDED', '/resources', sum)];
  if (now.kind !== 'capacity' || !isAbove(claimOfTally(tally), now.total)) return [];
  const { total, name } = now;
  const message = `Maxima of ${name} are above the total of ${state.id}, ${total}: ${namedAbove(state, name, total)}.`;
  return [violation('TOTAL_EXCEEDED', '/resources', message)];
}

function isAbove({ sum, largest }: ReturnType<typeof claimOfTally>, total: bigint): boolean {
  return sum.unlimited > 0 || (largest !== null && largest.amount > total);
}

function namedAbove(state: ApplicationState, resource: string, total: bigint): string {
  const named: string[] = [];
  for (const { quotaId, limit } of settersBelow(state, state.id, resource, NAMED_VISITS_MAX)) {
    if (!isMore(limit, total)) continue;
    if (named.length === NAMED_MAX) return `${named.join(', ')}, …`;
    named.push(`${quotaId} has ${describeLimit(limit)}`);
  }
  return named.length === 0 ? 'among those on its first levels' : named.join(', ');
}

/**
 * An override where nobody above declares the resource: of a capacity or a consumable it is of what there is in
 * all. What the quota declares already may be above a total that has shrunk, and an override that is no more
 * than that is no raise.
 */
export function overrideAboveTotal(
  state: ApplicationState,
  quotaId: string,
  limit: ResourceLimit,
  path: string,
): Violation[] {
  const { kind, total } = state.registration.resources.get(limit.resource) ?? {};
  if (total == null || (kind !== 'capacity' && kind !== 'consumable')) return [];
  if (!isMore(limit, total) || setterAbove(state, quotaId, limit.resource) !== null) return [];
  const quota = state.quotas.get(quotaId);
  const declared = quota === undefined ? null : declaredLimit(quota, limit.resource);
  if (declared !== null && compareBounds(limit, declared) <= 0) return [];
  const message = `${limit.resource} ${describeLimit(limit)} is above the total of ${state.id}, ${total}.`;
  return [violation('TOTAL_EXCEEDED', path, message)];
}

function isMore({ bound, amount }: ResourceLimit, total: bigint): boolean {
  return bound === 'unlimited' || (bound === 'amount' && amount > total);
}
