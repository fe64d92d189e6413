import type { EntitlementAllocated } from '@prorata/schemas';
import { picosOf } from '../decimals.ts';
import { BrokenStream } from '../faults.ts';
import type { Provenance } from '../model.ts';
import { reservedFor } from '../organization/allocationCosts.ts';
import { allocationKey } from '../organizationModel.ts';
import type { AllocationState, AllocationTerms, OrganizationState } from '../organizationModel.ts';
import { provenanceOf } from './origin.ts';
import type { EventOf } from './origin.ts';

export function intendAllocation(
  state: OrganizationState,
  event: EventOf<'EntitlementAllocated'>,
): void {
  const { project, application, resource, version, envelope } = event.value;
  if (version !== envelope.streamVersion) {
    throw new BrokenStream(event, 'the allocation is not named after its event');
  }
  const key = allocationKey(project, application, resource);
  const former = state.allocations.get(key);
  if (former !== undefined && former.pending !== null) {
    throw new BrokenStream(event, 'the allocation before it is not answered');
  }
  const pending = termsOf(event.value, provenanceOf(event));
  const accepted = former?.accepted ?? null;
  replace(state, key, { project, application, resource, accepted, pending });
}

function termsOf(intent: EntitlementAllocated, provenance: Provenance): AllocationTerms {
  const { version, budgetId, bound, amount, unitCost, cost } = intent;
  return {
    allocation: version,
    budgetId,
    amount: bound === 'blocked' ? bound : amount,
    unitCost,
    costPicos: picosOf(cost),
    provenance,
  };
}

export function completeAllocation(
  state: OrganizationState,
  event: EventOf<'AllocationCompleted'>,
): void {
  const { project, application, resource, allocation, answer } = event.value;
  const key = allocationKey(project, application, resource);
  const former = state.allocations.get(key);
  if (former?.pending?.allocation !== allocation) {
    throw new BrokenStream(event, 'no such allocation waits for an answer');
  }
  const accepted = answer === 'accepted' ? former.pending : former.accepted;
  const holds = accepted !== null && accepted.amount !== 'blocked';
  replace(state, key, holds ? { ...former, accepted, pending: null } : null);
}

/** Sets the allocation, or ends it, and what the budgets keep for it. */
function replace(state: OrganizationState, key: string, next: AllocationState | null): void {
  const former = state.allocations.get(key) ?? null;
  const budgets = [former?.accepted, former?.pending, next?.accepted, next?.pending];
  for (const budgetId of new Set(budgets.flatMap((terms) => terms?.budgetId ?? []))) {
    const kept = former === null ? 0n : reservedFor(former, budgetId);
    const keeps = next === null ? 0n : reservedFor(next, budgetId);
    const sum = (state.allocated.get(budgetId) ?? 0n) + keeps - kept;
    if (sum === 0n) state.allocated.delete(budgetId);
    else state.allocated.set(budgetId, sum);
  }
  if (next === null) state.allocations.delete(key);
  else state.allocations.set(key, next);
}
