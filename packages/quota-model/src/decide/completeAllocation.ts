import type { CompleteAllocation } from '@prorata/schemas';
import type { Decision, DecisionContext, OrganizationState } from '../model.ts';
import { allocationKey } from '../organizationModel.ts';
import { aboutNoQuota, accept, alreadySo, refuse } from './answer.ts';
import { answerFault } from './answerShape.ts';
import { versionFault } from './preconditions.ts';

/** The answer is that of the application's stream: the budget keeps what was accepted, and no more. */
export function completeAllocation(
  state: OrganizationState | null,
  command: CompleteAllocation,
  context: DecisionContext,
): Decision {
  const { project, application, resource, allocation, answer, code, detail } = command;
  const refused = versionFault(command.envelope, context.streamVersion) ?? answerFault(command);
  if (refused !== null) return refused;
  const known = state?.allocations.get(allocationKey(project, application, resource));
  if (known?.pending?.allocation !== allocation) {
    const isSo = answer === 'accepted' && known?.accepted?.allocation === allocation;
    if (isSo) return alreadySo;
    const message = `No allocation ${allocation} of ${resource} in ${application} waits for an answer.`;
    return refuse('ALLOCATION_UNKNOWN', '/allocation', message);
  }
  const data = { project, application, resource, allocation, answer, code, detail };
  return accept([{ type: 'AllocationCompleted', data, ...aboutNoQuota }]);
}
