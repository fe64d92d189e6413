import type { MeteredUse } from '../ledger/chargeUse.ts';
import type { UsageSource, UsesAsked } from '../ledger/usageSource.ts';
import { isPaidBy } from '../table/payers.ts';

const HOUR = 3_600_000_000n;

/**
 * What the table has, summed by payer, application and hour as it comes in: enough for a ledger of a quarter that
 * is asked every hour. Nothing is closed, so that nothing is late.
 */
export class HourlyUses implements UsageSource {
  readonly #sums = new Map<string, Sums>();
  readonly #from: bigint;
  readonly #hours: number;

  /** @param from where the first hour begins, microseconds */
  constructor(from: bigint, hours: number) {
    this.#from = from;
    this.#hours = hours;
  }

  /** What a payer uses of an application's resource, by hour from the first on: to be added to. */
  of(project: string, application: string, resource: string): Float64Array {
    const key = `${project} ${application}`;
    let sums = this.#sums.get(key);
    if (sums === undefined) {
      sums = { project, application, resource, hours: new Float64Array(this.#hours) };
      this.#sums.set(key, sums);
    }
    return sums.hours;
  }

  async *uses({ payers, edges }: UsesAsked): AsyncGenerator<MeteredUse> {
    await Promise.resolve();
    const paid = [...this.#sums].filter(([, { project }]) => isPaidBy(payers, project));
    const inOrder = paid.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sums]) => sums);
    for (const project of new Set(inOrder.map((sums) => sums.project))) {
      for (const [index, start] of edges.slice(0, -1).entries()) {
        for (const sums of inOrder) {
          if (sums.project !== project) continue;
          const used = this.#between(sums.hours, start, edges[index + 1] ?? start);
          const { application, resource } = sums;
          const place = { project, application, resource, quotaId: `${application}/all`, start };
          if (used > 0) yield { ...place, used: BigInt(used) };
        }
      }
    }
  }

  async *lateUses(): AsyncGenerator<never> {
    await Promise.resolve();
  }

  latePayers(): Promise<ReadonlySet<string | null>> {
    return Promise.resolve(new Set());
  }

  #between(hours: Float64Array, start: bigint, end: bigint): number {
    const first = Math.max(0, Number((start - this.#from) / HOUR));
    const last = Math.min(hours.length, Number((end - this.#from) / HOUR));
    let sum = 0;
    for (let hour = first; hour < last; hour += 1) sum += hours[hour] ?? 0;
    return sum;
  }
}

interface Sums {
  readonly project: string;
  readonly application: string;
  readonly resource: string;
  readonly hours: Float64Array;
}
