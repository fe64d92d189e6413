import type { Violation } from '@prorata/schemas';
import type { ChangedQuota, TreeChange } from '../decide/treeDraft.ts';
import { attributesViolations } from './attributesSchema.ts';
import { CheckBudget } from './checkBudget.ts';
import { brokenRules } from './ownRules.ts';

/** What the application's own schema and rules say against the quotas that a command changes. */
export function ownCheckViolations({ after: state, quotas }: TreeChange): Violation[] {
  const { checks } = state.registration;
  if (checks.attributesSchema === null && checks.rules.length === 0) return [];
  const budget = new CheckBudget();
  return quotas.flatMap((changed) => {
    const { after } = changed;
    if (after === null || budget.isOver) return [];
    const path = contentPathOf(changed);
    return [
      ...attributesViolations(checks, after.content.attributes, `${path}/attributes`, budget),
      ...brokenRules(state, after, path, budget),
    ];
  });
}

/** A new quota's content stands in a field of its own; a change's fields are the command's. */
function contentPathOf({ before, pathOf }: ChangedQuota): string {
  const path = pathOf(null);
  return before === null ? `${path}/content` : path;
}
