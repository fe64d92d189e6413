import type { Lease } from '@prorata/schemas';
import type { DemandMeter } from '../leases/demandMeter.ts';
import { isShared, NodeShares } from '../leases/nodeShares.ts';
import type { CompiledLimit, CompiledRule } from './compiledRule.ts';
import type { HostTime } from './hostClock.ts';
import { KeySlots } from './keySlots.ts';
import type { KeyBudget } from './keySlots.ts';
import { ONLY_SLOT } from './limitState.ts';
import type { KeyedState } from './limitState.ts';
import { PermitCounts } from './permitCounts.ts';
import { RateBuckets } from './rateBuckets.ts';
import { SlidingCounts } from './slidingCounts.ts';
import { WindowCounts } from './windowCounts.ts';

/** What a limit holds: in one slot, or in one for each key. */
export interface HeldLimit {
  readonly state: KeyedState;
  readonly keys: KeySlots | null;
}

/** What one limit on trial has said on this host, since it came. */
export interface TrialFigures {
  readonly quotaId: string;
  readonly resource: string;
  /** Requests that it decided, and those among them that it would have refused. */
  readonly decided: number;
  readonly wouldRefuse: number;
}

/**
 * One quota as this host enforces it: the rule in force, and what its limits hold. Buckets, windows
 * and permits outlive a change of the rule; only a limit that goes away loses what it held.
 */
export class QuotaNode {
  readonly quotaId: string;
  readonly #time: HostTime;
  readonly #budget: KeyBudget;
  #rule: CompiledRule | null = null;
  #inForce: readonly CompiledLimit[] = [];
  readonly #held = new Map<string, HeldLimit>();
  readonly #permits = new Map<string, PermitCounts>();
  #switchAt = Infinity;
  /** The same by the wall clock. */
  #switchWall = Infinity;
  /** Whether what holds after the rule's known end holds. */
  #isAfter = false;
  #isStale = false;
  /** Whether the limits are on trial: those are tried whole, as they would hold on each host. */
  #isOnTrial = false;
  #changes = 0;
  #trial: QuotaNode | null = null;
  /** Of limits on trial, by resource: how many requests they decided, and how many they would have refused. */
  readonly #tried = new Map<string, Float64Array>();
  /** What of the limits is this host's, where all hosts share them. */
  readonly shares = new NodeShares();

  constructor(quotaId: string, time: HostTime, budget: KeyBudget) {
    this.quotaId = quotaId;
    this.#time = time;
    this.#budget = budget;
  }

  get rule(): CompiledRule | null {
    return this.#rule;
  }

  get inForce(): readonly CompiledLimit[] {
    return this.#inForce;
  }

  /** The quota as it would be enforced with the limits on trial; null: there are none. */
  get trial(): QuotaNode | null {
    return this.#trial;
  }

  /** [0]: requests decided by a limit on trial, [1]: those that it would have refused. */
  triedOf(resource: string): Float64Array {
    let figures = this.#tried.get(resource);
    if (figures === undefined) {
      figures = new Float64Array(2);
      this.#tried.set(resource, figures);
    }
    return figures;
  }

  /** What the limits on trial have said so far. */
  trials(): TrialFigures[] {
    const { quotaId } = this;
    return [...(this.#trial?.inForce ?? [])].map(({ resource }) => {
      const [decided = 0, wouldRefuse = 0] = this.#trial?.triedOf(resource) ?? [];
      return { quotaId, resource, decided, wouldRefuse };
    });
  }

  /** When the limits change by themselves, on the monotonic clock; Infinity: not known to. */
  get switchAt(): number {
    return this.#switchAt;
  }

  /** Rises whenever what was resolved from this node may be out of date. */
  get changes(): number {
    return this.#changes;
  }

  /** Whether permits of this node are out: it must not be forgotten. */
  get isHeld(): boolean {
    for (const count of this.#permits.values()) if (!count.isIdle(ONLY_SLOT)) return true;
    return false;
  }

  get #isKeyed(): boolean {
    return this.#rule !== null && this.#rule.eachOf !== null;
  }

  /** What decides about the resource; undefined: nothing is held for it. */
  heldOf(resource: string): HeldLimit | undefined {
    return this.#held.get(resource);
  }

