import { about } from './answer.ts';
import type { TreeDraft } from './treeDraft.ts';

/**
 * Lifts the cuts that lie on a quota for projects that do not pay for it any more: their budgets no longer
 * look at it, so that nothing would lift them when the spend is corrected.
 *
 * @param payer who pays from now on; null: nobody
 */
export function liftCutsOfOthers(
  draft: TreeDraft,
  quotaId: string,
  payer: string | null,
  path: string,
): void {
  const cuts = [...(draft.after.quotas.get(quotaId)?.haircuts.values() ?? [])];
  for (const { budgetId, project, spend, budget } of cuts) {
    const quota = draft.after.quotas.get(quotaId);
    if (project === payer || quota === undefined) continue;
    const data = { budgetId, cause: 'person', spend, budget } as const;
    draft.append({ type: 'HaircutLifted', data, ...about(quota) }, () => path);
  }
}
