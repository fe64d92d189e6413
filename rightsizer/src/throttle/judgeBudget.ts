import type { BudgetState, PriceBookState, TierPolicyState } from '@prorata/quota-model';
import type { HaircutLiftCause } from '@prorata/schemas';
import type { ThrottlePolicy } from '../policy.ts';
import type { TimeWindow } from './budgetWindows.ts';
import { isMore, isOver, overrunBasisPoints } from './spend.ts';
import type { Spend } from './spend.ts';

/** Why nothing is cut though it may have to be. */
export type FreezeCode =
  | 'WINDOW_UNKNOWN'
  | 'PRICE_BOOK_UNKNOWN'
  | 'TIER_POLICY_UNKNOWN'
  | 'CURRENCY_OTHER'
  | 'PRICE_MISSING'
  | 'TABLE_BEHIND'
  | 'USAGE_STALE'
  | 'ESCALATION_RESTS'
  | 'COOLING_DOWN';

/** The cut of a budget that lies on an application's quotas now. */
export interface StandingCut {
  readonly project: string;
  /** Index into the tier policy's steps. */
  readonly step: number;
  readonly tierPolicy: string;
  readonly tierPolicyVersion: bigint;
  readonly windowStart: bigint;
  readonly windowEnd: bigint;
  /** What the budget was when it was cut. */
  readonly budget: string;
  readonly spend: string;
  readonly appliedAt: bigint;
}

/** One application where the project pays for quotas, or still carries the budget's cut. */
export interface ApplicationStanding {
  readonly application: string;
  /** The project pays for quotas there. */
  readonly pays: boolean;
  readonly cut: StandingCut | null;
  /** The tiers of the quotas that the project pays for and that have a number to cut. */
  readonly tiers: readonly number[];
  /** Quotas that the project pays for and that came to be after the cut. */
  readonly uncovered: readonly string[];
  /** When this budget's cut was last lifted there. */
  readonly liftedAt: bigint | null;
  /** The latest end of a usage window of the application. */
  readonly newestUsage: bigint | null;
}

export interface BudgetInputs {
  readonly budget: BudgetState;
  readonly window: TimeWindow | null;
  readonly book: PriceBookState | null;
  readonly tierPolicy: TierPolicyState | null;
  /** null where there is no price book or no window to sum over. */
  readonly spend: Spend | null;
  readonly applications: readonly ApplicationStanding[];
  /** Up to when the table has all that the topic had; null: never seen caught up. */
  readonly tableCaughtUpAt: bigint | null;
  /** Microseconds. */
  readonly now: bigint;
}

export type ThrottleAction =
  | { readonly kind: 'apply'; readonly application: string; readonly step: number }
  | {
      readonly kind: 'lift';
      readonly application: string;
      readonly project: string;
      readonly cause: HaircutLiftCause;
      readonly spend: string;
    };

export interface Frozen {
  /** null: all applications of the budget. */
  readonly application: string | null;
  readonly code: FreezeCode;
  readonly detail: string;
}

export interface BudgetVerdict {
  /** null while spend is not known in full. */
  readonly overrunBasisPoints: number | null;
  /** The step that the overrun calls for; -1: none. null while spend is not known in full. */
  readonly targetStep: number | null;
  readonly actions: readonly ThrottleAction[];
  readonly frozen: readonly Frozen[];
}

/**
 * What a budget's spend calls for, application by application. Pure.
 *
 * A lift waits for nothing but the figure that calls for it; that a window has rolled needs not even
 * that. A cut needs spend known in full, a table that has caught up and fresh usage of the
 * application itself, and deepens by one step at a time.
 */
export function judgeBudget(inputs: BudgetInputs, policy: ThrottlePolicy): BudgetVerdict {
  const incomplete = incompleteness(inputs);
  const { budget, spend, tierPolicy } = inputs;
  const known = incomplete === null ? spend : null;
  const overrun = known && overrunBasisPoints(known.total, budget.amount);
  const target = known && targetOf(inputs, known, overrun ?? 0);
  const actions: ThrottleAction[] = [];
  const frozen: Frozen[] = incomplete === null ? [] : [incomplete];
  if (known !== null && tierPolicy === null) {
    frozen.push({ application: null, code: 'TIER_POLICY_UNKNOWN', detail: budget.tierPolicy });
  }
  for (const standing of inputs.applications) {
    const decided = judgeApplication(inputs, policy, standing, target);
    if (decided === null) continue;
    if ('code' in decided) frozen.push(decided);
    else actions.push(decided);
  }
  return { overrunBasisPoints: overrun, targetStep: target, actions, frozen };
}

/** null: over, and no tier policy says by how much to cut. */
function targetOf(
  { budget, tierPolicy }: BudgetInputs,
  spend: Spend,
  overrun: number,
): number | null {
  if (!isOver(spend.total, budget.amount)) return -1;
  return tierPolicy && stepAt(tierPolicy, overrun);
}

/** The last step that the overrun has reached; -1: none. */
export function stepAt({ steps }: Pick<TierPolicyState, 'steps'>, overrun: number): number {
  return steps.findLastIndex((step) => step.overrunBasisPoints <= overrun);
}

