import { decimalOf, picosOf } from '@prorata/quota-model';
import type { Price } from '@prorata/schemas';
import { Decimal } from 'decimal.js';
import { dayAt } from '../ledger/chargeDays.ts';
import type { ChargeCategory, ChargeLine } from '../ledger/chargeLine.ts';
import type { TimeWindow } from './budgetWindows.ts';

/** Sums have at most 12 places, so additions and comparisons are exact. */
const Money = Decimal.clone({ precision: 120, rounding: Decimal.ROUND_HALF_UP });

/** What the ledger's lines of one resource and price come to, or of one credit, shared or idle cost. */
export interface SpendLine {
  readonly category: ChargeCategory;
  /** Empty: of no application. */
  readonly application: string;
  /** Of a credit and of a shared cost its name. */
  readonly resource: string;
  readonly used: bigint;
  /** null: the resource had no price when it was used, or its money is no product of units and a price. */
  readonly price: Price | null;
  /** An exact decimal; null: there was no price. */
  readonly money: string | null;
}

/** What was spent on one day of the budget's time zone, as far as it lies in the window. */
export interface SpentDay {
  /** Microseconds, half open. */
  readonly start: bigint;
  readonly end: bigint;
  /** An exact decimal. */
  readonly money: string;
}

export interface Spend {
  /** They sum to the total. */
  readonly lines: readonly SpendLine[];
  /** An exact decimal: the sum of the ledger's lines in the window; without what has no price. */
  readonly total: string;
  /** Resources that were used and have no price, as `application/resource`. */
  readonly unpriced: readonly string[];
  /** Days with a line, in order; they sum to the total. */
  readonly days: readonly SpentDay[];
  /** By project, of a team's or the organization's; what is no project's under the empty name. Empty of a project's own. */
  readonly projects: ReadonlyMap<string, string>;
  /** Why the lines are not to be trusted; null: they add up, as far as was looked. */
  readonly differs: string | null;
}

interface Sum extends Omit<SpendLine, 'money'> {
  used: bigint;
  picos: bigint | null;
}

/** What a budget sees: the sum of the ledger's lines, credits and corrections among them. */
export class SpendSum {
  readonly #timeZone: string;
  readonly #isOfSeveral: boolean;
  readonly #sums = new Map<string, Sum>();
  readonly #unpriced = new Set<string>();
  readonly #days = new Map<bigint, { readonly day: TimeWindow; picos: bigint }>();
  readonly #projects = new Map<string, bigint>();
  #day: TimeWindow = { start: 0n, end: 0n };
  #total = 0n;

  /** @param timeZone of the days; one that is known. @param isOfSeveral projects, which are told apart */
  constructor(timeZone: string, isOfSeveral: boolean) {
    this.#timeZone = timeZone;
    this.#isOfSeveral = isOfSeveral;
  }

  add(line: ChargeLine, picos: bigint | null): void {
    const application = line.application ?? '';
    const resource = line.name ?? line.resource ?? '';
    if (picos === null) this.#unpriced.add(`${application}/${resource}`);
    else this.#addMoney(line, picos);
    const since = line.price?.effectiveFrom ?? '';
    const key = `${line.category} ${application} ${resource} ${since}`;
    const { category, used, price } = line;
    const known = this.#sums.get(key);
    if (known === undefined) {
      this.#sums.set(key, { category, application, resource, used, price, picos });
      return;
    }
    known.used += used;
    if (picos !== null) known.picos = (known.picos ?? 0n) + picos;
  }

  /** @param differs see `Spend` */
  spend(differs: string | null): Spend {
    const days = [...this.#days.values()].sort((a, b) => (a.day.start < b.day.start ? -1 : 1));
    return {
      lines: [...this.#sums.values()].map(({ picos, ...line }) => ({
        ...line,
        money: picos === null ? null : decimalOf(picos),
      })),
      total: decimalOf(this.#total),
      unpriced: [...this.#unpriced].sort(),
      days: days.map(({ day, picos }) => ({ ...day, money: decimalOf(picos) })),
      projects: new Map(
        [...this.#projects].map(([project, picos]) => [project, decimalOf(picos)] as const),
      ),
      differs,
    };
  }

  #addMoney({ datedAt, project }: ChargeLine, picos: bigint): void {
    this.#total += picos;
    const { start, end } = this.#day;
    if (datedAt < start || datedAt >= end) this.#day = dayAt(this.#timeZone, datedAt);
    const known = this.#days.get(this.#day.start);
    if (known === undefined) this.#days.set(this.#day.start, { day: this.#day, picos });
    else known.picos += picos;
    if (!this.#isOfSeveral) return;
    this.#projects.set(project ?? '', (this.#projects.get(project ?? '') ?? 0n) + picos);
  }
}

/** The sum of all lines. */
export async function spendOf(lines: AsyncIterable<ChargeLine>): Promise<Spend> {
  const sum = new SpendSum('UTC', false);
  for await (const line of lines) sum.add(line, line.cost === null ? null : picosOf(line.cost));
  return sum.spend(null);
}

/** Avro int: an overrun beyond it is as bad. */
const BASIS_POINTS_MAX = 2_147_483_647;

/** floor((spend / budget − 1) · 10,000): 0 at the budget, 1,200 at 12 % over; negative below. */
export function overrunBasisPoints(spend: string, budget: string): number {
  const limit = new Money(budget);
  if (limit.lessThanOrEqualTo(0)) return new Money(spend).greaterThan(0) ? BASIS_POINTS_MAX : 0;
  const over = new Money(spend).minus(limit).times(10_000).dividedBy(limit);
  return Math.min(over.floor().toNumber(), BASIS_POINTS_MAX);
}

export function isOver(spend: string, budget: string): boolean {
  return new Money(spend).greaterThan(budget);
}

export function isMore(amount: string, than: string): boolean {
  return new Money(amount).greaterThan(than);
}
