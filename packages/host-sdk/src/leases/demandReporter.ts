import { leaseTimes } from '@prorata/quota-model/leases';
import type { DemandReport, Lease, LimitDemand } from '@prorata/schemas';
import type { HostTime } from '../decision/hostClock.ts';
import { ONLY_SLOT } from '../decision/limitState.ts';
import type { QuotaNode } from '../decision/quotaNode.ts';
import { WindowCounts } from '../decision/windowCounts.ts';
import type { DemandMeter } from './demandMeter.ts';

/** How often demand is looked at, milliseconds. */
export const demandLookMs = 1_000;
/** A lease that is less is answered at once: what it leaves is free for others only then. Milliseconds. */
const ANSWER_MS = 50;
const REFRESH_MICROS = Number(leaseTimes.refreshMicros);
/** A fleet that began as one does not report as one: up to this part of the refresh sooner. */
const JITTER = 0.2;
/** Demand has changed when it did by this part, and by more than chance explains. */
const CHANGED_PART = 0.2;
/** Who has asked nothing for so long says nothing more, and its lease runs out: microseconds. */
const IDLE_MICROS = 30_000_000;
/** Refusals and changes are told no more often than this, microseconds. */
const LEAST_APART_MICROS = 500_000;
/** Limits of one report: what the relay hears of one. */
const DEMANDS_MAX = 1_000;

export interface DemandReporterOptions {
  readonly time: HostTime;
  readonly nodes: () => Iterable<QuotaNode>;
  readonly about: Pick<DemandReport, 'hostId' | 'bootId' | 'application' | 'weight'>;
  readonly send: (report: DemandReport) => Promise<void>;
  readonly failed: (error: unknown) => void;
  /** 0 to 1. */
  readonly random: () => number;
}

/** What was last said of one limit, and what was asked since. */
interface Told {
  /** Since when `used` and `refused` are counted, on the monotonic clock. */
  since: number;
  /** When it was last said; -Infinity: never. */
  at: number;
  /** When it is said again, whatever happened. */
  due: number;
  used: number;
  refused: number;
  peak: number;
  /** Asked a microsecond, as last said. */
  pace: number;
  wasRefusing: boolean;
  activeAt: number;
  /** The share that was last said to be acted on. */
  share: bigint;
}

/**
 * Says what this host wants of fleet-wide limits, when it matters: at the first use, when a lease is less than the one
 * before, at the first refusal, when demand changed by a fifth, and three times in a lease's life. Off the path of
 * decisions. A report that does not get through is made anew at the next look.
 */
export class DemandReporter {
  readonly #options: DemandReporterOptions;
  readonly #told = new WeakMap<DemandMeter, Told>();
  #soon: NodeJS.Timeout | null = null;
  #sending: Promise<void> | null = null;
  #lastReportedAt = 0n;

  constructor(options: DemandReporterOptions) {
    this.#options = options;
  }

