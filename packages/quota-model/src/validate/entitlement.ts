/** What a project's top-most quotas may hold in sum. */
import type { Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import type { ApplicationState, EntitlementState } from '../model.ts';
import { SUM_TIMES_MAX } from '../modelBounds.ts';
import { entitlementKey } from '../payers.ts';
import { wholeOf } from '../sums/sum.ts';
import type { Fraction, Sum } from '../sums/sum.ts';
import { heldBy } from '../sums/treeSums.ts';

/** Why a project may not hold what it would hold after a change; nothing when it holds no more than before. */
export function holdingViolations(
  before: ApplicationState,
  after: ApplicationState,
  project: string,
  resource: string,
  path: string,
): Violation[] {
  const entitlement = after.entitlements.get(entitlementKey(project, resource));
  const held = heldBy(after, project, resource);
  const former = heldBy(before, project, resource);
  if (held === former || entitlement === undefined) return [];
  if (held.amounts.length > SUM_TIMES_MAX && held.amounts.length > former.amounts.length) {
    const message = `${project} would hold ${resource} by more than ${SUM_TIMES_MAX} different times.`;
    return [violation('TOO_MANY', path, message)];
  }
  return isMore(held, former) ? excessOf(after, entitlement, path) : [];
}

/** Also for an entitlement that is not in the state yet. */
export function excessOf(
  state: ApplicationState,
  entitlement: Pick<EntitlementState, 'project' | 'resource' | 'amount'>,
  path: string,
): Violation[] {
  const { project, resource, amount } = entitlement;
  if (amount === 'unlimited') return [];
  const most = amount === 'blocked' ? 0n : amount;
  const held = wholeOf(heldBy(state, project, resource));
  if (held !== 'unlimited' && held.numerator <= most * held.denominator) return [];
  const sum = held === 'unlimited' ? held : roundedUp(held).toString();
  const message = `Project ${project} would hold ${sum} of ${resource}; it is entitled to ${most.toString()}.`;
  return [violation('ENTITLEMENT_EXCEEDED', path, message)];
}

function isMore(held: Sum, former: Sum): boolean {
  const [now, then] = [wholeOf(held), wholeOf(former)];
  if (now === 'unlimited' || then === 'unlimited') return held.unlimited > former.unlimited;
  return now.numerator * then.denominator > then.numerator * now.denominator;
}

function roundedUp({ numerator, denominator }: Fraction): bigint {
  return (numerator + denominator - 1n) / denominator;
}
