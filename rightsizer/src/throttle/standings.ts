import { rehearsedCutKey } from '@prorata/quota-model';
import type {
  ApplicationState,
  BudgetState,
  HaircutLayer,
  OrganizationState,
  QuotaState,
  TierPolicyState,
} from '@prorata/quota-model';
import type { LogView } from '../view/logView.ts';
import { isBelow } from './holdings.ts';
import { stepAt } from './judgeBudget.ts';
import type { ProjectStanding, Rehearsed, Spared, StandingCut } from './judgeBudget.ts';
import type { QuotaGroup } from './waves.ts';

/** The figure of a cut's evidence that names its step. */
export const STEP_FIGURE = 'step';

/** The figure of a cut of quotas that came later: when the cut that it follows was made, microseconds. */
export const SINCE_FIGURE = 'since';

/** Who pays for quotas where, and where cuts lie: read once for all budgets of a look. */
export class PaidPlaces {
  readonly #view: LogView;
  /** By organization: projects that pay for quotas, and the applications. */
  readonly #paid = new Map<string, Map<string, ApplicationState[]>>();
  /** By budget: projects under whose name a cut of it lies, and the applications. Two organizations may share a name. */
  readonly #cut = new Map<string, Map<string, ApplicationState[]>>();

  constructor(view: LogView) {
    this.#view = view;
    for (const state of view.applications()) {
      for (const project of state.paid.keys()) {
        add(this.#paid, project.slice(0, project.indexOf('/')), project, state);
      }
      for (const key of state.cut.keys()) {
        const [project = '', budgetId = ''] = key.split(' ');
        add(this.#cut, budgetId, project, state);
      }
    }
  }

  /** The applications that concern a budget, project by project: where it may cut, and where a cut of it still lies. */
  of(
    state: OrganizationState,
    budget: BudgetState,
  ): readonly [string, readonly ApplicationState[]][] {
    const places = new Map<string, ApplicationState[]>();
    const paid = this.#paid.get(state.id) ?? new Map<string, ApplicationState[]>();
    if (budget.project === '') {
      for (const [project, applications] of paid) {
        if (isBelow(state, budget, project)) places.set(project, [...applications]);
      }
    } else {
      places.set(budget.project, [...(paid.get(budget.project) ?? [])]);
    }
    for (const [project, applications] of this.#cut.get(budget.budgetId) ?? []) {
      if (!project.startsWith(`${state.id}/`)) continue;
      const known = places.get(project) ?? [];
      places.set(project, [...known, ...applications.filter((each) => !known.includes(each))]);
    }
    return [...places].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  liftedAt(application: string, project: string, budgetId: string): bigint | null {
    return this.#view.cutHistory(application, project, budgetId).liftedAt;
  }
}

function add(
  places: Map<string, Map<string, ApplicationState[]>>,
  outer: string,
  project: string,
  state: ApplicationState,
): void {
  const projects = places.get(outer) ?? new Map<string, ApplicationState[]>();
  places.set(outer, projects);
  const applications = projects.get(project);
  if (applications === undefined) projects.set(project, [state]);
  else applications.push(state);
}

/**
 * The projects and applications that concern a budget: where a project below it pays for a quota, and where a cut of it
 * still lies, also of a project that the budget was for before.
 * @param sparedOf why a project is not cut for this budget; null: it may be
 */
export function standingsOf(
  places: PaidPlaces,
  state: OrganizationState,
  budget: BudgetState,
  tierPolicy: TierPolicyState | null,
  newestUsage: ReadonlyMap<string, bigint>,
  sparedOf: (project: string) => Spared | null,
): ProjectStanding[] {
  return places.of(state, budget).flatMap(([project, applications]) => {
    const isOfBudget = isBelow(state, budget, project);
    const spared = isOfBudget ? sparedOf(project) : null;
    const rehearsed = rehearsedOf(state, budget, project);
    return applications.map((application): ProjectStanding => {
      const paid = isOfBudget ? quotasOf(application, application.paid.get(project)) : [];
      const layers = quotasOf(
        application,
        application.cut.get(`${project} ${budget.budgetId}`),
      ).flatMap((quota) => quota.haircuts.get(budget.budgetId) ?? []);
      return {
        application: application.id,
        project,
        isBelow: isOfBudget,
        spared,
        groups: groupsOf(paid.filter(hasNumber), budget),
        cut: standingCut(layers, tierPolicy),
        rehearsed,
        liftedAt: places.liftedAt(application.id, project, budget.budgetId),
        newestUsage: newestUsage.get(application.id) ?? null,
      };
    });
  });
}

const none: readonly string[] = [];

function quotasOf(
  state: ApplicationState,
  ids: Iterable<string> | undefined,
): readonly QuotaState[] {
  return Array.from(ids ?? none, (id) => state.quotas.get(id) ?? []).flat();
}

function rehearsedOf(
  state: OrganizationState,
  budget: BudgetState,
  project: string,
): Rehearsed | null {
  const known = state.rehearsedCuts.get(rehearsedCutKey(budget.budgetId, project));
  if (known === undefined) return null;
  const { step, windowStart, provenance } = known;
  return { step, windowStart, at: provenance.at };
}

function groupsOf(quotas: readonly QuotaState[], { budgetId }: BudgetState): QuotaGroup[] {
  const groups = new Map<string, QuotaGroup>();
  for (const { content, haircuts } of quotas) {
    const { tier, cutPriority } = content;
    const layer = haircuts.get(budgetId);
    const inPlace = layer === undefined ? null : inPlaceOf(layer);
    const key = `${tier} ${cutPriority} ${inPlace === null ? '' : textOf(inPlace)}`;
    const count = (groups.get(key)?.count ?? 0) + 1;
    groups.set(key, { tier, cutPriority, count, inPlace });
  }
  return [...groups.values()];
}

function textOf(inPlace: NonNullable<QuotaGroup['inPlace']>): string {
  const { cutBasisPoints, floorBasisPoints, tierPolicy, tierPolicyVersion } = inPlace;
  return `${cutBasisPoints} ${floorBasisPoints} ${tierPolicy} ${tierPolicyVersion}`;
}

function inPlaceOf(layer: HaircutLayer): NonNullable<QuotaGroup['inPlace']> {
  const { cutBasisPoints, floorBasisPoints, tierPolicy, tierPolicyVersion } = layer;
  return { cutBasisPoints, floorBasisPoints, tierPolicy, tierPolicyVersion };
}

/** By the layer that was applied last; null: none lies. */
function standingCut(
  layers: readonly HaircutLayer[],
  tierPolicy: TierPolicyState | null,
): StandingCut | null {
  let latest: HaircutLayer | null = null;
  for (const layer of layers) {
    const isLater =
      latest === null || layer.provenance.streamVersion > latest.provenance.streamVersion;
    if (isLater) latest = layer;
  }
  if (latest === null) return null;
  const { windowStart, windowEnd, budget, spend, currency, overrunBasisPoints } = latest;
  const written = latest.evidence.figures[STEP_FIGURE];
  // A cut that a person applied names no step; its overrun does.
  const step =
    written !== undefined && /^\d{1,6}$/.test(written)
      ? Number(written)
      : tierPolicy === null
        ? 0
        : Math.max(0, stepAt(tierPolicy, overrunBasisPoints));
  const { tierPolicy: policy, tierPolicyVersion } = latest;
  return {
    step,
    quotas: layers.length,
    tierPolicy: policy,
    tierPolicyVersion,
    ...{ windowStart, windowEnd, budget, spend, currency },
    appliedAt: sinceOf(latest),
  };
}

function sinceOf({ evidence, provenance }: HaircutLayer): bigint {
  const written = evidence.figures[SINCE_FIGURE];
  if (written === undefined || !/^\d{1,19}$/.test(written)) return provenance.at;
  const since = BigInt(written);
  return since < provenance.at ? since : provenance.at;
}

/** Blocked has nothing to cut, unlimited nothing to cut from, and an inherited limit is cut where it stands. */
function hasNumber({ content }: QuotaState): boolean {
  return content.limits.some(({ bound }) => bound === 'amount');
}
