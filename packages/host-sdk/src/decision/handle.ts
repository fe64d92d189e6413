import { ancestorsOf } from '@prorata/quota-model/hosts';
import { HandlePermits } from './handlePermits.ts';
import type { HandleUse } from './handleUse.ts';
import type { Limiter } from './limiter.ts';
import type { Permit } from './permit.ts';
import type { PathResource } from './quotaPath.ts';
import { unboundReservation } from './reservation.ts';
import type { Reservation } from './reservation.ts';
import { roomOf } from './room.ts';
import type { LimitRoom } from './room.ts';
import { withoutPrototype } from './ruleMatch.ts';
import type { Attributes } from './ruleMatch.ts';
import type { RuleTable } from './ruleTable.ts';
import { selectSlots } from './slotChoice.ts';
import { isAdmitted } from './verdict.ts';
import type { Verdict } from './verdict.ts';
import type { Asker, WaitTerms } from './waitingLine.ts';

/**
 * What decisions are asked of: bound once to a quota, a tenant or a connection, then used often.
 *
 * Where a rule gives every value of an attribute limits of its own, that value is the bound
 * attribute, or else the `key` of the request: one handle serves all keys.
 */
export interface Handle {
  /** The quota that it stands for now; null when no rule matches. */
  readonly quotaId: string | null;
  /** The tier of that quota, or of the nearest above it that has a rule; null when there is none. */
  readonly tier: number | null;
  /**
   * Decides about an amount of a rate or a consumable and, when it goes on, charges every limit.
   * @param cost whole base units
   * @param delayed the request was answered DELAY before and asks again
   * @throws RangeError for a cost that is no amount; never for a refusal
   */
  take(resource: string, cost: number, delayed?: boolean): Verdict;
  takeFor(key: string, resource: string, cost: number, delayed?: boolean): Verdict;
  /**
   * Charges an estimate where the cost is known only afterwards (tokens of a model, bytes read), and
   * makes an object to settle it by.
   * @param key where limits are each key's own
   */
  reserve(resource: string, estimate: number, key?: string): Reservation;
  /**
   * The same for permits: each admitted one is given back with `release`. Permits of a handle that
   * is lost come back when it is collected.
   */
  acquire(resource: string, units?: number, delayed?: boolean): Verdict;
  release(resource: string, units?: number): void;
  /** Permits of a key come back by `releaseFor` alone, also when the handle is lost. */
  acquireFor(key: string, resource: string, units?: number, delayed?: boolean): Verdict;
  releaseFor(key: string, resource: string, units?: number): void;
  /**
   * `acquire` as an object, for requests that may crash: it comes back with `release`, at the end of
   * a `using`, when it is lost, and after `permitLifeMs`. null: not admitted, `host.last` says why.
   */
  permit(resource: string, units?: number, key?: string): Permit | null;
  /**
   * Takes, and where the rule's action is `delay` waits for its turn: in the order of asking, so that nobody is
   * overtaken or starved, and each for itself. What is admitted is `host.last` right after the `await`.
   * @returns DELAY, with nothing taken, when the turn would come too late or too many wait; other verdicts at once
   * @throws RangeError for a cost or a wait that is none; the signal's reason when it aborts
   */
  takeOrWait(resource: string, cost: number, terms: WaitTerms): Promise<Verdict>;
  /**
   * Of a request that was answered DELAY and does not ask again: what it wanted counts as refused.
   * `takeOrWait` does so by itself.
   */
  giveUp(resource: string, cost: number): void;
  /** What would be said, without taking anything. */
  peek(resource: string, cost: number): Verdict;
  peekFor(key: string, resource: string, cost: number): Verdict;
  /**
   * What the limits that can hold a request up have room for, nearest first; takes nothing. For
   * headers and people: it makes objects, and is slower than a decision.
   */
  room(resource: string, key?: string): readonly LimitRoom[];
}

/** Permits whose handle is gone come back at the next collection of garbage after it. */
const lost = new FinalizationRegistry<HandlePermits>((permits) => {
  permits.reclaim();
});

const NO_KEY = '';

/** Follows the rules: attributes may come to match another quota, whose limits then count. */
export class BoundHandle implements Handle {
  readonly #limiter: Limiter;
  readonly #table: RuleTable;
  readonly #named: string | null;
  readonly #attributes: Attributes;
  readonly #permits: HandlePermits;
  #matchGeneration = -1;
  /** What was used last: mostly it is what is used next. */
  #use: HandleUse;
  #isWatched = false;

  /** @param target `quota` names one; the other entries are request attributes to match. */
  constructor(limiter: Limiter, table: RuleTable, target: Attributes) {
    const { quota, ...attributes } = target;
    this.#limiter = limiter;
    this.#table = table;
    this.#named = quota ?? null;
    this.#attributes = withoutPrototype(attributes);
    this.#permits = new HandlePermits(limiter, this.#attributes);
    this.#use = this.#permits.useOf('');
    this.#resolve();
  }

  get quotaId(): string | null {
    this.#follow();
    return this.#permits.path?.quotaId ?? null;
  }

