import type { RetireTeam, Violation } from '@prorata/schemas';
import type { Decision, OrganizationState } from '../model.ts';
import { aboutNoQuota, accept, refusal, refuse, violation } from './answer.ts';
import { organizationUnknown, versionFault } from './preconditions.ts';

export function retireTeam(state: OrganizationState | null, command: RetireTeam): Decision {
  if (state?.registration == null) return organizationUnknown();
  const { teamId } = command;
  const team = state.teams.get(teamId);
  if (team === undefined) return refuse('TEAM_UNKNOWN', '/teamId', `There is no team ${teamId}.`);
  const refused = versionFault(command.envelope, team.version) ?? refusal(usesOf(state, teamId));
  return refused ?? accept([{ type: 'TeamRetired', data: { teamId }, ...aboutNoQuota }]);
}

function usesOf(state: OrganizationState, teamId: string): Violation[] {
  const uses = [
    ...[...state.teams.values()]
      .filter(({ parent }) => parent === teamId)
      .map(of('team', 'teamId')),
    ...[...state.projects.values()].filter(({ team }) => team === teamId).map(of('', 'project')),
    ...[...state.budgets.values()]
      .filter(({ team }) => team === teamId)
      .map(of('budget', 'budgetId')),
  ];
  return uses.map((use) =>
    violation('TEAM_IN_USE', '/teamId', `${use} is still part of ${teamId}.`),
  );
}

function of<K extends string>(what: string, key: K): (each: Readonly<Record<K, string>>) => string {
  return (each) => `${what} ${each[key]}`.trim();
}
