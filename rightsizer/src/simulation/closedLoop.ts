import { START } from '@prorata/quota-model/testing';
import { timeToJson } from '@prorata/schemas';
import { CommandDesk } from '../commandDesk.ts';
import { productionPolicy } from '../policy.ts';
import { TableFreshness } from '../tableFreshness.ts';
import { Throttle } from '../throttle/throttle.ts';
import type { ThrottleParts } from '../throttle/throttle.ts';
import { ClosedLoopLog, moneyOf } from './closedLoopLog.ts';
import { simulatedProjects, WINDOW_SECONDS, WINDOWS_A_DAY } from './quarterDemand.ts';
import type { SimulatedQuota } from './quarterDemand.ts';
import { SimulatedFleet } from './simulatedFleet.ts';
import { simulatedSpendLedger } from './simulatedSpendLedger.ts';
import { SimulatedView } from './simulatedView.ts';
import { KrrSizer, noSizer, RightsizingSizer } from './sizers.ts';
import type { Sizer } from './sizers.ts';

/** Who decides about limits, and whether budgets cut. */
export interface Arm {
  readonly name: string;
  readonly sizing: 'static' | 'krr' | 'rightsizer';
  readonly isThrottled: boolean;
}

export const arms: readonly Arm[] = [
  { name: 'static peak × 1.15', sizing: 'static', isThrottled: false },
  { name: 'KRR', sizing: 'krr', isThrottled: false },
  { name: 'rightsizer', sizing: 'rightsizer', isThrottled: false },
  { name: 'throttle', sizing: 'static', isThrottled: true },
  { name: 'both loops', sizing: 'rightsizer', isThrottled: true },
];

export interface ClosedLoopTerms {
  readonly seed: number;
  /** Two weeks of them are looked at and not judged. */
  readonly days: number;
  /** Of every budget. */
  readonly window: 'month' | 'week';
}

/** What a run of an arm came to, after the first two weeks. */
export interface ArmFigures {
  /** Room that nobody wanted, percent of the room. */
  readonly waste: number;
  /** Refused and not asked for again, percent of the fresh demand. */
  readonly refused: number;
  /** Windows in which a limit was below what was wanted, percent. */
  readonly short: number;
  /** Spent above the budgets in windows that ended, percent of the budgets. */
  readonly overBudget: number;
  /** Limits moved by sizing, per quota and day. */
  readonly changes: number;
  /** Cuts and lifts, per quota and day. */
  readonly cuts: number;
}

const DAY = 86_400_000_000n;
export const WARM_UP_DAYS = 14;
const WARM_UP = WARM_UP_DAYS * WINDOWS_A_DAY;
const WINDOWS_AN_HOUR = 12;
/** Before anybody knows anything the owner guesses this many times the first two weeks' peak: nothing is refused. */
const GUESS_FACTOR = 3;
/** A planner's headroom. */
const HEADROOM = 1.15;
/** What an owner expects to spend on top of the first two weeks, by project: some budgets hold, some do not. */
const budgetFactors = [0.95, 1.05, 1.2];
const SOURCE = 'usage.events';
const HOUR_MS = 3_600_000;

const policy = {
  ...productionPolicy,
  throttle: {
    ...productionPolicy.throttle,
    evaluationMs: HOUR_MS,
    freshnessMs: 3 * HOUR_MS,
    escalationMs: 4 * HOUR_MS,
    cooldownMs: 24 * HOUR_MS,
    refusalRestMs: HOUR_MS,
  },
};

/** Demand, hosts, sink, log and loops of one arm, from the first window to the last. */
export class ClosedLoop {
  readonly #terms: ClosedLoopTerms;
  readonly #arm: Arm;
  readonly #quotas: readonly SimulatedQuota[];
  readonly #fleet: SimulatedFleet;
  readonly #log: ClosedLoopLog;
  readonly #sizer: Sizer;
  readonly #budgets = new Map<string, number>();
  #throttle: Throttle | null = null;
  #changes = 0;
  #cuts = 0;

