import { projectOf } from '@prorata/quota-model';
import type { BudgetState, HaircutLayer, QuotaState, TierPolicyState } from '@prorata/quota-model';
import type { LogView } from '../view/logView.ts';
import { stepAt } from './judgeBudget.ts';
import type { ApplicationStanding, StandingCut, TierCut } from './judgeBudget.ts';

/** The figure of a cut's evidence that names its step. */
export const STEP_FIGURE = 'step';

/**
 * The applications that concern a budget: where its project pays for a quota, and where a cut of it
 * still lies, also under a project that the budget was for before.
 */
export function standingsOf(
  view: LogView,
  organization: string,
  budget: BudgetState,
  tierPolicy: TierPolicyState | null,
  newestUsage: ReadonlyMap<string, bigint>,
): ApplicationStanding[] {
  return view.applications().flatMap((state) => {
    const quotas = [...state.quotas.values()];
    const paid = quotas.filter((quota) => projectOf(state, quota.quotaId) === budget.project);
    const layer = latestLayer(quotas, organization, budget.budgetId);
    if (paid.length === 0 && layer === null) return [];
    const cut = layer && standingCut(layer, tierPolicy);
    const project = cut?.project ?? budget.project;
    return {
      application: state.id,
      pays: paid.length > 0,
      tiers: [...new Set(paid.filter(hasNumber).map(({ content }) => content.tier))],
      cut,
      tierCuts: cut === null ? [] : tierCutsOf(paid, budget),
      uncovered: cut === null ? [] : uncovered(paid, budget, tierPolicy, cut.step),
      liftedAt: view.cutHistory(state.id, project, budget.budgetId).liftedAt,
      newestUsage: newestUsage.get(state.id) ?? null,
    };
  });
}

/** Budgets of two organizations may have the same id; the project tells them apart. */
function latestLayer(
  quotas: readonly QuotaState[],
  organization: string,
  budgetId: string,
): HaircutLayer | null {
  let latest: HaircutLayer | null = null;
  for (const quota of quotas) {
    const layer = quota.haircuts.get(budgetId);
    if (layer === undefined || !layer.project.startsWith(`${organization}/`)) continue;
    if (latest === null || layer.provenance.streamVersion > latest.provenance.streamVersion) {
      latest = layer;
    }
  }
  return latest;
}

function standingCut(layer: HaircutLayer, tierPolicy: TierPolicyState | null): StandingCut {
  const { project, windowStart, windowEnd, budget, spend, currency, overrunBasisPoints } = layer;
  const written = layer.evidence.figures[STEP_FIGURE];
  // A cut that a person applied names no step; its overrun does.
  const step =
    written !== undefined && /^\d{1,6}$/.test(written)
      ? Number(written)
      : tierPolicy === null
        ? 0
        : Math.max(0, stepAt(tierPolicy, overrunBasisPoints));
  return {
    project,
    step,
    tierPolicy: layer.tierPolicy,
    tierPolicyVersion: layer.tierPolicyVersion,
    windowStart,
    windowEnd,
    budget,
    spend,
    currency,
    appliedAt: layer.provenance.at,
  };
}

function tierCutsOf(paid: readonly QuotaState[], { budgetId }: BudgetState): TierCut[] {
  const cuts = new Map<string, TierCut>();
  for (const quota of paid.filter(hasNumber)) {
    const layer = quota.haircuts.get(budgetId);
    if (layer === undefined) continue;
    const { cutBasisPoints, floorBasisPoints } = layer;
    const { tier } = quota.content;
    cuts.set([tier, cutBasisPoints, floorBasisPoints].join(' '), {
      tier,
      cutBasisPoints,
      floorBasisPoints,
    });
  }
  return [...cuts.values()];
}

/** Quotas that the cut should lie on and does not: made, or paid for by the project, since. */
function uncovered(
  paid: readonly QuotaState[],
  { budgetId }: BudgetState,
  tierPolicy: TierPolicyState | null,
  step: number,
): string[] {
  const cuts = tierPolicy?.steps[step]?.cutBasisPoints ?? [];
  return paid
    .filter((quota) => !quota.haircuts.has(budgetId) && hasNumber(quota))
    .filter(({ content }) => (cuts[content.tier] ?? 0) > 0)
    .map(({ quotaId }) => quotaId)
    .sort();
}

/** Blocked has nothing to cut, unlimited nothing to cut from, and an inherited limit is cut where it stands. */
function hasNumber({ content }: QuotaState): boolean {
  return content.limits.some(({ bound }) => bound === 'amount');
}
