import type { RetireProject, Violation } from '@prorata/schemas';
import type { Decision, OrganizationState } from '../model.ts';
import { aboutNoQuota, accept, refusal, refuse, violation } from './answer.ts';
import { organizationUnknown, versionFault } from './preconditions.ts';

/** Quotas that name the project keep it: they stand in other streams, and their spend is still theirs. */
export function retireProject(state: OrganizationState | null, command: RetireProject): Decision {
  if (state?.registration == null) return organizationUnknown();
  const { project } = command;
  const known = state.projects.get(project);
  if (known === undefined) {
    return refuse('PROJECT_UNKNOWN', '/project', `There is no project ${project}.`);
  }
  const refused = versionFault(command.envelope, known.version) ?? refusal(usesOf(state, project));
  return refused ?? accept([{ type: 'ProjectRetired', data: { project }, ...aboutNoQuota }]);
}

function usesOf(state: OrganizationState, project: string): Violation[] {
  const budgets = [...state.budgets.values()]
    .filter((budget) => budget.project === project)
    .map(({ budgetId }) => `Budget ${budgetId} is still its own.`);
  const allocations = [...state.allocations.values()]
    .filter((allocation) => allocation.project === project)
    .map(({ application, resource }) => `It still holds ${resource} in ${application}.`);
  return [...budgets, ...allocations].map((message) =>
    violation('PROJECT_IN_USE', '/project', message),
  );
}
