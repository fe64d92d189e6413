import { createHash } from 'node:crypto';
import type { BudgetState, HaircutLayer, TierPolicyState } from '@prorata/quota-model';
import { timeToJson } from '@prorata/schemas';
import type { LoopCommand } from '../commandDesk.ts';
import { derivedId } from '../derivedId.ts';
import type { TimeWindow } from './budgetWindows.ts';
import type { BudgetVerdict, StandingCut, ThrottleAction } from './judgeBudget.ts';
import type { Spend } from './spend.ts';
import { SINCE_FIGURE, STEP_FIGURE } from './standings.ts';

export interface ThrottleTerms {
  readonly organization: string;
  readonly budget: BudgetState;
  /** Whose quotas the command is about. */
  readonly project: string;
  readonly policyName: string;
  readonly policyVersion: number;
  readonly tableVersion: number;
  /** Per application, the stream version of the last cut or lift of this budget there; 0: none. */
  readonly bases: readonly bigint[];
  /** The organization's stream version at the last event of the budget's cuts; 0: none. */
  readonly process: bigint;
  /** How often this very decision was refused: a refusal that has passed must not block it for ever. */
  readonly attempt: number;
}

type Apply = Extract<ThrottleAction, { kind: 'apply' }>;
type Lift = Extract<ThrottleAction, { kind: 'lift' }>;

export interface CutGrounds {
  readonly window: TimeWindow;
  readonly spend: Spend;
  readonly tierPolicy: TierPolicyState;
  readonly verdict: BudgetVerdict;
  /** When the cut that stands was last made, microseconds; null: none stands. */
  readonly since: bigint | null;
}

/** Lines of the spend that evidence carries; the table has all. */
const EVIDENCE_LINES_MAX = 32;
/** Of a lift: what is cut no more. */
const NOTHING = [0, 0, 0, 0, 0];

/** The intent to cut several applications alike. */
export function beginApply(
  actions: readonly [Apply, ...Apply[]],
  terms: ThrottleTerms,
  { window, spend, tierPolicy, verdict, since }: CutGrounds,
): LoopCommand {
  const { budget, project } = terms;
  const { step: index, priorityMin } = actions[0];
  const refreshed = actions[0].isRefresh ? { [SINCE_FIGURE]: String(since ?? '') } : {};
  const step = tierPolicy.steps[index];
  if (step === undefined) throw new RangeError(`The tier policy has no step ${index}.`);
  return {
    commandId: idOf('apply', actions, terms, [
      window.start,
      index,
      tierPolicy.id,
      tierPolicy.version,
      ...priorityMin,
    ]),
    type: 'BeginCut',
    stream: `organization:${terms.organization}`,
    reason: `Budget ${terms.organization}/${budget.budgetId} is overspent: ${spend.total} of ${budget.amount} ${budget.currency}.`,
    data: {
      project,
      budgetId: budget.budgetId,
      applications: actions.map(({ application }) => application),
      lift: null,
      windowStart: timeToJson(window.start),
      windowEnd: timeToJson(window.end),
      spend: spend.total,
      budget: budget.amount,
      currency: budget.currency,
      overrunBasisPoints: verdict.overrunBasisPoints ?? 0,
      tierPolicy: tierPolicy.id,
      tierPolicyVersion: tierPolicy.version.toString(),
      cutBasisPoints: step.cutBasisPoints,
      floorBasisPoints: tierPolicy.floorBasisPoints,
      priorityMin,
      evidence: {
        policy: `${terms.policyName}@${terms.policyVersion}`,
        source: `usage table version ${terms.tableVersion}`,
        windowStart: timeToJson(window.start),
        windowEnd: timeToJson(window.end),
        figures: { ...figures(index, verdict, spend, budget), ...refreshed },
        inputsHash: inputsHash(budget, tierPolicy, window, spend),
      },
    },
  };
}

/**
 * The intent to lift a budget's cut in several applications.
 * @param cut what stands in one of them
 */
