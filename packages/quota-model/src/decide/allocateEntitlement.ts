import type { AllocateEntitlement, UnitCost, Violation } from '@prorata/schemas';
import { decimalOf, isDecimal, isNegative, picosOf } from '../decimals.ts';
import { isSegment } from '../ids.ts';
import type { Decision, DecisionContext } from '../model.ts';
import { ALLOCATIONS_MAX, AMOUNT_MAX, BASIS_POINTS } from '../modelBounds.ts';
import { costOf, reservedFor } from '../organization/allocationCosts.ts';
import { handedOut, holderOf, parentHolder, projectHolder } from '../organization/budgetTree.ts';
import { allocationKey } from '../organizationModel.ts';
import type {
  AllocationState,
  AllocationTerms,
  BudgetState,
  OrganizationState,
} from '../organizationModel.ts';
import { sameValue } from '../sameValue.ts';
import { isResourceName } from '../validate/registration.ts';
import { aboutNoQuota, accept, alreadySo, refusal, refuse, violation } from './answer.ts';
import { projectIdViolations } from './defineProject.ts';
import { organizationUnknown, versionFault } from './preconditions.ts';

/**
 * The intent of the chain budget → entitlement → quota. What the budget keeps for the allocation is kept
 * from now on; what it is given back is given back when the application has accepted it.
 */
export function allocateEntitlement(
  state: OrganizationState | null,
  organization: string,
  command: AllocateEntitlement,
  context: DecisionContext,
): Decision {
  if (state?.registration == null) return organizationUnknown();
  const refused =
    versionFault(command.envelope, context.streamVersion) ??
    refusal(shapeViolations(organization, command));
  if (refused !== null) return refused;
  const { budgetId, project, application, resource, bound, amount, unitCost } = command;
  const budget = state.budgets.get(budgetId);
  if (budget === undefined) {
    return refuse('BUDGET_UNKNOWN', '/budgetId', `There is no budget ${budgetId}.`);
  }
  const former = state.allocations.get(allocationKey(project, application, resource));
  const cannotPay =
    payerFault(state, budget, command) ??
    waitingFault(state, former) ??
    releaseFault(former, command);
  if (cannotPay !== null) return cannotPay;
  const pending = {
    budgetId,
    amount: bound === 'blocked' ? bound : amount,
    unitCost: bound === 'blocked' ? null : unitCost,
    costPicos: bound === 'blocked' || unitCost === null ? 0n : costOf(amount, unitCost),
  };
  if (isSame(former?.accepted ?? null, pending)) return alreadySo;
  const excess =
    excessFault(state, budget, former, pending.costPicos) ??
    splitFault(budget, command, pending.costPicos);
  if (excess !== null) return excess;
  const version = context.streamVersion + 1n;
  const terms = { bound, amount: bound === 'blocked' ? 0n : amount, unitCost: pending.unitCost };
  const cost = decimalOf(pending.costPicos);
  const data = { budgetId, project, application, resource, ...terms, cost, version };
  return accept([{ type: 'EntitlementAllocated', data, ...aboutNoQuota }], version.toString());
}

type Terms = Omit<AllocationTerms, 'allocation' | 'provenance'>;

function isSame(accepted: AllocationTerms | null, { budgetId, amount, unitCost }: Terms): boolean {
  // Nothing is allocated, and nothing is to be.
  if (accepted === null) return false;
  const { budgetId: formerBudget, amount: formerAmount, unitCost: formerCost } = accepted;
  if (amount !== formerAmount || budgetId !== formerBudget) return false;
  return sameValue(unitCost, formerCost);
}

function shapeViolations(organization: string, command: AllocateEntitlement): Violation[] {
  const { project, application, resource, bound, amount, unitCost } = command;
  const violations = projectIdViolations(organization, project);
  const require = (holds: boolean, path: string, message: string): void => {
    if (!holds) violations.push(violation('ALLOCATION_INVALID', path, message));
  };
  require(isSegment(application), '/application', 'The application is not named.');
  require(isResourceName(resource), '/resource', 'The resource is not named.');
  require(bound !== 'unlimited', '/bound', 'No budget pays for what is unlimited.');
  if (bound !== 'amount') return violations;
  require(amount >= 1n && amount <= AMOUNT_MAX, '/amount', 'An allocation is of 1 unit or more.');
  if (unitCost === null) {
    require(false, '/unitCost', 'What is allocated has a price, if only 0.');
    return violations;
  }
  return [...violations, ...unitCostViolations(unitCost)];
}

