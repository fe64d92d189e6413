import type { BudgetWindow, DefineBudget, Violation } from '@prorata/schemas';
import { isDecimal, isNegative, isZero } from '../decimals.ts';
import { isSegment } from '../ids.ts';
import type { BudgetState, Decision, OrganizationState } from '../model.ts';
import { BUDGETS_MAX, BUDGET_WINDOW_MICROS_MIN } from '../modelBounds.ts';
import { holderOf, seriesOf } from '../organization/budgetTree.ts';
import { isTimeZone, TZDATA_VERSION } from '../organization/timeZones.ts';
import { sameValue } from '../sameValue.ts';
import { budgetSumViolations } from '../validate/budgetSums.ts';
import type { BudgetTerms } from '../validate/budgetSums.ts';
import {
  sortedShares,
  sortedThresholds,
  splitViolations,
  thresholdViolations,
  THRESHOLDS_DEFAULT,
} from '../validate/budgetTerms.ts';
import { currencyViolations } from '../validate/money.ts';
import { aboutNoQuota, accept, alreadySo, refusal, refuse, violation } from './answer.ts';
import { projectIdViolations } from './defineProject.ts';
import { versionFault } from './preconditions.ts';

/**
 * The version expected is the budget's, 0 for one that is not there yet. What the command leaves open stays
 * as it is; a new budget is in dry_run, so that nobody is cut by a first guess.
 */
export function defineBudget(
  state: OrganizationState | null,
  organization: string,
  command: DefineBudget,
): Decision {
  const { budgetId, project, team, amount, currency, window, priceBook, tierPolicy } = command;
  const former = state?.budgets.get(budgetId);
  const refused = versionFault(command.envelope, former?.version ?? 0n);
  if (refused !== null) return refused;
  const data: BudgetTerms = {
    budgetId,
    project,
    team,
    amount,
    currency,
    window,
    priceBook,
    tierPolicy,
    mode: command.mode ?? former?.mode ?? 'dry_run',
    thresholds: sortedThresholds(command.thresholds ?? former?.thresholds ?? THRESHOLDS_DEFAULT),
    split: sortedShares(command.split ?? former?.split ?? []),
  };
  const shape = refusal([
    ...budgetViolations(organization, command),
    ...thresholdViolations(command.thresholds ?? []),
    ...splitViolations(data.split, project),
  ]);
  if (shape !== null) return shape;
  if (former !== undefined) {
    if (sameValue({ ...former, ...data }, former)) return alreadySo;
  } else if ((state?.budgets.size ?? 0) >= BUDGETS_MAX) {
    return refuse('TOO_MANY', '', `${organization} has ${BUDGETS_MAX} budgets.`);
  }
  const place = refusal(placeViolations(state, data));
  if (place !== null) return place;
  const version = (former?.version ?? 0n) + 1n;
  return accept([{ type: 'BudgetDefined', data: { ...data, version }, ...aboutNoQuota }]);
}

/** In a registered organization a budget has a place in its tree; before, only projects have budgets. */
function placeViolations(state: OrganizationState | null, terms: BudgetTerms): Violation[] {
  const { budgetId, project, team } = terms;
  if (state?.registration == null) {
    if (project !== '') return [];
    const message = 'The organization is not registered: only projects have budgets.';
    return [violation('ORGANIZATION_UNKNOWN', '/project', message)];
  }
  if (team !== null && !state.teams.has(team)) {
    return [violation('TEAM_UNKNOWN', '/team', `There is no team ${team}.`)];
  }
  if (project !== '' && !state.projects.has(project)) {
    return [violation('PROJECT_UNKNOWN', '/project', `There is no project ${project}.`)];
  }
  const former = state.budgets.get(budgetId);
  if (former !== undefined && state.allocated.has(budgetId) && !isSameKind(former, terms)) {
    const message = 'It pays for allocations: its holder, currency, window and price book stay.';
    return [violation('BUDGET_IN_USE', '', message)];
  }
  return budgetSumViolations(state, terms);
}

/** What allocations were priced and checked by. */
function isSameKind(former: BudgetState, terms: BudgetTerms): boolean {
  return (
    holderOf(former) === holderOf(terms) &&
    seriesOf(former) === seriesOf(terms) &&
    former.priceBook === terms.priceBook
  );
}

function budgetViolations(organization: string, command: DefineBudget): Violation[] {
  const { budgetId, project, team, amount, priceBook, tierPolicy } = command;
  const violations = currencyViolations(command.currency);
  const require = (holds: boolean, path: string, message: string): void => {
    if (!holds) violations.push(violation('BUDGET_INVALID', path, message));
  };
  require(isSegment(budgetId), '/budgetId', 'A budget is named by a-z, 0-9 and inner hyphens.');
  require(project === '' ||
    projectIdViolations(organization, project).length ===
      0, '/project', `The project is ${organization}/<project>.`);
  require(project === '' ||
    team === null, '/team', 'A budget is of a project or of a team, not of both.');
  require(isDecimal(amount) &&
    !isNegative(amount) &&
    !isZero(
      amount,
    ), '/amount', 'The amount is a decimal above 0: to stop a project, block its quotas.');
  require(isSegment(priceBook), '/priceBook', 'The price book is not named.');
  require(isSegment(tierPolicy), '/tierPolicy', 'The tier policy is not named.');
  return [...violations, ...windowViolations(command.window)];
}

/** What divides a year into equal calendar windows; a week has 7 days and starts on a Monday. */
const COUNTS: Readonly<Record<BudgetWindow['kind'], readonly number[]>> = {
  calendar_day: [1, 7],
  calendar_month: [1, 2, 3, 4, 6, 12],
  fixed: [1],
};

function windowViolations(window: BudgetWindow): Violation[] {
  const { kind, timeZone, lengthMicros, anchor, count } = window;
  const violations: Violation[] = [];
  const require = (holds: boolean, path: string, message: string): void => {
    if (!holds) violations.push(violation('BUDGET_INVALID', `/window/${path}`, message));
  };
  if (!isTimeZone(timeZone)) {
    const message = `A time zone is a name of tzdata ${TZDATA_VERSION}, such as Europe/Berlin.`;
    violations.push(violation('TIME_ZONE_UNKNOWN', '/window/timeZone', message));
  }
  require(COUNTS[kind].includes(count), 'count', `It is one of ${COUNTS[kind].join(', ')}.`);
  if (kind === 'fixed') {
    require(lengthMicros !== null &&
      lengthMicros >=
        BUDGET_WINDOW_MICROS_MIN, 'lengthMicros', 'A fixed window is a second long or longer.');
    require(anchor !== null, 'anchor', 'A fixed window needs the start of one window.');
  } else {
    require(lengthMicros === null, 'lengthMicros', 'The calendar says how long its windows are.');
    require(anchor === null, 'anchor', 'The calendar says when its windows start.');
  }
  return violations;
}
