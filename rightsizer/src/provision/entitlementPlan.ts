import {
  allocationKey,
  costOf,
  decimalOf,
  handedOut,
  picosOf,
  reservedFor,
} from '@prorata/quota-model';
import type {
  AllocationState,
  ApplicationState,
  BudgetState,
  OrganizationState,
  PriceBookState,
} from '@prorata/quota-model';
import type { BudgetShare, Price, UnitCost } from '@prorata/schemas';
import { PriceTimeline } from '../ledger/priceTimeline.ts';
import { atItsDearest, boughtUnits } from './boughtUnits.ts';
import { longestSeconds, wholeMonths, windowsWithin } from './budgetLength.ts';
import { OVERFULL_MAX, heldUnits, holdersIn, overfullQuotas } from './overfullQuotas.ts';
import type { Holders, OverfullQuota } from './overfullQuotas.ts';

export interface PlanInputs {
  readonly organization: OrganizationState;
  readonly budget: BudgetState;
  /** What the budget would be, an exact decimal; its own amount for what it is. */
  readonly amount: string;
  readonly book: PriceBookState | null;
  readonly application: (id: string) => ApplicationState | null;
  /** Which prices hold, microseconds. */
  readonly now: bigint;
  /** Whether quotas that no longer fit are named, which looks at all that the project pays for. */
  readonly namesUnfit: boolean;
}

/** Why a share buys nothing that could be handed out. */
export type ShareFault =
  | 'PRICE_BOOK_UNKNOWN'
  | 'CURRENCY_OTHER'
  | 'PRICE_MISSING'
  | 'PRICE_ZERO'
  | 'APPLICATION_UNKNOWN'
  | 'RESOURCE_UNKNOWN'
  | 'WINDOW_UNKNOWN';

/**
 * What is to be done. `allocate`: hand out this much; `release`: what is handed out buys nothing any more. The others
 * change nothing: `fits` is so already, `waits` for the application's answer, for money that another allocation keeps,
 * or for whoever made it from another budget; `does_not_fit`: quotas hold more, and nothing is taken from
 * them; `not_possible`: see the fault.
 */
export type ShareStep = 'allocate' | 'release' | 'fits' | 'waits' | 'does_not_fit' | 'not_possible';

/** One share of a budget as entitlement. Units are base units, of a rate per second. */
export interface PlannedShare {
  readonly share: BudgetShare;
  /** An exact decimal: the share of the amount. */
  readonly money: string;
  /** That holds now; null: none. */
  readonly price: Price | null;
  /** Base units that one unit may use up in the budget's longest window; null: not known. */
  readonly unitsPerWindow: bigint | null;
  /** What the money buys, the stairs of a graduated price counted; null: see `fault`. */
  readonly buys: bigint | null;
  /**
   * What is handed out of it: no more than the money buys at the price's first amount, for an allocation is kept by one
   * price.
   */
  readonly target: bigint | null;
  /** What is handed out now, and by which budget; null: nothing. */
  readonly allocated: { readonly amount: bigint; readonly budgetId: string } | null;
  readonly isPending: boolean;
  /** What the application grants at most now; null: nobody has said. */
  readonly entitled: bigint | 'unlimited' | null;
  /** What the project's quotas hold; null: unlimited. */
  readonly held: bigint | null;
  /** How much more that is than the target; null: no number. 0: it fits. */
  readonly over: bigint | null;
  /** What no longer fits: those named that a cut would take first. */
  readonly overfull: readonly OverfullQuota[];
  readonly overfullMore: number;
  readonly step: ShareStep;
  readonly fault: ShareFault | null;
  /** The price of an allocation as it would be said; null: none can be. */
  readonly unitCost: UnitCost | null;
}

export interface EntitlementPlan {
  readonly budget: BudgetState;
  readonly amount: string;
  readonly shares: readonly PlannedShare[];
  /** Handed out to budgets below it and allocations now, an exact decimal. */
  readonly handedOut: string;
  /** What of it the budget would not hold; 0: it holds all. */
  readonly beyond: string;
}

const WHOLE = 10_000n;
/** The largest amount that the log can say. */
const AMOUNT_MAX = 2n ** 63n - 1n;

/**
 * What a budget's money buys of each resource of its split, what of it is handed out and held, and what no longer
 * fits. Pure; it takes nothing.
 */
export function entitlementPlan(inputs: PlanInputs): EntitlementPlan {
  const { organization, budget, amount } = inputs;
  const out = handedOut(organization, budget);
  const beyond = out - picosOf(amount);
  const holders = new Map<string, Holders>();
  return {
    budget,
    amount,
    shares: budget.split.map((share) => plannedShare(inputs, share, holders)),
    handedOut: decimalOf(out),
    beyond: decimalOf(beyond > 0n ? beyond : 0n),
  };
}

/** What the money buys. */
interface Bought {
  readonly price: Price | null;
  readonly unitsPerWindow: bigint | null;
  readonly buys: bigint | null;
  readonly target: bigint | null;
  readonly fault: ShareFault | null;
}

