import type { BudgetState, OrganizationState } from '@prorata/quota-model';
import type { NoForecast, SpendForecast } from '../forecast/spendForecast.ts';
import type { Policy } from '../policy.ts';
import type { UsageSnapshot } from '../table/usageReader.ts';
import type { TableFreshness } from '../tableFreshness.ts';
import type { LogView } from '../view/logView.ts';
import { forecastOf, HISTORY_MICROS } from './budgetForecast.ts';
import { budgetSpends, spendKey } from './budgetSpends.ts';
import type { BudgetSpends, SpendAsked, SpendLedger } from './budgetSpends.ts';
import { isBelow } from './holdings.ts';
import { incompleteness, judgeBudget } from './judgeBudget.ts';
import type { BudgetInputs, BudgetVerdict } from './judgeBudget.ts';
import { HeldBudgets } from './sparedProjects.ts';
import { isOver } from './spend.ts';
import type { Spend, SpentDay } from './spend.ts';
import { PaidPlaces, standingsOf } from './standings.ts';
import { dueThresholds } from './thresholds.ts';
import type { DueThreshold } from './thresholds.ts';
import { WindowsNow } from './windowsNow.ts';

/** One budget as it was looked at. */
export interface BudgetLook {
  readonly organization: string;
  readonly inputs: BudgetInputs;
  readonly verdict: BudgetVerdict;
  /** null: spend is not known in full, or nobody asked. */
  readonly forecast: SpendForecast | NoForecast | null;
  readonly due: readonly DueThreshold[];
  /** null: there is no table yet. */
  readonly tableVersion: number | null;
}

/** A budget that could not be looked at, or acted on. */
export interface BudgetFault {
  readonly organization: string;
  readonly budgetId: string;
  readonly error: unknown;
}

export interface LookParts {
  readonly view: LogView;
  readonly ledger: SpendLedger;
  readonly freshness: Pick<TableFreshness, 'caughtUpAt'>;
  readonly policy: Policy;
}

/** A budget of an organization. */
export interface BudgetOf {
  readonly state: OrganizationState;
  readonly budget: BudgetState;
}

/** Days before a window, as they were when they were last summed. */
interface History {
  readonly at: bigint;
  readonly windowStart: bigint;
  readonly days: readonly SpentDay[];
}

/** What has been is summed again after this: late usage and corrections still change it a little. */
const HISTORY_REST_MICROS = 12n * 3_600_000_000n;
const HISTORIES_MAX = 20_000;

/** Looks at budgets: sums their spend, all at once, and judges each. Posts nothing. */
export class BudgetLooks {
  readonly #parts: LookParts;
  readonly #histories = new Map<string, History>();

  constructor(parts: LookParts) {
    this.#parts = parts;
  }

