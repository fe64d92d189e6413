import type { BudgetState, PriceBookState, TierPolicyState } from '@prorata/quota-model';
import type { HaircutLiftCause } from '@prorata/schemas';
import type { ThrottlePolicy } from '../policy.ts';
import type { TimeWindow } from './budgetWindows.ts';
import { isMore, isOver, overrunBasisPoints } from './spend.ts';
import type { Spend } from './spend.ts';

/** Why a cut is neither made nor changed nor lifted though it may have to be. */
export type FreezeCode =
  | 'WINDOW_UNKNOWN'
  | 'PRICE_BOOK_UNKNOWN'
  | 'TIER_POLICY_UNKNOWN'
  | 'CURRENCY_OTHER'
  | 'PRICE_MISSING'
  | 'TABLE_BEHIND'
  | 'USAGE_STALE'
  | 'ESCALATION_RESTS'
  | 'COOLING_DOWN'
  | 'CUT_TOO_LARGE'
  | 'COMMAND_REFUSED';

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
  /** What had been spent then. */
  readonly spend: string;
  /** Of both. */
  readonly currency: string;
  readonly appliedAt: bigint;
}

/** What lies on the quotas of one tier. */
export interface TierCut {
  readonly tier: number;
  readonly cutBasisPoints: number;
  readonly floorBasisPoints: number;
}