  /** Counts the demand for the resource; null: no limit of it is shared by all hosts. */
  demandOf(resource: string): DemandMeter | null {
    const rule = this.#rule;
    if (rule === null || !isShared(rule.source)) return null;
    const limit = this.#inForce.find((candidate) => candidate.resource === resource);
    if (limit?.bound !== 'amount' || limit.kind === 'capacity') return null;
    return this.shares.demandOf(resource);
  }

  /** Made at the first use: permits count from then on, limit or none. */
  permitsOf(resource: string): PermitCounts {
    let count = this.#permits.get(resource);
    if (count === undefined) {
      count = new PermitCounts();
      this.#permits.set(resource, count);
    }
    return count;
  }

  setRule(rule: CompiledRule | null, atMicros: number): void {
    this.switchIfDue(atMicros);
    this.#rule = rule;
    const after = rule?.after ?? null;
    this.#isAfter = after !== null && this.#time.wallOf(atMicros) >= after.wallMicros;
    this.#enforceAt(atMicros);
    this.#try(rule, atMicros);
  }

  /** @returns false when it is no newer than what is held */
  takeLease(lease: Lease, atMicros: number): boolean {
    this.switchIfDue(atMicros);
    if (!this.shares.take(lease)) return false;
    this.#enforceAt(atMicros);
    return true;
  }