function unitCostViolations(cost: UnitCost): Violation[] {
  const violations: Violation[] = [];
  const require = (holds: boolean, path: string, message: string): void => {
    if (!holds) violations.push(violation('ALLOCATION_INVALID', `/unitCost/${path}`, message));
  };
  const { amount, perUnits, unitsPerWindow, priceBookVersion } = cost;
  require(isDecimal(amount) && !isNegative(amount), 'amount', 'A price is a decimal from 0.');
  require(perUnits >= 1n, 'perUnits', 'A price buys 1 unit or more.');
  require(unitsPerWindow >= 1n, 'unitsPerWindow', 'A unit of it uses up 1 base unit or more.');
  require(priceBookVersion >= 1n, 'priceBookVersion', 'A price book has versions from 1.');
  return violations;
}

/** The budget must be the project's, or of what stands above it, and its prices those of the evidence. */
function payerFault(
  state: OrganizationState,
  budget: BudgetState,
  { project, unitCost }: AllocateEntitlement,
): Decision | null {
  if (!state.projects.has(project)) {
    return refuse('PROJECT_UNKNOWN', '/project', `There is no project ${project}.`);
  }
  const holder = holderOf(budget);
  let at: string | null = projectHolder(project);
  while (at !== null && at !== holder) at = parentHolder(state, at);
  if (at === null) {
    const message = `Budget ${budget.budgetId} is not for ${project}, nor for a team above it.`;
    return refuse('ALLOCATION_INVALID', '/budgetId', message);
  }
  if (unitCost === null) return null;
  if (unitCost.currency !== budget.currency) {
    const message = `The budget is in ${budget.currency}, the price in ${unitCost.currency}.`;
    return refuse('CURRENCY_MIXED', '/unitCost/currency', message);
  }
  if (unitCost.priceBook === budget.priceBook) return null;
  const message = `The budget is spent by price book ${budget.priceBook}.`;
  return refuse('ALLOCATION_INVALID', '/unitCost/priceBook', message);
}

function waitingFault(
  state: OrganizationState,
  former: AllocationState | undefined,
): Decision | null {
  if (former === undefined) {
    return state.allocations.size < ALLOCATIONS_MAX
      ? null
      : refuse('TOO_MANY', '', `${state.id} has ${ALLOCATIONS_MAX} allocations.`);
  }
  if (former.pending === null) return null;
  const message = `${former.application} has yet to answer allocation ${former.pending.allocation}.`;
  return refuse('ALLOCATION_PENDING', '', message);
}

/** What is given back goes to the budget that paid: another one named is a mistake about which. */
function releaseFault(
  former: AllocationState | undefined,
  { bound, budgetId }: AllocateEntitlement,
): Decision | null {
  const payer = former?.accepted?.budgetId;
  if (bound !== 'blocked' || payer === undefined || payer === budgetId) return null;
  const message = `Budget ${payer} pays for this allocation, not ${budgetId}: name it to release.`;
  return refuse('ALLOCATION_INVALID', '/budgetId', message);
}

function excessFault(
  state: OrganizationState,
  budget: BudgetState,
  former: AllocationState | undefined,
  costPicos: bigint,
): Decision | null {
  const { budgetId, amount, currency } = budget;
  const kept = former === undefined ? 0n : reservedFor(former, budgetId);
  const keeps = costPicos > kept ? costPicos : kept;
  const others = handedOut(state, budget) - kept;
  if (others + keeps <= picosOf(amount)) return null;
  const message = `Budget ${budgetId} is ${amount} ${currency}: ${decimalOf(others)} is handed out to others, and this costs ${decimalOf(costPicos)}.`;
  return refuse('ALLOCATION_EXCEEDS_BUDGET', '/amount', message);
}

/** A robot hands out what an owner has said in the budget's split: as much of that resource, while the budget is in force. */
function splitFault(
  { budgetId, project, amount, mode, split }: BudgetState,
  command: AllocateEntitlement,
  costPicos: bigint,
): Decision | null {
  if (command.envelope.actor.kind !== 'robot') return null;
  if (mode === 'dry_run' || project !== command.project) {
    const message = `Budget ${budgetId} hands out nothing to ${command.project} by itself.`;
    return refuse('NOT_ALLOWED', '/budgetId', message);
  }
  const share = split.find(
    ({ application, resource }) =>
      application === command.application && resource === command.resource,
  );
  const most = (picosOf(amount) * BigInt(share?.basisPoints ?? 0)) / BigInt(BASIS_POINTS);
  if (share !== undefined && costPicos <= most) return null;
  const message = `The split of budget ${budgetId} gives ${decimalOf(most)} to ${command.resource} of ${command.application}; this costs ${decimalOf(costPicos)}.`;
  return refuse('NOT_ALLOWED', '/amount', message);
}
