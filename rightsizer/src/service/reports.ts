import { timeToJson } from '@prorata/schemas';
import type { Policy } from '../policy.ts';
import { planReport } from '../provision/planReport.ts';
import type { ProvisionEvaluation } from '../provision/provisioner.ts';
import type { ResizeEvaluation } from '../resize/rightsizer.ts';
import type { BudgetLook } from '../throttle/budgetLooks.ts';
import type { BudgetVerdict, FreezeCode, Frozen } from '../throttle/judgeBudget.ts';
import type { Spend } from '../throttle/spend.ts';
import type { BudgetEvaluation, ThrottleEvaluation } from '../throttle/throttle.ts';
import { placeOf } from '../table/positions.ts';
import type { PartitionPosition } from '../table/positions.ts';
import type { UsageSnapshot } from '../table/usageReader.ts';
import type { RunningLoop } from './loop.ts';

/** Findings of one evaluation that the status shows; the counts cover all. */
const FINDINGS_MAX = 200;
/** Budgets that the status shows, those with something to tell first. */
const BUDGETS_MAX = 1_000;
/** Projects and applications of one budget that an answer shows. */
const PLACES_MAX = 500;

export interface LoopStatus<Evaluation> {
  readonly loop: RunningLoop;
  readonly last: Evaluation | null;
}

export interface StatusParts {
  readonly policy: Policy;
  readonly parts: readonly string[];
  readonly snapshot: UsageSnapshot | null;
  readonly resizes: LoopStatus<ResizeEvaluation> | null;
  readonly budgets: LoopStatus<ThrottleEvaluation> | null;
  readonly provisioned: LoopStatus<ProvisionEvaluation> | null;
}

/** The body of `GET /v1/rightsizer/status`; bigints are the server's to write. */
export function statusReport({
  policy,
  parts,
  snapshot,
  resizes,
  budgets,
  provisioned,
}: StatusParts): object {
  return {
    policy,
    parts,
    table: snapshot && tableReport(snapshot),
    rightsizer: resizes && {
      ...loopReport(resizes.loop),
      ...(resizes.last && resizeReport(resizes.last)),
    },
    throttle: budgets && {
      ...loopReport(budgets.loop),
      putOff: budgets.last?.putOff ?? null,
      waiting: budgets.last?.waiting ?? 0,
      budgets: (budgets.last?.budgets ?? [])
        .toSorted((a, b) => Number(isQuiet(a)) - Number(isQuiet(b)))
        .slice(0, BUDGETS_MAX)
        .map(budgetReport),
    },
    provisioner: provisioned && {
      ...loopReport(provisioned.loop),
      putOff: provisioned.last?.putOff ?? null,
      budgets:
        provisioned.last?.budgets
          .slice(0, FINDINGS_MAX)
          .map((each) => planReport(each.organization, each.plan, provisioned.last?.at ?? 0n)) ??
        [],
    },
  };
}

function tableReport({ version, topic, totals, partitions }: UsageSnapshot): object {
  const positions = [...partitions];
  const sum = (pick: (position: PartitionPosition) => number): number =>
    positions.reduce((total, [, position]) => total + pick(position), 0);
  return {
    version,
    topic: topic?.name ?? null,
    ...totals,
    records: sum(({ records }) => records),
    quarantined: sum(({ quarantined }) => quarantined),
    duplicates: sum(({ duplicates }) => duplicates),
    partitions: positions.map(([key, { nextOffset, epoch }]) => ({
      ...placeOf(key),
      nextOffset,
      epoch,
    })),
  };
}

function loopReport({ fault, evaluatedAt }: RunningLoop): object {
  return {
    evaluatedAt: evaluatedAt === null ? null : timeToJson(evaluatedAt),
    fault: fault && { at: timeToJson(fault.at), message: fault.message },
  };
}

function resizeReport(evaluation: ResizeEvaluation): object {
  const { putOff, tableVersion, knownTo, findings, rehearsals } = evaluation;
  const counts: Record<string, number> = {};
  for (const { result } of findings) counts[result] = (counts[result] ?? 0) + 1;
  return {
    putOff,
    tableVersion,
    knownTo: knownTo === null ? null : timeToJson(knownTo),
    counts,
    rehearsals: rehearsals.slice(0, FINDINGS_MAX),
    findings: findings.slice(0, FINDINGS_MAX),
  };
}

function isQuiet({ verdict, posted, crossed }: BudgetEvaluation): boolean {
  return verdict.frozen.length === 0 && posted.length === 0 && crossed.length === 0;
}

function budgetReport(evaluation: BudgetEvaluation): object {
  const { posted, crossed } = evaluation;
  return {
    ...spendReport(evaluation),
    lines: undefined,
    posted: posted.map(({ action, answer: { status, code, commandId, detail } }) => ({
      ...action,
      commandId,
      status,
      code,
      detail,
    })),
    crossed: crossed.map(({ threshold, answer: { status, code, commandId } }) => ({
      ...threshold,
      commandId,
      status,
      code,
    })),
  };
}

const ofBudget: readonly FreezeCode[] = [
  'PRICE_BOOK_UNKNOWN',
  'CURRENCY_OTHER',
  'TIER_POLICY_UNKNOWN',
];

/** What is wrong with the budget itself, and no wait mends; as `GET /v1/budgets` has it. */
function problemOf({ frozen }: BudgetVerdict): object | null {
  const found = frozen.find(({ code }) => ofBudget.includes(code));
  return found === undefined ? null : { code: found.code, detail: found.detail };
}

/** Each line with the price that it is of. */
export function lineReports({ lines }: Spend): object[] {
  return lines.map(({ category, application, resource, used, price, money }) => ({
    category,
    application,
    resource,
    used,
    price: price && {
      amount: price.amount,
      perUnits: price.perUnits,
      effectiveFrom: timeToJson(price.effectiveFrom),
    },
    money,
  }));
}

export function frozenReport({ application, project, code, detail }: Frozen): object {
  return { application, project, code, detail };
}

/** The body of `GET /v1/budgets/<organization>/<budget>/spend`. */
export function spendReport({ organization, inputs, verdict, tableVersion }: BudgetLook): object {
  const { budget, window, spend, standings, tableCaughtUpAt, now } = inputs;
  return {
    organization,
    budget: budget.budgetId,
    project: budget.project,
    team: budget.team,
    mode: budget.mode,
    at: timeToJson(now),
    window: window && { start: timeToJson(window.start), end: timeToJson(window.end) },
    amount: budget.amount,
    currency: budget.currency,
    spend: spend?.total ?? null,
    overrunBasisPoints: verdict.overrunBasisPoints,
    targetStep: verdict.targetStep,
    lines: spend === null ? undefined : lineReports(spend),
    tableVersion,
    tableCaughtUpAt: tableCaughtUpAt === null ? null : timeToJson(tableCaughtUpAt),
    applications: standings
      .slice(0, PLACES_MAX)
      .map(({ application, project, isBelow, groups, spared, cut, newestUsage }) => ({
        application,
        project,
        pays: isBelow && groups.length > 0,
        spared: spared !== null,
        newestUsage: newestUsage === null ? null : timeToJson(newestUsage),
        cut: cut && {
          step: cut.step,
          since: timeToJson(cut.appliedAt),
          until: timeToJson(cut.windowEnd),
        },
      })),
    wouldDo: verdict.actions.slice(0, PLACES_MAX),
    frozen: verdict.frozen.slice(0, PLACES_MAX).map(frozenReport),
    problem: problemOf(verdict),
  };
}