export function beginLift(
  actions: readonly [Lift, ...Lift[]],
  terms: ThrottleTerms,
  cut: StandingCut,
): LoopCommand {
  const { budget, organization, project } = terms;
  const { cause, spend } = actions[0];
  return {
    commandId: idOf('lift', actions, terms, [cause]),
    type: 'BeginCut',
    stream: `organization:${organization}`,
    reason: `Budget ${organization}/${budget.budgetId}: ${cause.replaceAll('_', ' ')}.`,
    data: {
      ...liftData(project, budget.budgetId, cause, cut),
      applications: actions.map(({ application }) => application),
      spend,
      budget: budget.amount,
      evidence: {
        policy: `${terms.policyName}@${terms.policyVersion}`,
        source: `usage table version ${terms.tableVersion}`,
        windowStart: timeToJson(cut.windowStart),
        windowEnd: timeToJson(cut.windowEnd),
        figures: { spend, budget: budget.amount, currency: budget.currency },
        inputsHash: '',
      },
    },
  };
}

/** The intent to lift what a budget has cut that is no more: a person has retired it. */
export function beginOrphanLift(
  organization: string,
  layer: HaircutLayer,
  applications: readonly string[],
  process: bigint,
): LoopCommand {
  const { budgetId, project } = layer;
  return {
    commandId: derivedId('orphan', organization, budgetId, project, process, ...applications),
    type: 'BeginCut',
    stream: `organization:${organization}`,
    reason: `Budget ${organization}/${budgetId} was retired.`,
    data: {
      ...liftData(project, budgetId, 'person', layer),
      applications,
      spend: layer.spend,
      budget: layer.budget,
      evidence: {
        policy: 'retired budgets',
        source: 'the log',
        windowStart: timeToJson(layer.windowStart),
        windowEnd: timeToJson(layer.windowEnd),
        figures: {},
        inputsHash: '',
      },
    },
  };
}

function liftData(
  project: string,
  budgetId: string,
  lift: string,
  cut: Pick<
    StandingCut,
    'windowStart' | 'windowEnd' | 'currency' | 'tierPolicy' | 'tierPolicyVersion'
  >,
): Readonly<Record<string, unknown>> {
  return {
    project,
    budgetId,
    lift,
    windowStart: timeToJson(cut.windowStart),
    windowEnd: timeToJson(cut.windowEnd),
    currency: cut.currency,
    overrunBasisPoints: 0,
    tierPolicy: cut.tierPolicy,
    tierPolicyVersion: cut.tierPolicyVersion.toString(),
    cutBasisPoints: NOTHING,
    floorBasisPoints: NOTHING,
  };
}

/** The same decision about the same past is the same command. */
export function idOf(
  kind: string,
  actions: readonly ThrottleAction[],
  { organization, budget, project, bases, process, attempt }: ThrottleTerms,
  more: readonly (string | number | bigint)[],
): string {
  const { budgetId, version } = budget;
  const applications = actions.map(({ application }, index) => `${application}@${bases[index]}`);
  const about = [organization, budgetId, version, project, process, attempt];
  return derivedId('begin', kind, ...about, applications.length, ...applications, ...more);
}

export function figures(
  step: number,
  { overrunBasisPoints, targetStep }: BudgetVerdict,
  spend: Spend,
  budget: BudgetState,
): Record<string, string> {
  const lines = spend.lines
    .slice(0, EVIDENCE_LINES_MAX)
    .flatMap((line, index) => [
      [
        `line.${index + 1}`,
        `${line.application}/${line.resource}: ${line.used} at ${line.price?.amount ?? '?'} per ${line.price?.perUnits ?? '?'} = ${line.money ?? '?'}`,
      ],
    ]);
  return {
    [STEP_FIGURE]: String(step),
    targetStep: String(targetStep ?? ''),
    spend: spend.total,
    budget: budget.amount,
    currency: budget.currency,
    overrunBasisPoints: String(overrunBasisPoints ?? ''),
    lines: String(spend.lines.length),
    ...(Object.fromEntries(lines) as Record<string, string>),
  };
}

export function inputsHash(
  budget: BudgetState,
  tierPolicy: TierPolicyState,
  window: TimeWindow,
  spend: Spend,
): string {
  const inputs = {
    budget: { id: budget.budgetId, version: budget.version, amount: budget.amount },
    tierPolicy: { id: tierPolicy.id, version: tierPolicy.version },
    window,
    lines: spend.lines,
  };
  const text = JSON.stringify(inputs, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  return createHash('sha256').update(text).digest('hex');
}