  /** Whether the rules are unconfirmed for too long, from now on. */
  setStale(isStale: boolean, atMicros: number): void {
    if (isStale === this.#isStale) return;
    this.switchIfDue(atMicros);
    this.#isStale = isStale;
    if (this.#rule?.source.onStale === 'safe_share') this.#enforceAt(atMicros);
  }

  /**
   * What holds after a known end begins at that end, however late somebody asks: nobody needs to say
   * so, and nothing of the time since is lost. So it is with the end of a lease.
   */
  switchIfDue(nowMicros: number): void {
    while (nowMicros >= this.#switchAt) {
      const at = this.#switchAt;
      const after = this.#rule?.after ?? null;
      if (after !== null && this.#time.wallOf(at) >= after.wallMicros) this.#isAfter = true;
      this.#enforceAt(at);
      // An end that the clocks' difference puts before itself would be met for ever.
      if (this.#switchAt <= at) this.#switchAt = Infinity;
    }
  }

  /** After the wall was stepped: the end is where the wall says now. */
  moveSwitch(): void {
    if (this.#switchWall === Infinity) return;
    this.#switchAt = this.#time.monotonicOf(this.#switchWall);
    this.#changes += 1;
  }

  /** The table forgets the node: whoever resolved it resolves again. */
  forgotten(): void {
    this.#changes += 1;
  }

  /** Forgets idle keys, `count` a limit. */
  sweepKeys(count: number): void {
    for (const { keys } of this.#held.values()) keys?.sweep(count);
    this.#trial?.sweepKeys(count);
  }

  #try(rule: CompiledRule | null, atMicros: number): void {
    if (rule === null || rule.trial.length === 0) {
      this.#trial?.setRule(null, atMicros);
      this.#trial = null;
      return;
    }
    this.#trial ??= new QuotaNode(this.quotaId, this.#time, this.#budget);
    this.#trial.#isOnTrial = true;
    this.#trial.setRule({ ...rule, limits: rule.trial, trial: [], after: null }, atMicros);
    for (const { kind, resource } of rule.trial) {
      if (kind === 'concurrency') this.#trial.permitsOf(resource).follow(this.permitsOf(resource));
    }
  }

  #enforceAt(atMicros: number): void {
    const rule = this.#rule;
    const holds = this.#isAfter ? rule?.after : rule;
    const wall = this.#time.wallOf(atMicros);
    const declared = this.#isAfter ? rule?.source.after?.limits : rule?.source.limits;
    const shared =
      rule === null || this.#isOnTrial
        ? null
        : this.shares.limitsOf(rule, declared ?? [], this.#isStale, wall);
    const ruleEnd = this.#isAfter ? Infinity : (rule?.after?.wallMicros ?? Infinity);
    this.#switchWall = Math.min(ruleEnd, shared?.untilWall ?? Infinity);
    this.#switchAt =
      this.#switchWall === Infinity ? Infinity : this.#time.monotonicOf(this.#switchWall);
    this.#enforce(shared?.limits ?? holds?.limits ?? [], atMicros);
  }

  #enforce(limits: readonly CompiledLimit[], atMicros: number): void {
    this.#changes += 1;
    this.#inForce = limits;
    const limited = new Map(
      limits.filter((limit) => limit.bound !== 'unlimited').map((limit) => [limit.resource, limit]),
    );
    /** Of rates that are counted in another way from now on: the keys that had used something. */
    const recounted = new Map<string, readonly string[]>();
    for (const [resource, held] of this.#held) {
      const limit = limited.get(resource);
      if (this.#fits(held, limit)) continue;
      if (isRecounted(held, limit)) recounted.set(resource, held.keys?.takeActive() ?? []);
      held.keys?.drop();
      this.#held.delete(resource);
    }
    for (const limit of limited.values()) {
      this.#enforceOne(limit, atMicros);
      const keys = recounted.get(limit.resource);
      if (keys !== undefined) this.#exhaust(limit.resource, keys, atMicros);
    }
  }

  /** What is counted in another way begins with nothing in hand; of keys, each that had used something. */
  #exhaust(resource: string, active: readonly string[], atMicros: number): void {
    const held = this.#held.get(resource);
    if (!(held?.state instanceof SlidingCounts || held?.state instanceof RateBuckets)) return;
    const { state, keys } = held;
    state.exhaust(ONLY_SLOT, atMicros);
    for (const key of active) if (keys !== null) state.exhaust(keys.slotOf(key), atMicros);
  }

  /** Whether what is held is what the limit counts. */
  #fits({ state, keys }: HeldLimit, limit: CompiledLimit | undefined): boolean {
    if ((keys !== null) !== this.#isKeyed) return false;
    if (limit?.kind === 'rate') return state instanceof RateBuckets;
    if (limit?.kind === 'sliding') return state instanceof SlidingCounts;
    if (limit?.kind === 'consumable') return state instanceof WindowCounts;
    return limit?.kind === 'concurrency' && state instanceof PermitCounts;
  }

  #enforceOne(limit: CompiledLimit, atMicros: number): void {
    const { resource, bound } = limit;
    const state = this.#held.get(resource)?.state;
    if (limit.kind === 'rate') {
      if (bound === 'blocked') {
        if (state instanceof RateBuckets) state.freeze(atMicros);
      } else if (state instanceof RateBuckets) state.change(limit.form, atMicros);
      else this.#hold(resource, new RateBuckets(limit.form, this.#time.moment, atMicros));
    } else if (limit.kind === 'sliding' && bound === 'amount') {
      const { amount, perMicros } = limit;
      if (state instanceof SlidingCounts) state.change(amount, perMicros, atMicros);
      else this.#hold(resource, new SlidingCounts(amount, perMicros, this.#time.moment));
    } else if (limit.kind === 'consumable' && bound === 'amount') {
      if (state instanceof WindowCounts) state.change(limit.window, limit.amount, atMicros);
      else this.#hold(resource, new WindowCounts(this.#time, limit.window, limit.amount));
    } else if (limit.kind === 'concurrency' && bound === 'amount') {
      const counts = this.#isKeyed ? state : this.permitsOf(resource);
      if (counts instanceof PermitCounts) counts.max = limit.max;
      else this.#holdKeyedPermits(resource, limit.max);
    }
  }

  #holdKeyedPermits(resource: string, max: number): void {
    const counts = new PermitCounts();
    counts.max = max;
    this.#hold(resource, counts);
  }

  #hold(resource: string, state: KeyedState): void {
    const keys = this.#isKeyed ? new KeySlots(state, this.#budget) : null;
    this.#held.set(resource, { state, keys });
  }
}

/** Whether the limit is the same rate, counted by a window instead of a bucket or the other way round. */
function isRecounted({ state }: HeldLimit, limit: CompiledLimit | undefined): boolean {
  if (state instanceof RateBuckets) return limit?.kind === 'sliding';
  return state instanceof SlidingCounts && limit?.kind === 'rate';
}
