import { createHash } from 'node:crypto';
import type { BudgetState, TierPolicyState } from '@prorata/quota-model';
import { timeToJson } from '@prorata/schemas';
import type { LoopCommand } from '../commandDesk.ts';
import { derivedId } from '../derivedId.ts';
import type { TimeWindow } from './budgetWindows.ts';
import type { BudgetVerdict, ThrottleAction } from './judgeBudget.ts';
import type { Spend } from './spend.ts';
import { STEP_FIGURE } from './standings.ts';

export interface ThrottleTerms {
  readonly organization: string;
  readonly budget: BudgetState;
  readonly policyName: string;
  readonly policyVersion: number;
  readonly tableVersion: number;
  /** The stream version of the last cut or lift of this budget in the application; 0: none. */
  readonly basis: bigint;
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
  readonly uncovered: readonly string[];
}

/** Lines of the spend that evidence carries; the table has all. */
const EVIDENCE_LINES_MAX = 32;

export function applyCommand(
  action: Apply,
  terms: ThrottleTerms,
  { window, spend, tierPolicy, verdict, uncovered }: CutGrounds,
): LoopCommand {
  const { budget } = terms;
  const step = tierPolicy.steps[action.step];
  if (step === undefined) throw new RangeError(`The tier policy has no step ${action.step}.`);
  return {
    commandId: idOf('apply', action.application, terms, [
      window.start,
      action.step,
      tierPolicy.id,
      tierPolicy.version,
      ...uncovered,
    ]),
    type: 'ApplyHaircut',
    stream: `application:${action.application}`,
    reason: `Budget ${terms.organization}/${budget.budgetId} is overspent: ${spend.total} of ${budget.amount} ${budget.currency}.`,
    data: {
      project: budget.project,
      budgetId: budget.budgetId,
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
      evidence: {
        policy: `${terms.policyName}@${terms.policyVersion}`,
        source: `usage manifest ${terms.tableVersion}`,
        windowStart: timeToJson(window.start),
        windowEnd: timeToJson(window.end),
        figures: figures(action.step, verdict, spend, budget),
        inputsHash: inputsHash(budget, tierPolicy, window, spend),
      },
    },
  };
}

export function liftCommand(action: Lift, terms: ThrottleTerms): LoopCommand {
  const { budget } = terms;
  return {
    commandId: idOf('lift', action.application, terms, [action.project, action.cause]),
    type: 'LiftHaircut',
    stream: `application:${action.application}`,
    reason: `Budget ${terms.organization}/${budget.budgetId}: ${action.cause.replaceAll('_', ' ')}.`,
    data: {
      project: action.project,
      budgetId: budget.budgetId,
      cause: action.cause,
      spend: action.spend,
      budget: budget.amount,
    },
  };
}

/** The same decision about the same past is the same command. */
function idOf(
  action: string,
  application: string,
  { organization, budget, basis, attempt }: ThrottleTerms,
  more: readonly (string | number | bigint)[],
): string {
  const { budgetId, version } = budget;
  return derivedId(action, application, organization, budgetId, version, basis, attempt, ...more);
}

function figures(
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

function inputsHash(
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
