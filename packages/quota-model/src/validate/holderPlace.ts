/** Where teams and projects may stand, and what may not be taken away from under them. */
import type { Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import { TEAM_DEPTH_MAX } from '../modelBounds.ts';
import { holderOf, ORGANIZATION_HOLDER, teamHolder } from '../organization/budgetTree.ts';
import type { OrganizationState } from '../organizationModel.ts';

/** The teams from `teamId` up, itself first. The tree has no cycles, and no more levels than its bound. */
export function teamsFrom(state: OrganizationState, teamId: string | null): string[] {
  const teams: string[] = [];
  for (let at = teamId; at !== null; at = state.teams.get(at)?.parent ?? null) teams.push(at);
  return teams;
}

export function teamPlaceViolations(
  state: OrganizationState,
  teamId: string,
  parent: string | null,
): Violation[] {
  if (parent === null) return [];
  if (!state.teams.has(parent)) {
    return [violation('TEAM_UNKNOWN', '/parent', `There is no team ${parent}.`)];
  }
  const above = teamsFrom(state, parent);
  if (above.includes(teamId)) {
    const message = `${teamId} would stand below itself: ${parent} is below it.`;
    return [violation('TEAM_CYCLE', '/parent', message)];
  }
  const depth = above.length + heightOf(state, teamId);
  if (depth <= TEAM_DEPTH_MAX) return [];
  const message = `Teams would stand ${depth} deep; at most ${TEAM_DEPTH_MAX} do.`;
  return [violation('TEAM_TOO_DEEP', '/parent', message)];
}

/** Levels of teams from `teamId` down, itself included. */
function heightOf(state: OrganizationState, teamId: string): number {
  let height = 1;
  for (const each of state.teams.keys()) {
    height = Math.max(height, teamsFrom(state, each).indexOf(teamId) + 1);
  }
  return height;
}

/**
 * Allocations whose budget would not be the project's own or one above it any more.
 * @param concerns whether a project would stand elsewhere
 * @param teamsAbove the teams above a project, as they would be
 */
export function strandedAllocations(
  state: OrganizationState,
  concerns: (project: string) => boolean,
  teamsAbove: (project: string) => readonly string[],
): Violation[] {
  return [...state.allocations.values()]
    .filter(({ project }) => concerns(project))
    .flatMap(({ project, application, resource, accepted, pending }) =>
      [accepted, pending].flatMap((terms) => {
        const budget = terms === null ? undefined : state.budgets.get(terms.budgetId);
        if (budget === undefined || budget.project !== '') return [];
        const holder = holderOf(budget);
        if (holder === ORGANIZATION_HOLDER) return [];
        if (teamsAbove(project).some((team) => teamHolder(team) === holder)) return [];
        const message = `Budget ${budget.budgetId} pays for ${resource} in ${application} that ${project} holds: let another budget pay first.`;
        return [violation('BUDGET_IN_USE', '', message)];
      }),
    );
}
