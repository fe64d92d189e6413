import type { Limiter } from './limiter.ts';
import type { QuotaPath } from './quotaPath.ts';
import type { Attributes } from './ruleMatch.ts';
import type { RuleTable } from './ruleTable.ts';
import { isAdmitted } from './verdict.ts';
import type { Verdict } from './verdict.ts';

/** What decisions are asked of: bound once to a quota, a tenant or a connection, then used often. */
export interface Handle {
  /** The quota that it stands for now; null when no rule matches. */
  readonly quotaId: string | null;
  /**
   * Decides about an amount of a rate or a consumable and, when it goes on, charges every limit.
   * @param cost whole base units
   * @param delayed the request was answered DELAY before and asks again
   * @throws RangeError for a cost that is no amount; never for a refusal
   */
  take(resource: string, cost: number, delayed?: boolean): Verdict;
  /** The same for permits: each admitted one is given back with `release`. */
  acquire(resource: string, units?: number, delayed?: boolean): Verdict;
  release(resource: string, units?: number): void;
  /** What would be said, without taking anything. */
  peek(resource: string, cost: number): Verdict;
}

interface EarlierPermits {
  /** null: no rule matched then, and nothing was counted. */
  readonly path: QuotaPath | null;
  readonly resource: string;
  units: number;
}

/** Follows the rules: attributes may come to match another quota, whose limits then count. */
export class BoundHandle implements Handle {
  readonly #limiter: Limiter;
  readonly #table: RuleTable;
  readonly #named: string | null;
  readonly #attributes: Attributes;
  #path: QuotaPath | null = null;
  #matchGeneration = -1;
  /** Permits acquired on the present path, by resource. */
  readonly #held = new Map<string, number>();
  /** Permits acquired before the attributes matched another quota: they go back where they came from. */
  #earlier: EarlierPermits[] = [];

  /** @param target `quota` names one; the other entries are request attributes to match. */
  constructor(limiter: Limiter, table: RuleTable, target: Attributes) {
    const { quota, ...attributes } = target;
    this.#limiter = limiter;
    this.#table = table;
    this.#named = quota ?? null;
    this.#attributes = attributes;
    this.#resolve();
  }

  get quotaId(): string | null {
    return this.#current()?.quotaId ?? null;
  }

  take(resource: string, cost: number, delayed = false): Verdict {
    return this.#limiter.take(this.#current(), resource, cost, delayed);
  }

  acquire(resource: string, units = 1, delayed = false): Verdict {
    const path = this.#current();
    const verdict = this.#limiter.acquire(path, resource, units, delayed);
    if (isAdmitted(verdict)) {
      this.#held.set(resource, (this.#held.get(resource) ?? 0) + units);
    }
    return verdict;
  }

  release(resource: string, units = 1): void {
    let left = units;
    for (const permits of this.#earlier) {
      if (permits.resource !== resource || left === 0) continue;
      const back = Math.min(left, permits.units);
      if (permits.path !== null) this.#limiter.release(permits.path, resource, back);
      permits.units -= back;
      left -= back;
    }
    if (this.#earlier.length > 0) this.#earlier = this.#earlier.filter(({ units }) => units > 0);
    const held = this.#held.get(resource) ?? 0;
    const back = Math.min(left, held);
    if (back > 0) {
      if (this.#path !== null) this.#limiter.release(this.#path, resource, back);
      this.#held.set(resource, held - back);
    }
    if (left > back) this.#limiter.counters.unmatchedReleases += left - back;
  }

  peek(resource: string, cost: number): Verdict {
    return this.#limiter.peek(this.#current(), resource, cost);
  }

  #current(): QuotaPath | null {
    if (this.#matchGeneration !== this.#table.matchGeneration) this.#resolve();
    return this.#path;
  }

  /** A named quota stands, rule or none, unless there are attributes that could say better. */
  #resolve(): void {
    this.#matchGeneration = this.#table.matchGeneration;
    const named = this.#named;
    const isExact = named !== null && this.#table.ruleOf(named) !== null;
    const quotaId = isExact ? named : (this.#table.match(this.#attributes) ?? named);
    if (quotaId === (this.#path?.quotaId ?? null)) return;
    for (const [resource, units] of this.#held) {
      if (units > 0) this.#earlier.push({ path: this.#path, resource, units });
    }
    this.#held.clear();
    this.#path = quotaId === null ? null : this.#limiter.pathTo(quotaId);
  }
}
