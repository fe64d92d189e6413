import type { WithdrawCredit } from '@prorata/schemas';
import type { Decision, DecisionContext, OrganizationState } from '../model.ts';
import { aboutNoQuota, accept, refuse } from './answer.ts';
import { versionFault } from './preconditions.ts';

/** The event tells the credit again, so that whoever reads it needs no other. */
export function withdrawCredit(
  state: OrganizationState | null,
  { creditId, envelope }: WithdrawCredit,
  context: DecisionContext,
): Decision {
  const refused = versionFault(envelope, context.streamVersion);
  if (refused !== null) return refused;
  const credit = state?.credits.get(creditId);
  if (credit === undefined) {
    return refuse('CREDIT_UNKNOWN', '/creditId', `There is no credit ${creditId}.`);
  }
  if (envelope.reason.trim() === '') {
    return refuse('CREDIT_INVALID', '/reason', 'Who takes money back says why.');
  }
  const { project, priceBook, amount, currency, at, grantedVersion } = credit;
  const data = { creditId, project, priceBook, amount, currency, at, grantedVersion };
  return accept([{ type: 'CreditWithdrawn', data, ...aboutNoQuota }]);
}