  /**
   * @param asked each is looked at; those below the budgets of teams must be among `beside`
   * @param beside budgets whose spend matters to them, they themselves among these
   */
  async look(
    asked: readonly BudgetOf[],
    beside: readonly BudgetOf[],
    snapshot: UsageSnapshot | null,
    now: bigint,
  ): Promise<{ looks: BudgetLook[]; faults: BudgetFault[] }> {
    const windows = new WindowsNow(now);
    const spent = beside.flatMap(({ state, budget }): SpendAsked[] => {
      const window = windows.at(budget.window);
      return window === null ? [] : [{ state, budget, window }];
    });
    const { ledger, policy } = this.#parts;
    const spends: BudgetSpends = snapshot
      ? await budgetSpends(ledger, snapshot, spent, now)
      : new Map<string, Spend>();
    const histories = await this.#historiesOf(asked, snapshot, windows, now);
    const since = now - BigInt(policy.throttle.freshnessMs) * 1_000n;
    const newest = (await snapshot?.newestUsage(since)) ?? new Map<string, bigint>();
    const one = new OneLook(this.#parts, { snapshot, spends, histories, newest, windows, now });
    const looks: BudgetLook[] = [];
    const faults: BudgetFault[] = [];
    for (const { state, budget } of asked) {
      try {
        looks.push(one.at(state, budget));
      } catch (error) {
        faults.push({ organization: state.id, budgetId: budget.budgetId, error });
      }
    }
    return { looks, faults };
  }

  /** Days before the budgets' windows, which their forecasts go by; none where they are not known in full. */
  async #historiesOf(
    asked: readonly BudgetOf[],
    snapshot: UsageSnapshot | null,
    windows: WindowsNow,
    now: bigint,
  ): Promise<ReadonlyMap<string, readonly SpentDay[]>> {
    const wanted = asked.flatMap(({ state, budget }): SpendAsked[] => {
      const window = windows.at(budget.window);
      if (window === null) return [];
      const before = { start: window.start - HISTORY_MICROS, end: window.start };
      return [{ state, budget, window: before }];
    });
    const missing = wanted.filter(({ state, budget, window }) => {
      const known = this.#histories.get(spendKey(state.id, budget.budgetId));
      return known?.windowStart !== window.end || now - known.at >= HISTORY_REST_MICROS;
    });
    if (snapshot !== null && missing.length > 0) {
      const spends = await budgetSpends(this.#parts.ledger, snapshot, missing, now);
      for (const { state, budget, window } of missing) {
        const spend = spends.get(spendKey(state.id, budget.budgetId));
        const days = spend === undefined || !isWhole(spend) ? [] : spend.days;
        this.#keep(spendKey(state.id, budget.budgetId), { at: now, windowStart: window.end, days });
      }
    }
    return new Map([...this.#histories].map(([key, { days }]) => [key, days]));
  }

  #keep(key: string, history: History): void {
    this.#histories.delete(key);
    this.#histories.set(key, history);
    if (this.#histories.size <= HISTORIES_MAX) return;
    const [oldest] = this.#histories.keys();
    if (oldest !== undefined) this.#histories.delete(oldest);
  }
}

/** Whether nothing of it lacks a price, or does not add up: a forecast by less would be too low. */
function isWhole(spend: Spend | { readonly error: unknown }): spend is Spend {
  return !('error' in spend) && spend.unpriced.length === 0 && spend.differs === null;
}

interface Seen {
  readonly snapshot: UsageSnapshot | null;
  readonly spends: BudgetSpends;
  readonly histories: ReadonlyMap<string, readonly SpentDay[]>;
  readonly newest: ReadonlyMap<string, bigint>;
  readonly windows: WindowsNow;
  readonly now: bigint;
}

/** What all budgets of one look share. */
class OneLook {
  readonly #parts: LookParts;
  readonly #seen: Seen;
  readonly #places: PaidPlaces;
  readonly #held = new Map<string, HeldBudgets>();
  readonly #holds = new Map<BudgetState, boolean | null>();

  constructor(parts: LookParts, seen: Seen) {
    this.#parts = parts;
    this.#seen = seen;
    this.#places = new PaidPlaces(parts.view);
  }

  /** @throws what went wrong with its spend */
  at(state: OrganizationState, budget: BudgetState): BudgetLook {
    const { view, freshness, policy } = this.#parts;
    const { snapshot, histories, newest, windows, now } = this.#seen;
    const tierPolicy = view.tierPolicy(budget.tierPolicy);
    const spared = (project: string) =>
      this.#heldOf(state).sparedBy(budget, project, (each) => this.#holdsNow(state, each));
    const inputs: BudgetInputs = {
      budget,
      window: windows.at(budget.window),
      book: view.priceBook(budget.priceBook),
      tierPolicy,
      spend: this.#spendOf(state, budget),
      standings: standingsOf(this.#places, state, budget, tierPolicy, newest, spared),
      tableCaughtUpAt: snapshot && freshness.caughtUpAt(snapshot.positions),
      now,
    };
    const verdict = judgeBudget(inputs, policy.throttle);
    const forecast = forecastOf(inputs, histories.get(spendKey(state.id, budget.budgetId)) ?? []);
    const due = dueThresholds(inputs, forecast, policy.throttle);
    const tableVersion = snapshot?.version ?? null;
    return { organization: state.id, inputs, verdict, forecast, due, tableVersion };
  }

  #spendOf(state: OrganizationState, { budgetId }: BudgetState): Spend | null {
    const spend = this.#seen.spends.get(spendKey(state.id, budgetId));
    if (spend === undefined) return null;
    if ('error' in spend) throw spend.error;
    return spend;
  }

  #holdsNow(state: OrganizationState, budget: BudgetState): boolean | null {
    const known = this.#holds.get(budget);
    if (known !== undefined) return known;
    const holds = this.#isWithin(state, budget);
    this.#holds.set(budget, holds);
    return holds;
  }

  #isWithin(state: OrganizationState, budget: BudgetState): boolean | null {
    const spend = this.#seen.spends.get(spendKey(state.id, budget.budgetId)) ?? null;
    if (spend === null || 'error' in spend) return null;
    const window = this.#seen.windows.at(budget.window);
    const book = this.#parts.view.priceBook(budget.priceBook);
    if (incompleteness({ budget, window, book, spend }) !== null) return null;
    return !isOver(spend.total, budget.amount);
  }

  #heldOf(state: OrganizationState): HeldBudgets {
    const known = this.#held.get(state.id) ?? new HeldBudgets(state);
    this.#held.set(state.id, known);
    return known;
  }
}

/** The budgets of an organization that a look at one of them needs: it, and those of whom it may spare. */
export function besideOf(state: OrganizationState, budget: BudgetState): BudgetOf[] {
  if (budget.project !== '') return [{ state, budget }];
  const others = [...state.budgets.values()].filter(
    (each) => each !== budget && (each.project === '' || isBelow(state, budget, each.project)),
  );
  return [budget, ...others].map((each) => ({ state, budget: each }));
}
