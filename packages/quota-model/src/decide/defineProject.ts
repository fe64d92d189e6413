import type { DefineProject, Violation } from '@prorata/schemas';
import { isProjectId, quoted } from '../ids.ts';
import type { Decision, OrganizationState } from '../model.ts';
import { PROJECTS_MAX } from '../modelBounds.ts';
import { holderAbove, projectHolder } from '../organization/budgetTree.ts';
import { joinSumViolations, moveSumViolations } from '../validate/budgetSums.ts';
import { strandedAllocations, teamsFrom } from '../validate/holderPlace.ts';
import { nameViolations } from '../validate/organizationNames.ts';
import { aboutNoQuota, accept, alreadySo, refusal, refuse, violation } from './answer.ts';
import { organizationUnknown, versionFault } from './preconditions.ts';

/** The version expected is the project's. Budgets that it had before become part of the tree. */
export function defineProject(
  state: OrganizationState | null,
  organization: string,
  command: DefineProject,
): Decision {
  if (state?.registration == null) return organizationUnknown();
  const { project, team, owner, displayName, envelope } = command;
  const former = state.projects.get(project);
  const refused = versionFault(envelope, former?.version ?? 0n);
  if (refused !== null) return refused;
  const shape = refusal([
    ...projectIdViolations(organization, project),
    ...nameViolations(owner, '/owner'),
    ...nameViolations(displayName, '/displayName'),
    ...(team === null || state.teams.has(team)
      ? []
      : [violation('TEAM_UNKNOWN', '/team', `There is no team ${team}.`)]),
  ]);
  if (shape !== null) return shape;
  if (former === undefined && state.projects.size >= PROJECTS_MAX) {
    return refuse('TOO_MANY', '', `${organization} has ${PROJECTS_MAX} projects.`);
  }
  if (former !== undefined) {
    const isSame = former.owner === owner && former.displayName === displayName;
    if (isSame && former.team === team) return alreadySo;
  }
  const cannotStand = refusal(
    former === undefined
      ? joinViolations(state, project, team)
      : moveViolations(state, project, former.team, team),
  );
  if (cannotStand !== null) return cannotStand;
  const version = (former?.version ?? 0n) + 1n;
  const data = { project, team, owner, displayName, version };
  return accept([{ type: 'ProjectDefined', data, ...aboutNoQuota }]);
}

export function projectIdViolations(organization: string, project: string): Violation[] {
  if (isProjectId(project) && project.startsWith(`${organization}/`)) return [];
  return [
    violation(
      'PROJECT_INVALID',
      '/project',
      `${quoted(project)} is not ${organization}/<project>.`,
    ),
  ];
}

function joinViolations(
  state: OrganizationState,
  project: string,
  team: string | null,
): Violation[] {
  const budgets = [...state.budgets.values()].filter((budget) => budget.project === project);
  return joinSumViolations(state, budgets, holderAbove(team), '/team');
}

function moveViolations(
  state: OrganizationState,
  project: string,
  from: string | null,
  to: string | null,
): Violation[] {
  if (from === to) return [];
  const above = teamsFrom(state, to);
  return [
    ...moveSumViolations(state, projectHolder(project), holderAbove(to), '/team'),
    ...strandedAllocations(
      state,
      (each) => each === project,
      () => above,
    ),
  ];
}
