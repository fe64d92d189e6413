import type { DefineTeam, Violation } from '@prorata/schemas';
import type { Decision, OrganizationState, TeamState } from '../model.ts';
import { TEAMS_MAX } from '../modelBounds.ts';
import { holderAbove, teamHolder } from '../organization/budgetTree.ts';
import { moveSumViolations } from '../validate/budgetSums.ts';
import { strandedAllocations, teamPlaceViolations, teamsFrom } from '../validate/holderPlace.ts';
import { nameViolations, teamIdViolations } from '../validate/organizationNames.ts';
import { aboutNoQuota, accept, alreadySo, refusal, refuse } from './answer.ts';
import { organizationUnknown, versionFault } from './preconditions.ts';

/** The version expected is the team's. Another parent moves it with all below it. */
export function defineTeam(state: OrganizationState | null, command: DefineTeam): Decision {
  if (state?.registration == null) return organizationUnknown();
  const { teamId, parent, owner, displayName, envelope } = command;
  const former = state.teams.get(teamId);
  const refused = versionFault(envelope, former?.version ?? 0n);
  if (refused !== null) return refused;
  const shape = refusal([
    ...teamIdViolations(teamId, '/teamId'),
    ...nameViolations(owner, '/owner'),
    ...nameViolations(displayName, '/displayName'),
    ...teamPlaceViolations(state, teamId, parent),
  ]);
  if (shape !== null) return shape;
  if (former === undefined && state.teams.size >= TEAMS_MAX) {
    return refuse('TOO_MANY', '', `${state.id} has ${TEAMS_MAX} teams.`);
  }
  if (former !== undefined) {
    const isSame = former.owner === owner && former.displayName === displayName;
    if (isSame && former.parent === parent) return alreadySo;
    const cannotMove = refusal(moveViolations(state, former, parent));
    if (cannotMove !== null) return cannotMove;
  }
  const version = (former?.version ?? 0n) + 1n;
  const data = { teamId, parent, owner, displayName, version };
  return accept([{ type: 'TeamDefined', data, ...aboutNoQuota }]);
}

function moveViolations(
  state: OrganizationState,
  { teamId, parent: from }: TeamState,
  to: string | null,
): Violation[] {
  if (from === to) return [];
  const above = teamsFrom(state, to);
  const teamsOf = (project: string): string[] =>
    teamsFrom(state, state.projects.get(project)?.team ?? null);
  return [
    ...moveSumViolations(state, teamHolder(teamId), holderAbove(to), '/parent'),
    ...strandedAllocations(
      state,
      (project) => teamsOf(project).includes(teamId),
      (project) => {
        const teams = teamsOf(project);
        return [...teams.slice(0, teams.indexOf(teamId) + 1), ...above];
      },
    ),
  ];
}
