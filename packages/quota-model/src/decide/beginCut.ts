import type { BeginCut, Violation } from '@prorata/schemas';
import { isSegment } from '../ids.ts';
import type { Decision, DecisionContext, OrganizationState } from '../model.ts';
import {
  CUT_APPLICATIONS_MAX,
  CUTS_AND_LIFTS_WAITING_MAX,
  CUTS_WAITING_MAX,
} from '../modelBounds.ts';
import { holderOf, holdsProject } from '../organization/budgetTree.ts';
import { cutViolations } from '../validate/haircutShape.ts';
import { aboutNoQuota, accept, refusal, refuse, violation } from './answer.ts';
import { projectIdViolations } from './defineProject.ts';
import { versionFault } from './preconditions.ts';

/**
 * The intent of a cut, or of its lift, before any application is asked: who carries it out can be
 * ended at any moment, and another goes on from here. The budget of a team, or of the organization, cuts each
 * of its projects by an intent of its own. A lift may be of a budget that is no more.
 */
export function beginCut(
  state: OrganizationState | null,
  organization: string,
  command: BeginCut,
  context: DecisionContext,
): Decision {
  const { envelope, ...terms } = command;
  const refused =
    versionFault(envelope, context.streamVersion) ??
    refusal([
      ...projectIdViolations(organization, terms.project),
      ...applicationViolations(terms.applications),
      ...cutViolations(terms),
    ]);
  if (refused !== null) return refused;
  const refusedCut = terms.lift === null ? cutFault(state, command, context) : null;
  if (refusedCut !== null) return refusedCut;
  const waiting = waitingBeside(state, terms, new Set(terms.applications));
  const most = terms.lift === null ? CUTS_WAITING_MAX : CUTS_AND_LIFTS_WAITING_MAX;
  if (waiting + terms.applications.length > most) {
    return refuse('TOO_MANY', '', `${waiting} cuts wait for an answer, or were refused.`);
  }
  const cutId = context.streamVersion + 1n;
  return accept(
    [{ type: 'CutIntended', data: { ...terms, cutId }, ...aboutNoQuota }],
    cutId.toString(),
  );
}

function cutFault(
  state: OrganizationState | null,
  command: BeginCut,
  context: DecisionContext,
): Decision | null {
  const budget = state?.budgets.get(command.budgetId);
  if (budget?.mode === 'dry_run') {
    const message = `Budget ${budget.budgetId} only tells what it would cut.`;
    return refuse('BUDGET_IN_DRY_RUN', '/budgetId', message);
  }
  return cutPlaceFault(state, command, context);
}

/** Whether the budget reaches the project and may cut now, by any mode. */
export function cutPlaceFault(
  state: OrganizationState | null,
  { budgetId, project, windowEnd }: Pick<BeginCut, 'budgetId' | 'project' | 'windowEnd'>,
  { now }: DecisionContext,
): Decision | null {
  const budget = state?.budgets.get(budgetId);
  if (state === null || budget === undefined) {
    return refuse('BUDGET_UNKNOWN', '/budgetId', `There is no budget ${budgetId}.`);
  }
  if (!holdsProject(state, holderOf(budget), project)) {
    const message = `Budget ${budgetId} is not that of ${project}, nor of what it is part of.`;
    return refuse('HAIRCUT_INVALID', '/project', message);
  }
  if (budget.override !== null && budget.override.until > now) {
    const message = `Somebody keeps budget ${budgetId} from cutting: ${budget.override.provenance.reason}`;
    return refuse('BUDGET_OVERRIDDEN', '/budgetId', message);
  }
  if (windowEnd > now) return null;
  return refuse('HAIRCUT_TOO_LATE', '/windowEnd', 'The window is over: its cut has lifted.');
}

export function applicationViolations(applications: readonly string[]): Violation[] {
  const path = '/applications';
  if (applications.length === 0 || applications.length > CUT_APPLICATIONS_MAX) {
    const message = `A cut is of 1 to ${CUT_APPLICATIONS_MAX} applications.`;
    return [violation('HAIRCUT_INVALID', path, message)];
  }
  if (applications.every(isSegment) && new Set(applications).size === applications.length)
    return [];
  return [violation('HAIRCUT_INVALID', path, 'Each application is named, once.')];
}

/** What the intent does not take the place of. */
function waitingBeside(
  state: OrganizationState | null,
  { budgetId, project }: Pick<BeginCut, 'budgetId' | 'project'>,
  named: ReadonlySet<string>,
): number {
  let waiting = 0;
  for (const cut of state?.cuts.values() ?? []) {
    for (const application of cut.applications.keys()) {
      const isAlike = cut.budgetId === budgetId && cut.project === project;
      if (!isAlike || !named.has(application)) waiting += 1;
    }
  }
  return waiting;
}
