import type { Violation } from '@prorata/schemas';
import type { ChangedQuota, TreeChange } from '../decide/treeDraft.ts';
import type { QuotaState } from '../model.ts';
import { sameValue } from '../sameValue.ts';
import { attributesViolations } from './attributesSchema.ts';
import { CheckBudget } from './checkBudget.ts';
import { brokenRules } from './ownRules.ts';

/** What the application's own schema and rules say against the quotas that a command changes. */
export function ownCheckViolations({
  before: former,
  after: state,
  quotas,
}: TreeChange): Violation[] {
  const { checks } = state.registration;
  if (checks.attributesSchema === null && checks.rules.length === 0) return [];
  const budget = new CheckBudget();
  return quotas.flatMap((changed) => {
    const { before, after } = changed;
    if (after === null || budget.isOver || saysNothingNew(before, after)) return [];
    const path = contentPathOf(changed);
    const { attributes } = after.content;
    // A schema is taken only where all that is there satisfies it: the same text needs no second look.
    const isKnown = former.registration.checks === checks && former.attributes.has(attributes);
    return [
      ...(isKnown ? [] : attributesViolations(checks, attributes, `${path}/attributes`, budget)),
      ...brokenRules(state, after, path, budget),
    ];
  });
}

/** A new quota's content stands in a field of its own; a change's fields are the command's. */
function contentPathOf({ before, pathOf }: ChangedQuota): string {
  const path = pathOf(null);
  return before === null ? `${path}/content` : path;
}

/**
 * Whether what the owner declared stays, and nothing is set that was not: where evidence merely ends, the
 * quota was let in as it is, and a rule that is newer than it has no say.
 */
function saysNothingNew(before: QuotaState | null, after: QuotaState): boolean {
  return (
    before?.quotaId === after.quotaId &&
    sameValue(before.content, after.content) &&
    [...after.rightsized].every(([resource, layer]) => before.rightsized.get(resource) === layer)
  );
}
