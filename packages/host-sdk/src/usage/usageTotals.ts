import type { QuotaUsage } from './usageMeters.ts';

/** What was let through and refused of a resource since the start, over all quotas. */
export interface ResourceTotals {
  /** Amounts; of concurrency, unit-seconds. */
  readonly used: number;
  readonly refused: number;
}

/** Resources told apart; further ones count together, for metrics have a series for each. */
const RESOURCES_MAX = 100;
/** Those together; no resource has such a name. */
export const OTHER_RESOURCES = '(other)';

/** Sums of closed windows, so that they never go back and cost decisions nothing. */
export class UsageTotals {
  readonly #totals = new Map<string, { used: number; refused: number }>();

  add(windows: readonly QuotaUsage[]): void {
    for (const { resources } of windows) {
      for (const { resource, used, refused } of resources) {
        const totals = this.#of(resource);
        totals.used += Number(used);
        totals.refused += Number(refused);
      }
    }
  }

  get byResource(): Readonly<Record<string, ResourceTotals>> {
    return Object.fromEntries(Array.from(this.#totals, ([name, totals]) => [name, { ...totals }]));
  }

  #of(resource: string): { used: number; refused: number } {
    const name =
      this.#totals.has(resource) || this.#totals.size < RESOURCES_MAX ? resource : OTHER_RESOURCES;
    let totals = this.#totals.get(name);
    if (totals === undefined) {
      totals = { used: 0, refused: 0 };
      this.#totals.set(name, totals);
    }
    return totals;
  }
}