/** @param holders by application, found once for all shares of it */
function plannedShare(
  inputs: PlanInputs,
  share: BudgetShare,
  holders: Map<string, Holders>,
): PlannedShare {
  const { organization, budget, book } = inputs;
  const { application, resource } = share;
  const { project } = budget;
  const picos = (picosOf(inputs.amount) * BigInt(share.basisPoints)) / WHOLE;
  const state = inputs.application(application);
  const bought = boughtBy(inputs, share, picos, state);
  const held = state === null ? 0n : heldUnits(state, project, resource);
  const allocation = organization.allocations.get(allocationKey(project, application, resource));
  const over = overOf(held, bought.target);
  let overfull: readonly OverfullQuota[] = [];
  if (inputs.namesUnfit && state !== null && over !== 0n) {
    const found = holders.get(application) ?? holdersIn(state, project);
    holders.set(application, found);
    overfull = overfullQuotas(found.get(resource) ?? [], resource, over);
  }
  const planned = {
    share,
    money: decimalOf(picos),
    ...bought,
    allocated: allocatedOf(allocation),
    isPending: allocation?.pending != null,
    entitled: entitledOf(state, project, resource),
    held,
    over,
    overfull: overfull.slice(0, OVERFULL_MAX),
    overfullMore: Math.max(0, overfull.length - OVERFULL_MAX),
    unitCost: bought.fault === null ? unitCostOf(book, bought) : null,
  };
  return { ...planned, step: stepOf(inputs, planned, allocation) };
}

function boughtBy(
  { budget, book, now }: PlanInputs,
  { application, resource }: BudgetShare,
  picos: bigint,
  state: ApplicationState | null,
): Bought {
  const none = { price: null, unitsPerWindow: null, buys: null, target: null };
  const kind = state?.registration.resources.get(resource)?.kind ?? null;
  if (state === null) return { ...none, fault: 'APPLICATION_UNKNOWN' };
  if (kind === null) return { ...none, fault: 'RESOURCE_UNKNOWN' };
  if (book === null) return { ...none, fault: 'PRICE_BOOK_UNKNOWN' };
  if (book.currency !== budget.currency) return { ...none, fault: 'CURRENCY_OTHER' };
  const price = new PriceTimeline(book.prices).at(application, resource, now);
  if (price === null) return { ...none, fault: 'PRICE_MISSING' };
  const unitsPerWindow =
    kind === 'consumable'
      ? consumedWindows(state, budget, resource)
      : longestSeconds(budget.window);
  if (unitsPerWindow === null) return { ...none, price, fault: 'WINDOW_UNKNOWN' };
  const stairs = unitsOf(price, budget, picos);
  const flat = boughtUnits({ ...price, steps: [] }, picos);
  if (stairs === null || flat === null)
    return { ...none, price, unitsPerWindow, fault: 'PRICE_ZERO' };
  const buys = stairs / unitsPerWindow;
  const target = [buys, flat / unitsPerWindow, AMOUNT_MAX].reduce((a, b) => (a < b ? a : b));
  return { price, unitsPerWindow, buys, target, fault: null };
}

/**
 * Base units of one window. Stairs begin anew each month of the book: a window of several months has them several times,
 * and of one that is no whole number of months nobody knows which stair its units fall onto.
 */
function unitsOf(price: Price, budget: BudgetState, picos: bigint): bigint | null {
  if (price.steps.length === 0) return boughtUnits(price, picos);
  const months = wholeMonths(budget.window);
  if (months === null) return boughtUnits(atItsDearest(price), picos);
  const monthly = boughtUnits(price, picos / months);
  return monthly === null ? null : monthly * months;
}

/** By the one window in which the project's quotas hold it; null: they hold none, or say several. */
function consumedWindows(
  state: ApplicationState,
  { project, window }: BudgetState,
  resource: string,
): bigint | null {
  const [first, ...others] = state.held.get(`${project} ${resource}`)?.amounts ?? [];
  return first === undefined || others.length > 0 ? null : windowsWithin(window, first.key);
}

function unitCostOf(
  book: PriceBookState | null,
  { price, unitsPerWindow }: Bought,
): UnitCost | null {
  if (book === null || price === null || unitsPerWindow === null) return null;
  return {
    priceBook: book.id,
    priceBookVersion: book.version,
    currency: book.currency,
    amount: price.amount,
    perUnits: price.perUnits,
    unitsPerWindow,
  };
}

/** What will hold if the application agrees, or what holds. */
function allocatedOf(allocation: AllocationState | undefined): PlannedShare['allocated'] {
  const terms = allocation?.pending ?? allocation?.accepted ?? null;
  if (terms === null) return null;
  return { amount: terms.amount === 'blocked' ? 0n : terms.amount, budgetId: terms.budgetId };
}

function entitledOf(
  state: ApplicationState | null,
  project: string,
  resource: string,
): PlannedShare['entitled'] {
  const entitlement = state?.entitlements.get(`${project} ${resource}`);
  if (entitlement === undefined) return null;
  return entitlement.amount === 'blocked' ? 0n : entitlement.amount;
}

/** null: no number is too much of unlimited, or of nothing that is known. */
function overOf(held: bigint | null, target: bigint | null): bigint | null {
  if (target === null) return 0n;
  if (held === null) return null;
  return held > target ? held - target : 0n;
}

type WithoutStep = Omit<PlannedShare, 'step'>;

function stepOf(
  { organization, budget, amount }: PlanInputs,
  { fault, target, allocated, isPending, over, unitCost }: WithoutStep,
  allocation: AllocationState | undefined,
): ShareStep {
  if (fault !== null || target === null || unitCost === null) return 'not_possible';
  if (isPending) return 'waits';
  if (allocated !== null && allocated.budgetId !== budget.budgetId) return 'waits';
  if (over !== 0n) return 'does_not_fit';
  if (target === 0n) return allocated === null ? 'fits' : 'release';
  if (allocated?.amount === target) return 'fits';
  const kept = allocation === undefined ? 0n : reservedFor(allocation, budget.budgetId);
  const cost = costOf(target, unitCost);
  const others = handedOut(organization, budget) - kept;
  return others + (cost > kept ? cost : kept) <= picosOf(amount) ? 'allocate' : 'waits';
}