  get tier(): number | null {
    const { quotaId } = this;
    if (quotaId === null) return null;
    for (const id of [quotaId, ...ancestorsOf(quotaId)]) {
      const rule = this.#table.ruleOf(id);
      if (rule !== null) return rule.tier;
    }
    return null;
  }

  take(resource: string, cost: number, delayed = false): Verdict {
    const entry = this.#entryOf(resource);
    if (entry === null) return this.#limiter.decideUnbound(resource, cost, true);
    if (entry.keyed.length > 0) selectSlots(entry, this.#attributes, NO_KEY);
    return this.#limiter.take(entry, cost, delayed);
  }

  takeFor(key: string, resource: string, cost: number, delayed = false): Verdict {
    const entry = this.#entryOf(resource);
    if (entry === null) return this.#limiter.decideUnbound(resource, cost, true);
    if (entry.keyed.length > 0) selectSlots(entry, this.#attributes, key);
    return this.#limiter.take(entry, cost, delayed);
  }

  reserve(resource: string, estimate: number, key = NO_KEY): Reservation {
    const entry = this.#entryOf(resource);
    if (entry === null) {
      return unboundReservation(this.#limiter.decideUnbound(resource, estimate, true));
    }
    if (entry.keyed.length > 0) selectSlots(entry, this.#attributes, key);
    return this.#limiter.reserve(entry, { attributes: this.#attributes, key }, estimate);
  }

  async takeOrWait(resource: string, cost: number, terms: WaitTerms): Promise<Verdict> {
    const key = terms.key ?? NO_KEY;
    const asker: Asker = {
      attributes: this.#attributes,
      key,
      take: (delayed) => this.takeFor(key, resource, cost, delayed),
      // What `take` has just asked.
      entry: () => this.#use.entry,
    };
    return this.#limiter.waiting.take(asker, cost, terms);
  }

  acquire(resource: string, units = 1, delayed = false): Verdict {
    if (!this.#isWatched) {
      this.#isWatched = true;
      lost.register(this, this.#permits);
    }
    return this.acquireFor(NO_KEY, resource, units, delayed);
  }

  acquireFor(key: string, resource: string, units = 1, delayed = false): Verdict {
    const entry = this.#entryOf(resource);
    let verdict: Verdict;
    if (entry === null) verdict = this.#limiter.decideUnbound(resource, units, true);
    else {
      if (entry.keyed.length > 0) selectSlots(entry, this.#attributes, key);
      verdict = this.#limiter.acquire(entry, units, delayed);
    }
    if (isAdmitted(verdict)) this.#use.held += units;
    return verdict;
  }

  permit(resource: string, units = 1, key = NO_KEY): Permit | null {
    if (!isAdmitted(this.acquireFor(key, resource, units))) return null;
    const { permits: ledger, permitLifeMicros, last } = this.#limiter;
    const expiresAt = last.atMicros + permitLifeMicros;
    return ledger.issue({ permits: this.#permits, use: this.#use, key, units, expiresAt }, this);
  }

  release(resource: string, units = 1): void {
    this.releaseFor(NO_KEY, resource, units);
  }

  releaseFor(key: string, resource: string, units = 1): void {
    if (this.#use.resource !== resource) this.#use = this.#permits.useOf(resource);
    this.#permits.release(this.#use, key, units);
  }

  giveUp(resource: string, cost: number): void {
    this.#entryOf(resource)?.meter?.refuse(cost);
  }

  peek(resource: string, cost: number): Verdict {
    return this.peekFor(NO_KEY, resource, cost);
  }

  peekFor(key: string, resource: string, cost: number): Verdict {
    const entry = this.#entryOf(resource);
    if (entry === null) return this.#limiter.decideUnbound(resource, cost, false);
    if (entry.keyed.length > 0) selectSlots(entry, this.#attributes, key);
    return this.#limiter.peek(entry, cost);
  }

  room(resource: string, key = NO_KEY): readonly LimitRoom[] {
    const entry = this.#entryOf(resource);
    if (entry === null) return [];
    if (entry.keyed.length > 0) selectSlots(entry, this.#attributes, key);
    return roomOf(entry);
  }

  #entryOf(resource: string): PathResource | null {
    const { entry } = this.#use;
    // A change of the matches is a change of the rules, so that an entry that is current still stands.
    if (entry !== null && entry.resource === resource && this.#limiter.isCurrent(entry)) {
      return entry;
    }
    return this.#resolvedEntryOf(resource);
  }

  #resolvedEntryOf(resource: string): PathResource | null {
    this.#follow();
    if (this.#use.resource !== resource) this.#use = this.#permits.useOf(resource);
    return this.#permits.entryOf(this.#use);
  }

  #follow(): void {
    if (this.#matchGeneration !== this.#table.matchGeneration) this.#resolve();
  }

  /** A named quota stands, rule or none, unless there are attributes that could say better. */
  #resolve(): void {
    this.#matchGeneration = this.#table.matchGeneration;
    const quotaId = this.#table.quotaFor(this.#named, this.#attributes);
    if (quotaId === (this.#permits.path?.quotaId ?? null)) return;
    this.#permits.moveTo(quotaId === null ? null : this.#limiter.pathTo(quotaId));
  }
}
