import type { GrantCredit, Violation } from '@prorata/schemas';
import { isDecimal, isNegative, isZero, sameDecimal } from '../decimals.ts';
import { isSegment } from '../ids.ts';
import type { CreditState, Decision, DecisionContext, OrganizationState } from '../model.ts';
import { CREDITS_MAX, CREDIT_MICROS_MAX } from '../modelBounds.ts';
import { currencyViolations } from '../validate/money.ts';
import { aboutNoQuota, accept, alreadySo, refusal, refuse, violation } from './answer.ts';
import { projectIdViolations } from './defineProject.ts';
import { organizationUnknown, versionFault } from './preconditions.ts';

/** The same credit again is so already; another of the name is refused, for a retry must not pay twice. */
export function grantCredit(
  state: OrganizationState | null,
  organization: string,
  command: GrantCredit,
  context: DecisionContext,
): Decision {
  if (state?.registration == null) return organizationUnknown();
  const { envelope, ...terms } = command;
  const refused =
    versionFault(envelope, context.streamVersion) ??
    refusal(creditViolations(organization, command, context));
  if (refused !== null) return refused;
  const former = state.credits.get(terms.creditId);
  if (former !== undefined) {
    if (isSame(former, command)) return alreadySo;
    const message = `Credit ${former.creditId} is of ${former.amount} ${former.currency}.`;
    return refuse('CREDIT_EXISTS', '/creditId', message);
  }
  if (state.credits.size >= CREDITS_MAX) {
    return refuse('TOO_MANY', '', `${organization} has ${CREDITS_MAX} credits.`);
  }
  const { project, priceBook, currency } = terms;
  if (project !== null && !state.projects.has(project)) {
    return refuse('PROJECT_UNKNOWN', '/project', `There is no project ${project}.`);
  }
  const mixed = otherCurrency(state, priceBook, currency);
  if (mixed !== null) {
    return refuse('CURRENCY_MIXED', '/currency', `Price book ${priceBook} is in ${mixed}.`);
  }
  return accept([{ type: 'CreditGranted', data: terms, ...aboutNoQuota }]);
}

function isSame(former: CreditState, command: GrantCredit): boolean {
  return (
    former.project === command.project &&
    former.priceBook === command.priceBook &&
    former.currency === command.currency &&
    former.at === command.at &&
    sameDecimal(former.amount, command.amount)
  );
}

/** The book's own stream has its currency; budgets and closed periods, which are here, tell it as well. */
function otherCurrency(
  state: OrganizationState,
  priceBook: string,
  currency: string,
): string | null {
  const closed = state.closedPeriods.get(priceBook)?.currency ?? currency;
  if (closed !== currency) return closed;
  for (const budget of state.budgets.values()) {
    if (budget.priceBook === priceBook && budget.currency !== currency) return budget.currency;
  }
  return null;
}

function creditViolations(
  organization: string,
  { creditId, project, priceBook, amount, currency, at, envelope }: GrantCredit,
  { now }: DecisionContext,
): Violation[] {
  const violations = currencyViolations(currency);
  const require = (holds: boolean, path: string, message: string): void => {
    if (!holds) violations.push(violation('CREDIT_INVALID', path, message));
  };
  require(isSegment(creditId), '/creditId', 'A credit is named by a-z, 0-9 and inner hyphens.');
  require(isSegment(priceBook), '/priceBook', 'The price book is not named.');
  const isAmount = isDecimal(amount) && !isNegative(amount) && !isZero(amount);
  require(isAmount, '/amount', 'The amount is a decimal above 0.');
  const isNear = at >= now - CREDIT_MICROS_MAX && at <= now + CREDIT_MICROS_MAX;
  require(isNear, '/at', 'A credit counts within 366 days of now.');
  require(envelope.reason.trim() !== '', '/reason', 'Who gives money says why.');
  return project === null
    ? violations
    : [...violations, ...projectIdViolations(organization, project)];
}