  /** Another lease holds. */
  leased(): void {
    if (this.#soon !== null) return;
    this.#soon = setTimeout(() => {
      this.#soon = null;
      this.look();
    }, ANSWER_MS);
    this.#soon.unref();
  }

  /** Sends what there is to say; to be called every `demandLookMs`. */
  look(): void {
    // One at a time: what is not said now is said at the next look.
    if (this.#sending !== null) return;
    const due: { readonly told: Told; readonly demand: LimitDemand }[] = [];
    const now = this.#options.time.now();
    for (const node of this.#options.nodes()) {
      for (const [resource, meter] of node.shares.demands) {
        const told = this.#toldOf(meter, now);
        const demand = this.#demandOf(node, resource, meter, told, now);
        if (demand !== null && due.length < DEMANDS_MAX) due.push({ told, demand });
      }
    }
    if (due.length > 0) this.#sending = this.#send(due);
  }

  stop(): void {
    if (this.#soon !== null) clearTimeout(this.#soon);
    this.#soon = null;
  }

  #toldOf(meter: DemandMeter, now: number): Told {
    let told = this.#told.get(meter);
    if (told === undefined) {
      told = {
        ...{
          since: now - demandLookMs * 1_000,
          at: -Infinity,
          due: now,
          used: 0,
          refused: 0,
          peak: 0,
        },
        ...{ pace: 0, wasRefusing: false, activeAt: now, share: 0n },
      };
      this.#told.set(meter, told);
    }
    return told;
  }

  /** null: there is nothing to say. */
  #demandOf(
    node: QuotaNode,
    resource: string,
    meter: DemandMeter,
    told: Told,
    now: number,
  ): LimitDemand | null {
    const limit = node.inForce.find((candidate) => candidate.resource === resource);
    const isOfPermits = limit?.kind === 'concurrency';
    const inUse = isOfPermits ? node.permitsOf(resource).inUse(ONLY_SLOT) : 0;
    const { used, refused, peak } = meter.take(inUse);
    if (used > 0 || refused > 0 || inUse > 0) told.activeAt = now;
    this.#add(told, { used, refused, peak }, now);
    const lease = node.shares.leaseOf(resource);
    if (!this.#isDue(told, lease, now)) return null;
    const wall = BigInt(Math.floor(this.#options.time.wallOf(now)));
    const isOver = lease === null || (lease.windowEnd ?? lease.until) <= wall;
    const state = node.heldOf(resource)?.state;
    const window = state instanceof WindowCounts ? state.usedNow(ONLY_SLOT) : null;
    return {
      quotaId: node.quotaId,
      resource,
      used: BigInt(Math.round(isOfPermits ? told.peak : told.used)),
      refused: BigInt(Math.round(told.refused)),
      intervalMicros: BigInt(Math.max(1, Math.round(now - told.since))),
      held: BigInt(Math.round(window?.used ?? inUse)),
      windowEnd: window === null ? null : BigInt(Math.round(window.end)),
      sequence: isOver ? null : lease.sequence,
      share: isOver ? 0n : lease.share,
      until: isOver ? null : lease.until,
    };
  }

  /** What was asked since the last look; where demand has changed, what came before says nothing of it. */
  #add(told: Told, seen: { used: number; refused: number; peak: number }, now: number): void {
    const asked = seen.used + seen.refused;
    const expected = told.pace * demandLookMs * 1_000;
    const difference = Math.abs(asked - expected);
    const isChanged =
      told.at > -Infinity &&
      difference >= CHANGED_PART * Math.max(expected, 1) &&
      difference >= 3 * Math.sqrt(Math.max(expected, 1));
    if (isChanged && now - told.at >= LEAST_APART_MICROS) {
      told.since = Math.max(told.since, now - demandLookMs * 1_000);
      told.used = 0;
      told.refused = 0;
      told.due = now;
    }
    told.used += seen.used;
    told.refused += seen.refused;
    told.peak = Math.max(told.peak, seen.peak);
  }

  #isDue(told: Told, lease: Lease | null, now: number): boolean {
    if (now - told.activeAt > IDLE_MICROS) return false;
    if (now >= told.due || (lease !== null && lease.share < told.share)) return true;
    const beginsToRefuse = told.refused > 0 && !told.wasRefusing;
    return beginsToRefuse && now - told.at >= LEAST_APART_MICROS;
  }

  async #send(
    due: readonly { readonly told: Told; readonly demand: LimitDemand }[],
  ): Promise<void> {
    const { time, about, send, failed, random } = this.#options;
    const now = time.now();
    try {
      const wall = BigInt(Math.floor(time.wallOf(now)));
      // A wall that was set back would make the relay take the report for an old one.
      this.#lastReportedAt = wall > this.#lastReportedAt ? wall : this.#lastReportedAt + 1n;
      const demands = due.map(({ demand }) => demand);
      for (const { told, demand } of due) this.#say(told, demand, now, random());
      await send({ ...about, reportedAt: this.#lastReportedAt, demands });
    } catch (error) {
      for (const { told } of due) told.due = now + demandLookMs * 1_000;
      failed(error);
    } finally {
      this.#sending = null;
    }
  }

  #say(told: Told, demand: LimitDemand, now: number, random: number): void {
    const interval = Math.max(1, now - told.since);
    told.pace = (told.used + told.refused) / interval;
    told.wasRefusing = told.refused > 0;
    told.share = demand.share;
    Object.assign(told, { used: 0, refused: 0, peak: 0, since: now, at: now });
    told.due = now + REFRESH_MICROS * (1 - JITTER * random);
  }
}
