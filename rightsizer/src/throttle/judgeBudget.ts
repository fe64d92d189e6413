import type { BudgetState, PriceBookState, TierPolicyState } from '@prorata/quota-model';
import type { HaircutLiftCause } from '@prorata/schemas';
import type { ThrottlePolicy } from '../policy.ts';
import type { TimeWindow } from './budgetWindows.ts';
import { isMore, isOver, overrunBasisPoints } from './spend.ts';
import type { Spend } from './spend.ts';
import { lighterWave, nextWave, reachOf } from './waves.ts';
import type { PriorityMin, QuotaGroup } from './waves.ts';

/** Why a cut is neither made nor changed nor lifted though it may have to be. */
export type FreezeCode =
  | 'WINDOW_UNKNOWN'
  | 'PRICE_BOOK_UNKNOWN'
  | 'TIER_POLICY_UNKNOWN'
  | 'CURRENCY_OTHER'
  | 'PRICE_MISSING'
  | 'LEDGER_DIFFERS'
  | 'TABLE_BEHIND'
  | 'USAGE_STALE'
  | 'PROJECT_UNKNOWN'
  | 'OVERRIDDEN'
  | 'ESCALATION_RESTS'
  | 'COOLING_DOWN'
  | 'CUT_TOO_LARGE'
  | 'COMMAND_REFUSED';

/** The cut of a budget that lies on a project's quotas in an application now. */
export interface StandingCut {
  /** Index into the tier policy's steps: of the quotas that were cut last. */
  readonly step: number;
  /** How many carry it. */
  readonly quotas: number;
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
  /** When it was last made other than for quotas that came later: these hold up nothing. */
  readonly appliedAt: bigint;
}

/** Why a project is not cut for a budget above it: the nearest ones that bound it hold, or nobody knows. */
export interface Spared {
  readonly budgetId: string;
  /** false: what it has spent is not known in full, so it may be within. */
  readonly isWithin: boolean;
}

/** What a budget in dry_run would have cut of the project, the last that was told. */
export interface Rehearsed {
  readonly step: number;
  readonly windowStart: bigint;
  readonly at: bigint;
}

/** A project below the budget in one application where it pays for quotas, or still carries the budget's cut. */
export interface ProjectStanding {
  readonly application: string;
  readonly project: string;
  /** false: the budget is not that of the project any more. */
  readonly isBelow: boolean;
  /** null: it may be cut. */
  readonly spared: Spared | null;
  /** The quotas that the project pays for there and that have a number to cut. */
  readonly groups: readonly QuotaGroup[];
  readonly cut: StandingCut | null;
  readonly rehearsed: Rehearsed | null;
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
  readonly standings: readonly ProjectStanding[];
  /** Up to when the table has all that the topic had; null: never seen caught up. */
  readonly tableCaughtUpAt: bigint | null;
  /** Microseconds. */
  readonly now: bigint;
}

interface ActionPlace {
  readonly application: string;
  readonly project: string;
}

export type ThrottleAction =
  | (ActionPlace & {
      readonly kind: 'apply';
      readonly step: number;
      readonly priorityMin: PriorityMin;
      /** See Wave. */
      readonly isRefresh: boolean;
    })
  | (ActionPlace & {
      /** Of a budget in dry_run: what it would have cut. */
      readonly kind: 'rehearse';
      readonly step: number;
      readonly quotas: number;
    })
  | (ActionPlace & {
      readonly kind: 'lift';
      readonly cause: HaircutLiftCause;
      readonly spend: string;
    });

type Lift = Extract<ThrottleAction, { kind: 'lift' }>;