  /** @param quotas the demand of the seed: the same for every arm */
  constructor(terms: ClosedLoopTerms, arm: Arm, quotas: readonly SimulatedQuota[]) {
    this.#terms = terms;
    this.#arm = arm;
    this.#quotas = quotas;
    const windows = terms.days * WINDOWS_A_DAY;
    this.#fleet = new SimulatedFleet(this.#quotas, windows, START, terms.seed);
    const guesses = this.#quotas.map(
      (quota) => [quota.quotaId, Math.ceil(peakOf(quota) * GUESS_FACTOR)] as const,
    );
    this.#log = new ClosedLoopLog(this.#quotas, new Map(guesses));
    this.#sizer = this.#sizerOf(arm);
    this.#enforce();
  }

  /** @throws Error a budget could not be looked at: figures without it would say that its spend was let be */
  async run(): Promise<ArmFigures> {
    const windows = this.#terms.days * WINDOWS_A_DAY;
    for (let at = 0; at < windows; at += 1) {
      this.#fleet.run(at);
      this.#log.log.advanceTo(this.#fleet.timeOf(at + 1));
      if (at + 1 < WARM_UP) continue;
      if (at + 1 === WARM_UP) this.#plan();
      this.#changes += this.#sizer.look(at);
      if ((at + 1) % WINDOWS_AN_HOUR === 0) {
        await this.#budget(this.#fleet.timeOf(at + 1));
      }
      this.#enforce();
    }
    return this.#figures();
  }

  async #budget(now: bigint): Promise<void> {
    const evaluated = await this.#throttle?.evaluate(now);
    const [fault] = evaluated?.faults ?? [];
    if (fault !== undefined) throw new Error(`budget ${fault.budgetId}`, { cause: fault.error });
  }

  /** After two weeks planners size limits, and budget owners say what may be spent. */
  #plan(): void {
    for (const series of this.#fleet.series) {
      const peak = highestOf(series.known.subarray(0, this.#fleet.known));
      this.#log.declare(series.quota.quotaId, Math.max(1, Math.ceil(peak * HEADROOM)));
    }
    const windowDays = this.#terms.window === 'month' ? 30.4 : 7;
    for (const [index, project] of simulatedProjects.entries()) {
      const spent = this.#moneyBetween(project, 0, WARM_UP);
      const expected = (spent / WARM_UP_DAYS) * windowDays;
      const amount = Math.round(expected * (budgetFactors[index] ?? 1) * 100) / 100;
      this.#budgets.set(project, amount);
      this.#log.defineBudget(project, amount, this.#budgetWindow());
    }
    if (this.#arm.isThrottled) this.#throttle = this.#throttleOf();
  }

  #budgetWindow(): object {
    return this.#terms.window === 'month'
      ? { kind: 'calendar_month', timeZone: 'UTC', count: 1 }
      : {
          kind: 'fixed',
          timeZone: 'UTC',
          lengthMicros: (7n * DAY).toString(),
          anchor: timeToJson(START),
          count: 1,
        };
  }

  /** Hosts hear of it a window later. */
  #enforce(): void {
    const byId = new Map(this.#fleet.series.map((series) => [series.quota.quotaId, series]));
    for (const quotaId of this.#log.touched()) {
      const series = byId.get(quotaId);
      if (series === undefined) continue;
      series.next = this.#log.inForce(quotaId);
      const isCut = this.#log.quota(quotaId).haircuts.size > 0;
      if (isCut !== series.isCut) this.#cuts += 1;
      series.isCut = isCut;
    }
  }

  #sizerOf({ sizing }: Arm): Sizer {
    if (sizing === 'rightsizer') return new RightsizingSizer(this.#fleet, this.#log);
    return sizing === 'krr' ? new KrrSizer(this.#fleet, this.#log, WARM_UP) : noSizer;
  }

  #throttleOf(): Throttle {
    const { log } = this.#log;
    const view = new SimulatedView(log);
    const fleet = this.#fleet;
    const ended = (): bigint => (log.now - START) / (300n * 1_000_000n);
    const newestUsage = (): Promise<ReadonlyMap<string, bigint>> =>
      Promise.resolve(new Map(['llm', 'moka'].map((id) => [id, fleet.timeOf(fleet.known)])));
    const snapshot = (): object => ({
      version: fleet.known,
      positions: new Map([[`${SOURCE}/0`, BigInt(fleet.known + 1)]]),
      newestUsage,
    });
    const parts = {
      view,
      reader: { newest: () => Promise.resolve(snapshot()) },
      ledger: simulatedSpendLedger(view.view.ledger, () => fleet.uses),
      freshness: new TableFreshness(
        { log: { endOffset: () => Promise.resolve(ended()) } } as unknown as ConstructorParameters<
          typeof TableFreshness
        >[0],
        SOURCE,
        1,
      ),
      desk: new CommandDesk((command) => Promise.resolve(log.answer(command))),
      policy,
    };
    return new Throttle(parts as unknown as ThrottleParts);
  }

  #figures(): ArmFigures {
    const windows = this.#terms.days * WINDOWS_A_DAY;
    let [room, idle, lost, fresh, short] = [0, 0, 0, 0, 0];
    for (const { quota, limits, wanted, lost: gone } of this.#fleet.series) {
      for (let at = WARM_UP; at < windows; at += 1) {
        const [limit, asked] = [limits[at] ?? 0, wanted[at] ?? 0];
        room += limit;
        if (limit >= asked) idle += limit - asked;
        else short += 1;
        lost += gone[at] ?? 0;
        fresh += quota.wanted[at] ?? 0;
      }
    }
    const judged = this.#quotas.length * (windows - WARM_UP);
    const quotaDays = judged / WINDOWS_A_DAY;
    return {
      waste: (100 * idle) / room,
      refused: (100 * lost) / fresh,
      short: (100 * short) / judged,
      overBudget: this.#overBudget(),
      changes: this.#changes / quotaDays,
      cuts: this.#cuts / quotaDays,
    };
  }

  #overBudget(): number {
    let [over, granted] = [0, 0];
    for (const [project, amount] of this.#budgets) {
      for (const [from, to] of this.#windowsThatEnded()) {
        granted += amount;
        over += Math.max(0, this.#moneyBetween(project, from, to) - amount);
      }
    }
    return granted === 0 ? 0 : (100 * over) / granted;
  }

  /** That were judged in full, but for the month of the warm-up. */
  #windowsThatEnded(): [from: number, to: number][] {
    const lengths = this.#terms.window === 'month' ? [31, 28, 31] : weeks(this.#terms.days);
    const ended: [number, number][] = [];
    let from = 0;
    for (const length of lengths) {
      const to = from + length * WINDOWS_A_DAY;
      if (to > WARM_UP && to <= this.#terms.days * WINDOWS_A_DAY) ended.push([from, to]);
      from = to;
    }
    return ended;
  }

  #moneyBetween(project: string, from: number, to: number): number {
    let money = 0;
    for (const { quota, served } of this.#fleet.series) {
      if (quota.project !== project) continue;
      for (let at = from; at < to; at += 1) {
        money += moneyOf((served[at] ?? 0) * WINDOW_SECONDS, this.#fleet.timeOf(at));
      }
    }
    return money;
  }
}

function weeks(days: number): number[] {
  return Array.from({ length: Math.floor(days / 7) }, () => 7);
}

function peakOf({ wanted }: SimulatedQuota): number {
  return Math.max(1, highestOf(wanted.subarray(0, WARM_UP)));
}

function highestOf(values: Float64Array): number {
  return values.reduce((most, value) => (value > most ? value : most), 0);
}
