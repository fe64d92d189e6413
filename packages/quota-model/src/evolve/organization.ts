import { BrokenStream } from '../faults.ts';
import type { OrganizationState } from '../model.ts';
import { provenanceOf, streamIdOf } from './origin.ts';
import type { EventOf } from './origin.ts';

export function evolveOrganization(
  state: OrganizationState | null,
  event: EventOf<'BudgetDefined'>,
): OrganizationState {
  const organization: OrganizationState = state ?? {
    kind: 'organization',
    id: streamIdOf(event, 'organization'),
    budgets: new Map(),
  };
  const { budgetId, version, project, amount, currency, window, priceBook, tierPolicy } =
    event.value;
  if (version !== (organization.budgets.get(budgetId)?.version ?? 0n) + 1n) {
    throw new BrokenStream(event, `budget ${budgetId} skips a version`);
  }
  organization.budgets.set(budgetId, {
    budgetId,
    version,
    project,
    amount,
    currency,
    window,
    priceBook,
    tierPolicy,
    provenance: provenanceOf(event),
  });
  return organization;
}