export interface Frozen {
  /** null: all applications of the budget. */
  readonly application: string | null;
  /** null: all projects of the budget. */
  readonly project: string | null;
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
 * What a budget's spend calls for, project by project and application by application. Pure; no forecast is among what
 * it is given.
 *
 * A cut needs spend known in full, a ledger that adds up, a table that has caught up and fresh usage of the application
 * itself, and deepens by one wave of one step at a time. Less of a cut, and none, need the same proof, since a
 * table that lags shows too little spend; but they need not rest. Lifts that need no fresh data: that
 * the window has rolled, that the budget is another's, that a person stops its cuts or lets it only tell them stands in
 * the log, and a budget that is raised above all that is proven to have been spent lifts however old that proof is.
 */
export function judgeBudget(inputs: BudgetInputs, policy: ThrottlePolicy): BudgetVerdict {
  const incomplete = incompleteness(inputs);
  const { budget, spend, tierPolicy } = inputs;
  const known = incomplete === null ? spend : null;
  const overrun = known && overrunBasisPoints(known.total, budget.amount);
  const target = known && targetOf(inputs, known, overrun ?? 0);
  const actions: ThrottleAction[] = [];
  const frozen: Frozen[] = incomplete === null ? [] : [incomplete];
  if (known !== null && tierPolicy === null)
    frozen.push(whole('TIER_POLICY_UNKNOWN', budget.tierPolicy));
  if (stopOf(inputs) === 'overridden' && target !== null && target >= 0) {
    frozen.push(whole('OVERRIDDEN', budget.override?.provenance.reason ?? ''));
  }
  for (const standing of inputs.standings) {
    const decided = judgeStanding(inputs, policy, standing, target);
    if (decided === null) continue;
    if ('code' in decided) frozen.push(decided);
    else actions.push(decided);
  }
  return { overrunBasisPoints: overrun, targetStep: target, actions, frozen };
}

function whole(code: FreezeCode, detail: string): Frozen {
  return { application: null, project: null, code, detail };
}

/** What keeps the budget from cutting whatever is spent; null: nothing does. */
export function stopOf({
  budget,
  now,
}: Pick<BudgetInputs, 'budget' | 'now'>): 'dry_run' | 'overridden' | null {
  if (budget.override !== null && budget.override.until > now) return 'overridden';
  return budget.mode === 'dry_run' ? 'dry_run' : null;
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

/** Why the spend is not to be acted on; null: it is known in full. */
export function incompleteness({
  budget,
  window,
  book,
  spend,
}: Pick<BudgetInputs, 'budget' | 'window' | 'book' | 'spend'>): Frozen | null {
  if (window === null) {
    return whole('WINDOW_UNKNOWN', `no window in time zone ${budget.window.timeZone}`);
  }
  if (book === null) return whole('PRICE_BOOK_UNKNOWN', budget.priceBook);
  if (book.currency !== budget.currency) {
    return whole(
      'CURRENCY_OTHER',
      `the budget is in ${budget.currency}, prices in ${book.currency}`,
    );
  }
  if (spend === null) return whole('TABLE_BEHIND', 'there is no usage table');
  if (spend.unpriced.length > 0) return whole('PRICE_MISSING', spend.unpriced.join(', '));
  return spend.differs === null ? null : whole('LEDGER_DIFFERS', spend.differs);
}

function judgeStanding(
  inputs: BudgetInputs,
  policy: ThrottlePolicy,
  standing: ProjectStanding,
  target: number | null,
): ThrottleAction | Frozen | null {
  const { cut } = standing;
  if (cut !== null) {
    const cause = groundless(inputs, standing, cut);
    if (cause !== null) return lift(inputs, standing, cut, cause);
  }
  if (target === null) return null;
  if (target < 0) return cut && judgeLift(inputs, policy, standing, cut);
  if (standing.spared !== null) return judgeSpared(inputs, policy, standing, standing.spared);
  const stop = stopOf(inputs);
  if (!standing.isBelow || stop === 'overridden') return null;
  return stop === 'dry_run'
    ? judgeRehearsal(inputs, policy, standing, target)
    : judgeCut(inputs, policy, standing, target);
}

/** Why a cut has no ground any more, whatever was spent; null: it may have. */
function groundless(
  inputs: BudgetInputs,
  { isBelow }: ProjectStanding,
  cut: StandingCut,
): HaircutLiftCause | null {
  const { now, window } = inputs;
  if (cut.windowEnd <= now || (window !== null && cut.windowStart !== window.start)) {
    return 'window_rolled';
  }
  if (!isBelow) return 'spend_corrected';
  return stopOf(inputs) === null ? null : 'person';
}

/** Projects within the nearest budgets of their own are not touched: a cut from before they were within is lifted. */
function judgeSpared(
  inputs: BudgetInputs,
  policy: ThrottlePolicy,
  standing: ProjectStanding,
  { budgetId, isWithin }: Spared,
): ThrottleAction | Frozen | null {
  const { cut } = standing;
  if (!isWithin) {
    const detail = `what budget ${budgetId} has spent is not known in full`;
    return frozenAt(standing, 'PROJECT_UNKNOWN', detail);
  }
  if (cut === null) return null;
  return staleness(inputs, policy, standing) ?? lift(inputs, standing, cut, 'spend_corrected');
}

function judgeCut(
  inputs: BudgetInputs,
  policy: ThrottlePolicy,
  standing: ProjectStanding,
  target: number,
): ThrottleAction | Frozen | null {
  const { tierPolicy, now } = inputs;
  const { application, project, groups } = standing;
  if (tierPolicy === null) return null;
  const taken = takenStep(tierPolicy, standing);
  const lighter = lighterWave(tierPolicy, groups, target, taken);
  const rest = resting(policy, standing, now);
  const wave =
    lighter ?? nextWave(tierPolicy, groups, target, taken, policy.wavesMax, rest === null);
  if (wave === null) return null;
  const { step, priorityMin, isRefresh } = wave;
  const rests = lighter !== null || isRefresh ? null : rest;
  return (
    staleness(inputs, policy, standing) ??
    rests ?? { kind: 'apply', application, project, step, priorityMin, isRefresh }
  );
}

/** The step of these terms that the project's cut has come to; -1: it has none; null: it is by other terms. */
function takenStep({ id, version }: TierPolicyState, { cut }: ProjectStanding): number | null {
  if (cut === null) return -1;
  return cut.tierPolicy === id && cut.tierPolicyVersion === version ? cut.step : null;
}

/** As a cut would be: a step after the other, with the same proof and the same rests, and all waves of a step at once. */
function judgeRehearsal(
  inputs: BudgetInputs,
  policy: ThrottlePolicy,
  standing: ProjectStanding,
  target: number,
): ThrottleAction | Frozen | null {
  const { tierPolicy, window, now } = inputs;
  const { application, project, groups, rehearsed } = standing;
  if (tierPolicy === null) return null;
  const told = rehearsed !== null && rehearsed.windowStart === window?.start ? rehearsed : null;
  const bare = groups.map((group) => ({ ...group, inPlace: null }));
  for (let step = (told?.step ?? -1) + 1; step <= target; step += 1) {
    const quotas = reachOf(tierPolicy, bare, { step, priorityMin: [], isRefresh: false });
    if (quotas === 0 || isSameStep(tierPolicy, bare, step)) continue;
    const rests =
      told !== null && isWithin(now - told.at, policy.escalationMs)
        ? frozenAt(standing, 'ESCALATION_RESTS', `step ${told.step} has just been told`)
        : null;
    const action = { kind: 'rehearse', application, project, step, quotas } as const;
    return staleness(inputs, policy, standing) ?? rests ?? action;
  }
  return null;
}

/** Whether the step cuts none of the quotas deeper than the one before it. */
function isSameStep(
  { steps }: TierPolicyState,
  groups: readonly QuotaGroup[],
  step: number,
): boolean {
  const cutOf = (at: number, tier: number): number => steps[at]?.cutBasisPoints[tier] ?? 0;
  return groups.every(({ tier }) => cutOf(step, tier) === cutOf(step - 1, tier));
}

/** Spend as it is known lies within the budget. */
function judgeLift(
  inputs: BudgetInputs,
  policy: ThrottlePolicy,
  standing: ProjectStanding,
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
function provenSpend({ standings, budget, spend, window }: BudgetInputs): string {
  return standings.reduce((most, { cut, isBelow }) => {
    const counts =
      cut !== null &&
      isBelow &&
      cut.currency === budget.currency &&
      cut.windowStart === window?.start;
    return counts && isMore(cut.spend, most) ? cut.spend : most;
  }, spend?.total ?? '0');
}

function lift(
  { spend }: BudgetInputs,
  { application, project }: ProjectStanding,
  cut: StandingCut,
  cause: HaircutLiftCause,
): Lift {
  // Credits may be more than what was used; a command speaks of money spent.
  const total = spend === null ? cut.spend : isMore('0', spend.total) ? '0' : spend.total;
  return { kind: 'lift', application, project, cause, spend: total };
}

function frozenAt(
  { application, project }: ProjectStanding,
  code: FreezeCode,
  detail: string,
): Frozen {
  return { application, project, code, detail };
}

/** null: what is known of the application's usage is fresh. */
function staleness(
  { tableCaughtUpAt, now }: BudgetInputs,
  policy: ThrottlePolicy,
  standing: ProjectStanding,
): Frozen | null {
  const oldest = now - BigInt(policy.freshnessMs) * 1_000n;
  if (tableCaughtUpAt === null || tableCaughtUpAt < oldest) {
    const detail = 'the table has not all that the usage topic has';
    return frozenAt(standing, 'TABLE_BEHIND', detail);
  }
  if (standing.newestUsage === null || standing.newestUsage < oldest) {
    const detail = `no usage of ${standing.application} is younger than ${policy.freshnessMs / 1_000} s: do its hosts report?`;
    return frozenAt(standing, 'USAGE_STALE', detail);
  }
  return null;
}

/** null: the last cut or lift is long enough ago for a deeper cut. */
function resting(policy: ThrottlePolicy, standing: ProjectStanding, now: bigint): Frozen | null {
  const { cut, liftedAt } = standing;
  if (cut === null) {
    return liftedAt !== null && isWithin(now - liftedAt, policy.cooldownMs)
      ? frozenAt(standing, 'COOLING_DOWN', 'a cut was lifted a moment ago')
      : null;
  }
  return isWithin(now - cut.appliedAt, policy.escalationMs)
    ? frozenAt(standing, 'ESCALATION_RESTS', `step ${cut.step} has just been taken`)
    : null;
}

function isWithin(micros: bigint, milliseconds: number): boolean {
  return micros < BigInt(milliseconds) * 1_000n;
}