function incompleteness({ budget, window, book, spend }: BudgetInputs): Frozen | null {
  const freeze = (code: FreezeCode, detail: string): Frozen => ({
    application: null,
    code,
    detail,
  });
  if (window === null) {
    return freeze('WINDOW_UNKNOWN', `no window in time zone ${budget.window.timeZone}`);
  }
  if (book === null) return freeze('PRICE_BOOK_UNKNOWN', budget.priceBook);
  if (book.currency !== budget.currency) {
    return freeze(
      'CURRENCY_OTHER',
      `the budget is in ${budget.currency}, prices in ${book.currency}`,
    );
  }
  if (spend === null) return freeze('PRICE_BOOK_UNKNOWN', budget.priceBook);
  if (spend.unpriced.length > 0) return freeze('PRICE_MISSING', spend.unpriced.join(', '));
  return null;
}

function judgeApplication(
  inputs: BudgetInputs,
  policy: ThrottlePolicy,
  standing: ApplicationStanding,
  target: number | null,
): ThrottleAction | Frozen | null {
  const { application, cut } = standing;
  const { budget, now, window } = inputs;
  const lift = (cause: HaircutLiftCause): ThrottleAction => ({
    kind: 'lift',
    application,
    project: cut?.project ?? budget.project,
    cause,
    spend: inputs.spend?.total ?? cut?.spend ?? '0',
  });
  if (cut !== null) {
    if (cut.windowEnd <= now) return lift('window_rolled');
    if (window !== null && cut.windowStart !== window.start) return lift('window_rolled');
    if (cut.project !== budget.project) return lift('spend_corrected');
  }
  if (target === null) return null;
  const standingStep = standingStepOf(inputs, standing, target);
  if (target < standingStep) {
    // Less is cut: no reason to wait.
    if (target >= 0) return { kind: 'apply', application, step: target };
    const raised = cut !== null && isMore(budget.amount, cut.budget);
    return lift(raised ? 'budget_raised' : 'spend_corrected');
  }
  if (target < 0 || !standing.pays) return null;
  if (target === standingStep && !needsRefresh(inputs, standing)) return null;
  const freeze = (code: FreezeCode, detail: string): Frozen => ({ application, code, detail });
  return (
    staleness(inputs, policy, standing, freeze) ??
    resting(policy, standing, now, target, freeze) ?? {
      kind: 'apply',
      application,
      step: target === standingStep ? target : standingStep + 1,
    }
  );
}

/**
 * The step in place. Steps up to the target that cut none of the tiers at hand any deeper would leave
 * no trace in the log, so they count as taken; else the throttle would wait for them for ever.
 */
function standingStepOf(
  { tierPolicy }: BudgetInputs,
  { cut, tiers }: ApplicationStanding,
  target: number,
): number {
  let standing = cut?.step ?? -1;
  const cutOf = (step: number, tier: number): number =>
    tierPolicy?.steps[step]?.cutBasisPoints[tier] ?? 0;
  const isSame = (step: number): boolean =>
    tiers.every((tier) => cutOf(step, tier) === cutOf(step + 1, tier));
  while (standing < target && isSame(standing)) standing += 1;
  return standing;
}

/** The cut in place is not what it would be if it were made now: by its terms, or by whom it reaches. */
function needsRefresh(
  { tierPolicy }: BudgetInputs,
  { cut, uncovered }: ApplicationStanding,
): boolean {
  if (cut === null || tierPolicy === null) return false;
  return (
    uncovered.length > 0 ||
    cut.tierPolicy !== tierPolicy.id ||
    cut.tierPolicyVersion !== tierPolicy.version
  );
}

type Freeze = (code: FreezeCode, detail: string) => Frozen;

function staleness(
  { tableCaughtUpAt, now }: BudgetInputs,
  policy: ThrottlePolicy,
  { newestUsage }: ApplicationStanding,
  freeze: Freeze,
): Frozen | null {
  const oldest = now - BigInt(policy.freshnessMs) * 1_000n;
  if (tableCaughtUpAt === null || tableCaughtUpAt < oldest) {
    return freeze('TABLE_BEHIND', 'the table has not all that the usage topic has');
  }
  if (newestUsage === null || newestUsage < oldest) {
    return freeze('USAGE_STALE', 'the newest usage of the application is too old');
  }
  return null;
}

function resting(
  policy: ThrottlePolicy,
  { cut, liftedAt }: ApplicationStanding,
  now: bigint,
  target: number,
  freeze: Freeze,
): Frozen | null {
  const since = (at: bigint, restMs: number): boolean => now - at < BigInt(restMs) * 1_000n;
  if (cut === null) {
    return liftedAt !== null && since(liftedAt, policy.cooldownMs)
      ? freeze('COOLING_DOWN', 'a cut was lifted a moment ago')
      : null;
  }
  return target > cut.step && since(cut.appliedAt, policy.escalationMs)
    ? freeze('ESCALATION_RESTS', `step ${cut.step} has just been taken`)
    : null;
}
