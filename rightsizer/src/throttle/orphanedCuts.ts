import type { CutState, HaircutLayer, OrganizationState } from '@prorata/quota-model';
import type { LogView } from '../view/logView.ts';
import { intentsOf, placeOf } from './cutIntents.ts';

/** The cut of a budget that is no more, and the applications where it still lies on quotas. */
export interface OrphanedCut {
  readonly organization: string;
  readonly layer: HaircutLayer;
  readonly applications: readonly string[];
}

/**
 * Cuts of retired budgets that nobody has begun to lift, or whose lift was refused so long ago.
 * @param refusedBefore microseconds
 */
export function orphanedCuts(view: LogView, refusedBefore: bigint): OrphanedCut[] {
  const found = new Map<string, OrphanedCut & { readonly applications: string[] }>();
  for (const application of view.applications()) {
    for (const quota of application.quotas.values()) {
      for (const layer of quota.haircuts.values()) {
        const [organization = ''] = layer.project.split('/');
        const state = view.organization(organization);
        if (state === null || isAlive(state, layer)) continue;
        const place = placeOf({ project: layer.project, application: application.id });
        const intent = intentsOf(state, layer.budgetId).get(place);
        if (intent?.cut.lift != null && (intent.answer?.at ?? refusedBefore) >= refusedBefore)
          continue;
        const key = `${layer.budgetId} ${layer.project}`;
        const orphan = found.get(key) ?? { organization, layer, applications: [] };
        if (!orphan.applications.includes(application.id)) orphan.applications.push(application.id);
        found.set(key, orphan);
      }
    }
  }
  return [...found.values()];
}

/** Cuts of retired budgets that are still to be carried out, and that nobody should. */
export function forsakenCuts(
  view: LogView,
): { readonly organization: string; readonly cut: CutState; readonly application: string }[] {
  return view
    .organizations()
    .flatMap(({ id, cuts, budgets }) =>
      [...cuts.values()]
        .filter(({ lift, budgetId }) => lift === null && !budgets.has(budgetId))
        .flatMap((cut) =>
          [...cut.applications]
            .filter(([, answer]) => answer === null)
            .map(([application]) => ({ organization: id, cut, application })),
        ),
    );
}

/** A budget that has another project now lifts its former cuts itself. */
function isAlive({ budgets }: OrganizationState, { budgetId }: HaircutLayer): boolean {
  return budgets.has(budgetId);
}
