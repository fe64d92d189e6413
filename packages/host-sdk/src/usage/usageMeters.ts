import type { ResourceUsage } from '@prorata/schemas';
import { ResourceMeter } from './resourceMeter.ts';

/** The meter of one quota: the bound one, or the nearest above it that has a rule. */
export class QuotaMeter {
  readonly quotaId: string;
  /** The payer at the window's start. */
  project: string | null;
  readonly #resources = new Map<string, ResourceMeter>();

  constructor(quotaId: string, project: string | null) {
    this.quotaId = quotaId;
    this.project = project;
  }

  resource(name: string): ResourceMeter {
    let meter = this.#resources.get(name);
    if (meter === undefined) {
      meter = new ResourceMeter(name);
      this.#resources.set(name, meter);
    }
    return meter;
  }

  get isIdle(): boolean {
    for (const meter of this.#resources.values()) if (!meter.isIdle) return false;
    return true;
  }

  close(nowMicros: number): ResourceUsage[] {
    return [...this.#resources.keys()].sort().map((name) => this.resource(name).close(nowMicros));
  }
}

/** One quota's usage in one half-open window, in microseconds since the epoch. */
export interface QuotaUsage {
  readonly quotaId: string;
  readonly project: string | null;
  readonly windowStart: bigint;
  readonly windowEnd: bigint;
  readonly resources: readonly ResourceUsage[];
}

/** Who pays for a quota; `known` is false once its rule is gone. */
export type PayerOf = (quotaId: string) => { known: boolean; project: string | null };

/** There is a meter a bound quota with a rule, so that their number is bounded by that of the rules. */
export class UsageMeters {
  readonly #payerOf: PayerOf;
  readonly #meters = new Map<string, QuotaMeter>();
  #windowStart: number;
  /** When the window began on the monotonic clock; null: the first one, which has nothing before it. */
  #startedAt: number | null = null;
  /** Windows begun anew because the wall was set back behind their start. */
  reanchored = 0;

  constructor(payerOf: PayerOf, wallMicros: number) {
    this.#payerOf = payerOf;
    this.#windowStart = wallMicros;
  }

  meterOf(quotaId: string): QuotaMeter {
    let meter = this.#meters.get(quotaId);
    if (meter === undefined) {
      meter = new QuotaMeter(quotaId, this.#payerOf(quotaId).project);
      this.#meters.set(quotaId, meter);
    }
    return meter;
  }

  /**
   * Ends the window and begins the next where it ended. A quota without usage is there too: zero is
   * a measurement, and its absence would be a gap.
   */
  close(nowMicros: number, wallMicros: number): QuotaUsage[] {
    const windowStart = this.#startBefore(nowMicros, wallMicros);
    const windowEnd = Math.max(windowStart + 1, wallMicros);
    this.#windowStart = windowEnd;
    this.#startedAt = nowMicros;
    const closed: QuotaUsage[] = [];
    for (const meter of this.#meters.values()) {
      const { known, project } = this.#payerOf(meter.quotaId);
      if (!known && meter.isIdle) {
        this.#meters.delete(meter.quotaId);
        continue;
      }
      closed.push({
        quotaId: meter.quotaId,
        project: meter.project,
        windowStart: BigInt(windowStart),
        windowEnd: BigInt(windowEnd),
        resources: meter.close(nowMicros),
      });
      if (known) meter.project = project;
    }
    return closed;
  }
  /**
   * A wall that ran ahead and was set back would leave the start in the future, and every window a
   * microsecond long there until the wall caught up. The window is moved to where the wall says now,
   * as long as it really was; it may lie over one that was sent, under an id of its own.
   */
  #startBefore(nowMicros: number, wallMicros: number): number {
    if (wallMicros >= this.#windowStart) return this.#windowStart;
    this.reanchored += 1;
    return wallMicros - Math.max(1, nowMicros - (this.#startedAt ?? nowMicros));
  }
}
