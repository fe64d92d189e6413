import type { BudgetState, CutState, Provenance } from '@prorata/quota-model';
import { timeToJson } from '@prorata/schemas';
import type { Policy } from '../policy.ts';
import type { BudgetLook } from '../throttle/budgetLooks.ts';
import type { ProjectStanding } from '../throttle/judgeBudget.ts';
import { nextMoment, stepPreviews } from '../throttle/stepPreview.ts';
import type { EntitlementPlan } from '../provision/entitlementPlan.ts';
import { shareReport } from '../provision/planReport.ts';
import { levelOf } from '../throttle/thresholds.ts';
import { frozenReport, lineReports } from './reports.ts';

/** Projects and applications of one answer, those with a cut first; the counts cover all. */
const PLACES_MAX = 200;
/** Projects by what they have spent, the most first. */
const PROJECTS_MAX = 50;
const INTENTS_MAX = 100;

const timeOrNull = (at: bigint | null): string | null => (at === null ? null : timeToJson(at));

/** An event, by the stream and version that name it, and who decided it why. */
function originOf(stream: string, provenance: Provenance): object {
  const { actor, reason, commandId, at, streamVersion } = provenance;
  return { stream, streamVersion, commandId, actor, reason, at: timeToJson(at) };
}

/**
 * The body of `GET /v1/budgets/<organization>/<budget>/explain`: from usage to money to the budget to the cut, each
 * number with where it comes from.
 * @param cuts intents of the budget that some application has not accepted
 * @param plan what its split buys; null: not known here
 */
export function explainBudget(
  look: BudgetLook,
  policy: Policy,
  cuts: readonly CutState[],
  plan: EntitlementPlan | null,
): object {
  const { organization, inputs, verdict, forecast, due, tableVersion } = look;
  const { budget, window, book, tierPolicy, spend, standings, tableCaughtUpAt, now } = inputs;
  const { throttle } = policy;
  const isDue = verdict.actions.length > 0 || due.length > 0;
  const next = nextMoment(inputs, isDue, throttle);
  return {
    organization,
    budget: budgetReport(organization, budget),
    at: timeToJson(now),
    window: window && { start: timeToJson(window.start), end: timeToJson(window.end) },
    usage: {
      tableVersion,
      tableCaughtUpAt: timeOrNull(tableCaughtUpAt),
      addsUp: spend === null ? null : spend.differs === null,
    },
    priceBook: book && {
      id: book.id,
      version: book.version,
      currency: book.currency,
      origin: originOf(`pricebook:${book.id}`, book.provenance),
    },
    lines: spend === null ? [] : lineReports(spend),
    projects: spend === null ? [] : projectReports(spend.projects),
    spend: spend?.total ?? null,
    unpriced: spend?.unpriced ?? [],
    overrunBasisPoints: verdict.overrunBasisPoints,
    tierPolicy: tierPolicy && {
      id: tierPolicy.id,
      version: tierPolicy.version,
      origin: originOf(`tierpolicy:${tierPolicy.id}`, tierPolicy.provenance),
    },
    targetStep: verdict.targetStep,
    steps: stepPreviews(inputs, throttle.wavesMax).map((step) => ({
      ...step,
      isReached: verdict.targetStep === null ? null : step.step <= verdict.targetStep,
    })),
    places: placeReports(standings),
    placesCount: standings.length,
    intents: cuts.slice(0, INTENTS_MAX).map((cut) => intentReport(organization, cut)),
    forecast: forecastReport(forecast),
    thresholds: thresholdReports(look),
    override: budget.override && {
      until: timeToJson(budget.override.until),
      isLive: budget.override.until > now,
      origin: originOf(`organization:${organization}`, budget.override.provenance),
    },
    wouldDo: verdict.actions.slice(0, PLACES_MAX),
    frozen: verdict.frozen.slice(0, PLACES_MAX).map(frozenReport),
    entitlements: plan === null ? [] : plan.shares.map(shareReport),
    next: next && { at: timeToJson(next.at), why: next.why },
    policy: `${policy.name}@${policy.version}`,
  };
}

function budgetReport(organization: string, budget: BudgetState): object {
  const { budgetId, project, team, amount, currency, mode, version, provenance } = budget;
  return {
    id: budgetId,
    project,
    team,
    amount,
    currency,
    mode,
    version,
    origin: originOf(`organization:${organization}`, provenance),
  };
}

function projectReports(projects: ReadonlyMap<string, string>): object[] {
  return [...projects]
    .sort(([, a], [, b]) => Number(b) - Number(a))
    .slice(0, PROJECTS_MAX)
    .map(([project, money]) => ({ project: project === '' ? null : project, money }));
}

function placeReports(standings: readonly ProjectStanding[]): object[] {
  return [...standings]
    .sort((a, b) => Number(b.cut !== null) - Number(a.cut !== null))
    .slice(0, PLACES_MAX)
    .map(({ application, project, isBelow, spared, groups, cut, rehearsed, ...standing }) => ({
      application,
      project,
      isBelow,
      newestUsage: timeOrNull(standing.newestUsage),
      liftedAt: timeOrNull(standing.liftedAt),
      spared,
      cut: cut && {
        step: cut.step,
        quotas: cut.quotas,
        spend: cut.spend,
        budget: cut.budget,
        tierPolicy: cut.tierPolicy,
        tierPolicyVersion: cut.tierPolicyVersion,
        since: timeToJson(cut.appliedAt),
        until: timeToJson(cut.windowEnd),
      },
      rehearsed: rehearsed && {
        step: rehearsed.step,
        windowStart: timeToJson(rehearsed.windowStart),
        at: timeToJson(rehearsed.at),
      },
      quotas: groups.slice(0, PLACES_MAX),
    }));
}

function intentReport(organization: string, cut: CutState): object {
  return {
    cutId: cut.cutId,
    project: cut.project,
    lift: cut.lift,
    spend: cut.spend,
    budget: cut.budget,
    cutBasisPoints: cut.cutBasisPoints,
    priorityMin: cut.priorityMin,
    figures: cut.evidence.figures,
    inputsHash: cut.evidence.inputsHash,
    source: cut.evidence.source,
    origin: originOf(`organization:${organization}`, cut.provenance),
    applications: [...cut.applications].map(([application, answer]) => ({
      application,
      answer: answer?.answer ?? null,
      code: answer?.code ?? null,
    })),
  };
}

function forecastReport(forecast: BudgetLook['forecast']): object | null {
  if (forecast === null || forecast.kind === 'none') return forecast;
  const { breachAt, breachFrom, breachBy, ...rest } = forecast;
  return {
    ...rest,
    breachAt: timeOrNull(breachAt),
    breachFrom: timeOrNull(breachFrom),
    breachBy: timeOrNull(breachBy),
  };
}

function thresholdReports({ inputs }: BudgetLook): object[] {
  const { budget, window } = inputs;
  const { crossings } = budget;
  const crossed =
    crossings !== null && crossings.windowStart === window?.start ? crossings.crossed : [];
  return budget.thresholds.map(({ basis, basisPoints }) => {
    const at = (direction: 'up' | 'down'): string | null =>
      timeOrNull(
        crossed.find(
          (each) =>
            each.basis === basis &&
            each.basisPoints === basisPoints &&
            each.direction === direction,
        )?.at ?? null,
      );
    return {
      basis,
      basisPoints,
      atSpend: levelOf(budget, basisPoints),
      upAt: at('up'),
      downAt: at('down'),
    };
  });
}
