import type { BudgetState } from '@prorata/quota-model';
import { toJson } from '@prorata/schemas';
import type { LoopCommand } from '../commandDesk.ts';
import { derivedId } from '../derivedId.ts';
import type { PlannedShare } from './entitlementPlan.ts';

/**
 * Hands out what a share buys, or takes back what it no longer does.
 * @param grounds what the decision follows from, equal where it is the same
 * @param attempt 0 for the first; a refusal is remembered with its id, so that a later one has another
 */
export function allocationCommand(
  organization: string,
  { budgetId, project }: BudgetState,
  { share, money, target, unitCost }: PlannedShare,
  grounds: string,
  attempt: number,
): LoopCommand {
  const { application, resource, basisPoints } = share;
  const isReleased = target === null || target === 0n || unitCost === null;
  const id = derivedId(
    'provision',
    organization,
    budgetId,
    application,
    resource,
    grounds,
    attempt,
  );
  return {
    commandId: id,
    type: 'AllocateEntitlement',
    stream: `organization:${organization}`,
    reason: `The split of budget ${budgetId}: ${basisPoints} basis points, ${money} for ${resource} of ${application}.`,
    data: {
      budgetId,
      project,
      application,
      resource,
      bound: isReleased ? 'blocked' : 'amount',
      amount: isReleased ? '0' : target.toString(),
      unitCost: isReleased ? null : toJson('io.prorata.type.UnitCost', unitCost),
    },
  };
}
