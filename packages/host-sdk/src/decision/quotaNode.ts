import type { CompiledLimit, CompiledRule } from './compiledRule.ts';
import { ConsumableWindow } from './consumableWindow.ts';
import type { HostTime } from './hostClock.ts';
import { PermitCount } from './permitCount.ts';
import { RateBucket } from './rateBucket.ts';

/**
 * One quota as this host enforces it: the rule in force, and what its limits hold. Buckets, windows
 * and permits outlive a change of the rule; only a limit that goes away loses what it held.
 */
export class QuotaNode {
  readonly quotaId: string;
  readonly #time: HostTime;
  #rule: CompiledRule | null = null;
  #inForce: readonly CompiledLimit[] = [];
  readonly #buckets = new Map<string, RateBucket>();
  readonly #windows = new Map<string, ConsumableWindow>();
  readonly #permits = new Map<string, PermitCount>();
  #switchAt = Infinity;

  constructor(quotaId: string, time: HostTime) {
    this.quotaId = quotaId;
    this.#time = time;
  }

  get rule(): CompiledRule | null {
    return this.#rule;
  }

  get inForce(): readonly CompiledLimit[] {
    return this.#inForce;
  }

  /** When the limits change by themselves, on the monotonic clock; Infinity: not known to. */
  get switchAt(): number {
    return this.#switchAt;
  }

  /** Whether permits of this node are out: it must not be forgotten. */
  get isHeld(): boolean {
    for (const count of this.#permits.values()) if (count.inUse > 0) return true;
    return false;
  }

  bucketOf(resource: string): RateBucket | undefined {
    return this.#buckets.get(resource);
  }

  windowOf(resource: string): ConsumableWindow | undefined {
    return this.#windows.get(resource);
  }

  /** Made at the first use: permits count from then on, limit or none. */
  permitsOf(resource: string): PermitCount {
    let count = this.#permits.get(resource);
    if (count === undefined) {
      count = new PermitCount();
      this.#permits.set(resource, count);
    }
    return count;
  }

  setRule(rule: CompiledRule | null, atMicros: number): void {
    this.switchIfDue(atMicros);
    this.#rule = rule;
    const after = rule?.after ?? null;
    const over = after !== null && this.#time.wallOf(atMicros) >= after.wallMicros;
    this.#switchAt = after === null || over ? Infinity : this.#time.monotonicOf(after.wallMicros);
    this.#enforce((over ? after.limits : rule?.limits) ?? [], atMicros);
  }

  /**
   * What holds after a known end begins at that end, however late somebody asks: nobody needs to say
   * so, and nothing of the time since is lost.
   */
  switchIfDue(nowMicros: number): void {
    if (nowMicros < this.#switchAt) return;
    const at = this.#switchAt;
    this.#switchAt = Infinity;
    this.#enforce(this.#rule?.after?.limits ?? [], at);
  }

  /** After the wall was stepped: the end is where the wall says now. */
  moveSwitch(): void {
    const after = this.#rule?.after ?? null;
    if (after !== null && this.#switchAt !== Infinity) {
      this.#switchAt = this.#time.monotonicOf(after.wallMicros);
    }
  }

  #enforce(limits: readonly CompiledLimit[], atMicros: number): void {
    this.#inForce = limits;
    const limited = new Map(
      limits.filter((limit) => limit.bound !== 'unlimited').map((limit) => [limit.resource, limit]),
    );
    forget(this.#buckets, (resource) => limited.get(resource)?.kind === 'rate');
    forget(this.#windows, (resource) => limited.get(resource)?.kind === 'consumable');
    for (const limit of limited.values()) this.#enforceOne(limit, atMicros);
  }

  #enforceOne(limit: CompiledLimit, atMicros: number): void {
    const { resource, bound } = limit;
    if (limit.kind === 'concurrency') {
      if (bound === 'amount') this.permitsOf(resource).max = limit.max;
    } else if (limit.kind === 'rate') {
      const bucket = this.#buckets.get(resource);
      if (bound === 'blocked') bucket?.freeze(atMicros);
      else if (bucket !== undefined) bucket.change(limit.form, atMicros);
      else this.#buckets.set(resource, new RateBucket(limit.form, atMicros));
    } else if (limit.kind === 'consumable' && bound === 'amount') {
      const window = this.#windows.get(resource);
      if (window !== undefined) window.change(limit.window, limit.amount, atMicros);
      else {
        this.#windows.set(resource, new ConsumableWindow(this.#time, limit.window, limit.amount));
      }
    }
  }
}

function forget(states: Map<string, unknown>, stays: (resource: string) => boolean): void {
  for (const resource of states.keys()) if (!stays(resource)) states.delete(resource);
}
