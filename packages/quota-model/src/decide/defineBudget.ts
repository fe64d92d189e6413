import type { BudgetWindow, DefineBudget, Violation } from '@prorata/schemas';
import { isDecimal, isNegative, isZero } from '../decimals.ts';
import { isProjectId, isSegment } from '../ids.ts';
import type { BudgetState, Decision, OrganizationState } from '../model.ts';
import { BUDGETS_MAX, BUDGET_WINDOW_MICROS_MIN, TEXT_LENGTH_MAX } from '../modelBounds.ts';
import { sameValue } from '../sameValue.ts';
import { currencyViolations } from '../validate/money.ts';
import { aboutNoQuota, accept, alreadySo, refusal, refuse, violation } from './answer.ts';
import { versionFault } from './preconditions.ts';

/** The version expected is the budget's, 0 for one that is not there yet. */
export function defineBudget(
  state: OrganizationState | null,
  organization: string,
  command: DefineBudget,
): Decision {
  const { budgetId, project, amount, currency, window, priceBook, tierPolicy } = command;
  const former = state?.budgets.get(budgetId);
  const refused = versionFault(command.envelope, former?.version ?? 0n);
  if (refused !== null) return refused;
  const shape = refusal(budgetViolations(organization, command));
  if (shape !== null) return shape;
  const data = { budgetId, project, amount, currency, window, priceBook, tierPolicy };
  if (former !== undefined) {
    if (sameValue(termsOf(former), data)) return alreadySo;
  } else if ((state?.budgets.size ?? 0) >= BUDGETS_MAX) {
    return refuse('TOO_MANY', '', `${organization} has ${BUDGETS_MAX} budgets.`);
  }
  const version = (former?.version ?? 0n) + 1n;
  return accept([{ type: 'BudgetDefined', data: { ...data, version }, ...aboutNoQuota }]);
}

function termsOf(budget: BudgetState): Omit<BudgetState, 'version' | 'provenance'> {
  const { budgetId, project, amount, currency, window, priceBook, tierPolicy } = budget;
  return { budgetId, project, amount, currency, window, priceBook, tierPolicy };
}

function budgetViolations(organization: string, command: DefineBudget): Violation[] {
  const { budgetId, project, amount, priceBook, tierPolicy } = command;
  const violations = currencyViolations(command.currency);
  const require = (holds: boolean, path: string, message: string): void => {
    if (!holds) violations.push(violation('BUDGET_INVALID', path, message));
  };
  require(isSegment(budgetId), '/budgetId', 'A budget is named by a-z, 0-9 and inner hyphens.');
  require(isProjectId(project) &&
    project.startsWith(
      `${organization}/`,
    ), '/project', `The project is ${organization}/<project>.`);
  require(isDecimal(amount) &&
    !isNegative(amount) &&
    !isZero(
      amount,
    ), '/amount', 'The amount is a decimal above 0: to stop a project, block its quotas.');
  require(isSegment(priceBook), '/priceBook', 'The price book is not named.');
  require(isSegment(tierPolicy), '/tierPolicy', 'The tier policy is not named.');
  return [...violations, ...windowViolations(command.window)];
}

/** The form of an IANA name; whether the zone exists is for those who compute windows to say. */
const TIME_ZONE = /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/;

function windowViolations(window: BudgetWindow): Violation[] {
  const { kind, timeZone, lengthMicros, anchor } = window;
  const violations: Violation[] = [];
  const require = (holds: boolean, path: string, message: string): void => {
    if (!holds) violations.push(violation('BUDGET_INVALID', `/window/${path}`, message));
  };
  require(timeZone.length <= TEXT_LENGTH_MAX &&
    TIME_ZONE.test(timeZone), 'timeZone', 'A time zone is a name such as Europe/Berlin.');
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
