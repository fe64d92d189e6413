import type { ApplicationState, CutState, QuotaState } from '@prorata/quota-model';

/**
 * How many quotas a page of a cut changes, as far as the view knows: those that the project pays for, from where
 * the last page ended on.
 * @param most quotas of a page
 */
export function subjectsOfPage(
  state: ApplicationState | null,
  cut: CutState,
  after: string | null,
  most: number,
): number {
  const ids = state?.paid.get(cut.project)?.after(after ?? '', most) ?? [];
  return ids.filter((id) => {
    const quota = state?.quotas.get(id);
    return quota !== undefined && changes(cut, quota);
  }).length;
}

function changes(cut: CutState, { content, haircuts }: QuotaState): boolean {
  const { tier, cutPriority } = content;
  if (cutPriority < (cut.priorityMin[tier] ?? -Infinity)) return false;
  const cutBasisPoints = cut.cutBasisPoints[tier] ?? 0;
  const former = haircuts.get(cut.budgetId);
  if (former === undefined) return cutBasisPoints > 0;
  return (
    former.cutBasisPoints !== cutBasisPoints ||
    former.floorBasisPoints !== (cut.floorBasisPoints[tier] ?? 0) ||
    former.windowStart !== cut.windowStart
  );
}
