import type { SetEntitlement } from '@prorata/schemas';
import { isProjectId, isSegment } from '../ids.ts';
import type { ApplicationState, Decision, DecisionContext } from '../model.ts';
import { AMOUNT_MAX, ENTITLEMENTS_MAX } from '../modelBounds.ts';
import { entitlementKey } from '../payers.ts';
import { sameValue } from '../sameValue.ts';
import { excessOf } from '../validate/entitlement.ts';
import { aboutNoQuota, accept, alreadySo, refusal, refuse } from './answer.ts';
import { versionFault } from './preconditions.ts';

/**
 * By hand, or as an allocation of the project's organization has it: a robot carries out allocations, and
 * sets nothing of its own.
 *
 * An entitlement cannot be set below what the project's quotas hold already: lower them first.
 */
export function setEntitlement(
  state: ApplicationState,
  command: SetEntitlement,
  context: DecisionContext,
): Decision {
  const { project, resource, bound, source, envelope } = command;
  const refused =
    versionFault(envelope, context.streamVersion) ??
    shapeFault(state, command) ??
    sourceFault(command);
  if (refused !== null) return refused;
  const amount = bound === 'amount' ? command.amount : bound;
  const key = entitlementKey(project, resource);
  const former = state.entitlements.get(key);
  if (former?.amount === amount && sameValue(former.source, source)) return alreadySo;
  if (former === undefined && state.entitlements.size >= ENTITLEMENTS_MAX) {
    return refuse('TOO_MANY', '', `${state.id} has ${ENTITLEMENTS_MAX} entitlements.`);
  }
  const last = former?.allocated ?? null;
  if (source !== null && last?.organization === source.organization) {
    const message = `Allocation ${last.allocation} has been followed meanwhile.`;
    if (source.allocation <= last.allocation) {
      return refuse('ALLOCATION_SUPERSEDED', '/source/allocation', message);
    }
  }
  const excess = refusal(excessOf(state, { project, resource, amount }, '/amount'));
  if (excess !== null) return excess;
  const data = {
    project,
    resource,
    bound,
    amount: bound === 'amount' ? command.amount : 0n,
    source,
  };
  return accept([{ type: 'EntitlementSet', data, ...aboutNoQuota }]);
}

function sourceFault({ project, source, envelope }: SetEntitlement): Decision | null {
  if (source === null) {
    if (envelope.actor.kind !== 'robot') return null;
    return refuse('NOT_ALLOWED', '/source', 'A robot sets an entitlement by an allocation alone.');
  }
  const { organization, budgetId, allocation } = source;
  if (project.startsWith(`${organization}/`) && isSegment(budgetId) && allocation >= 1n) {
    return null;
  }
  const message = `No such allocation can be of ${project}.`;
  return refuse('ALLOCATION_INVALID', '/source', message);
}

function shapeFault(state: ApplicationState, command: SetEntitlement): Decision | null {
  const { project, resource, bound, amount } = command;
  if (!isProjectId(project)) {
    return refuse('PROJECT_INVALID', '/project', 'The project is <organization>/<project>.');
  }
  if (!state.registration.resources.has(resource)) {
    return refuse('RESOURCE_UNKNOWN', '/resource', `${resource} is not declared.`);
  }
  if (bound !== 'amount') return null;
  if (amount < 0n) return refuse('LIMIT_NEGATIVE', '/amount', 'The amount is negative.');
  if (amount === 0n) {
    return refuse('LIMIT_ZERO_AMBIGUOUS', '/amount', 'For nothing, write the bound "blocked".');
  }
  if (amount > AMOUNT_MAX) return refuse('TOO_LARGE', '/amount', 'The amount is above 2^63-1.');
  return null;
}