/** One application where the project pays for quotas, or still carries the budget's cut. */
export interface ApplicationStanding {
  readonly application: string;
  /** The project pays for quotas there. */
  readonly pays: boolean;
  readonly cut: StandingCut | null;
  /** The tiers of the quotas that the project pays for and that have a number to cut. */
  readonly tiers: readonly number[];
  /** Each different cut of the budget on those of them that carry one. */
  readonly tierCuts: readonly TierCut[];
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
  /** null where there is no table, no price book or no window to sum over. */
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

type Lift = Extract<ThrottleAction, { kind: 'lift' }>;

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
 * A cut needs spend known in full, a table that has caught up and fresh usage of the application
 * itself, and deepens by one step at a time. Less of a cut, and none, need the same proof, since a
 * table that lags shows too little spend; but they need not rest. Two lifts need no fresh data: that
 * the window has rolled (or the budget is another project's) stands in the log, and a budget that is
 * raised above all that is proven to have been spent lifts however old that proof is.
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
  if (spend === null) return freeze('TABLE_BEHIND', 'there is no usage table');
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
  if (cut !== null) {
    const rolled = cut.windowEnd <= now || (window !== null && cut.windowStart !== window.start);
    if (rolled) return lift(inputs, standing, cut, 'window_rolled');
    if (cut.project !== budget.project) return lift(inputs, standing, cut, 'spend_corrected');
  }
  if (target === null) return null;
  if (target < 0) return cut && judgeLift(inputs, policy, standing, cut);
  if (!standing.pays) return null;
  const standingStep = standingStepOf(inputs, standing, target);
  if (target === standingStep && !needsRefresh(inputs, standing)) return null;
  const isDeeper = target > standingStep;
  return (
    staleness(inputs, policy, standing) ??
    (isDeeper ? resting(policy, standing, now) : null) ?? {
      kind: 'apply',
      application,
      step: isDeeper ? standingStep + 1 : target,
    }
  );
}

/** Spend as it is known lies within the budget. */
function judgeLift(
  inputs: BudgetInputs,
  policy: ThrottlePolicy,
  standing: ApplicationStanding,
  cut: StandingCut,
): ThrottleAction | Frozen {
  const { budget } = inputs;
  const isRaised = cut.currency === budget.currency && isMore(budget.amount, cut.budget);
  const proven = provenSpend(inputs);
  if (isRaised && !isOver(proven, budget.amount)) {
    return { ...lift(inputs, standing, cut, 'budget_raised'), spend: proven };
  }
  return (
    staleness(inputs, policy, standing) ??
    lift(inputs, standing, cut, isRaised ? 'budget_raised' : 'spend_corrected')
  );
}

/**
 * What was spent in the window at least: what is seen now, or what a cut of the window was made for.
 * Usage that a table has lost or not read yet was spent nonetheless.
 */
function provenSpend({ applications, budget, spend, window }: BudgetInputs): string {
  return applications.reduce((most, { cut }) => {
    const counts =
      cut !== null &&
      cut.project === budget.project &&
      cut.currency === budget.currency &&
      cut.windowStart === window?.start;
    return counts && isMore(cut.spend, most) ? cut.spend : most;
  }, spend?.total ?? '0');
}

function lift(
  { spend }: BudgetInputs,
  { application }: ApplicationStanding,
  cut: StandingCut,
  cause: HaircutLiftCause,
): Lift {
  const { project } = cut;
  // Credits may be more than what was used; a command speaks of money spent.
  const total = spend === null ? cut.spend : isMore('0', spend.total) ? '0' : spend.total;
  return { kind: 'lift', application, project, cause, spend: total };
}

/**
 * The step in place. Steps up to the target that cut none of the tiers at hand any deeper would leave
 * no trace in the log, so they count as taken; else the throttle would wait for them for ever.
 */
function standingStepOf(
  { tierPolicy }: BudgetInputs,
  standing: ApplicationStanding,
  target: number,
): number {
  if (tierPolicy === null) return -1;
  let step = stepInPlace(tierPolicy, standing);
  const cutOf = (at: number, tier: number): number =>
    tierPolicy.steps[at]?.cutBasisPoints[tier] ?? 0;
  const isSame = (at: number): boolean =>
    standing.tiers.every((tier) => cutOf(at, tier) === cutOf(at + 1, tier));
  while (step < target && isSame(step)) step += 1;
  return step;
}

/**
 * Steps of two policies, or of two versions of one, have nothing to do with each other. There the
 * deepest step of the policy now is taken that cuts no tier at hand deeper than it is cut already.
 */
function stepInPlace(
  tierPolicy: TierPolicyState,
  { cut, tiers, tierCuts }: ApplicationStanding,
): number {
  if (cut === null) return -1;
  if (isOf(tierPolicy, cut)) return cut.step;
  const uncut = tiers
    .filter((tier) => !tierCuts.some((inPlace) => inPlace.tier === tier))
    .map((tier) => ({ tier, cutBasisPoints: 0, floorBasisPoints: 0 }));
  return tierPolicy.steps.findLastIndex(({ cutBasisPoints }) =>
    [...tierCuts, ...uncut].every((inPlace) => {
      const next = cutBasisPoints[inPlace.tier] ?? 0;
      const floor = tierPolicy.floorBasisPoints[inPlace.tier] ?? 0;
      return next === 0 || (next <= inPlace.cutBasisPoints && floor >= inPlace.floorBasisPoints);
    }),
  );
}

function isOf(tierPolicy: TierPolicyState, cut: StandingCut): boolean {
  return cut.tierPolicy === tierPolicy.id && cut.tierPolicyVersion === tierPolicy.version;
}

/** The cut in place is not what it would be if it were made now: by its terms, or by whom it reaches. */
function needsRefresh(
  { tierPolicy }: BudgetInputs,
  { cut, uncovered }: ApplicationStanding,
): boolean {
  if (cut === null || tierPolicy === null) return false;
  return uncovered.length > 0 || !isOf(tierPolicy, cut);
}

/** null: what is known of the application's usage is fresh. */
function staleness(
  { tableCaughtUpAt, now }: BudgetInputs,
  policy: ThrottlePolicy,
  { application, newestUsage }: ApplicationStanding,
): Frozen | null {
  const oldest = now - BigInt(policy.freshnessMs) * 1_000n;
  if (tableCaughtUpAt === null || tableCaughtUpAt < oldest) {
    const detail = 'the table has not all that the usage topic has';
    return { application, code: 'TABLE_BEHIND', detail };
  }
  if (newestUsage === null || newestUsage < oldest) {
    const detail = 'the newest usage of the application is too old';
    return { application, code: 'USAGE_STALE', detail };
  }
  return null;
}

/** null: the last cut or lift is long enough ago for a deeper cut. */
function resting(
  policy: ThrottlePolicy,
  { application, cut, liftedAt }: ApplicationStanding,
  now: bigint,
): Frozen | null {
  const since = (at: bigint, restMs: number): boolean => now - at < BigInt(restMs) * 1_000n;
  if (cut === null) {
    return liftedAt !== null && since(liftedAt, policy.cooldownMs)
      ? { application, code: 'COOLING_DOWN', detail: 'a cut was lifted a moment ago' }
      : null;
  }
  return since(cut.appliedAt, policy.escalationMs)
    ? { application, code: 'ESCALATION_RESTS', detail: `step ${cut.step} has just been taken` }
    : null;
}
