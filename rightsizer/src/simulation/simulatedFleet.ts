import { seededRandom } from '@prorata/kafka-port';
import { HourlyUses } from './hourlyUses.ts';
import { WINDOW, WINDOW_SECONDS, WINDOWS_A_DAY } from './quarterDemand.ts';
import type { SimulatedQuota } from './quarterDemand.ts';

/** Of what was refused in a window the part that is asked for again in the next. */
const RETRIED = 0.3;
/** The sink lies behind by this many windows when all is well. */
const SINK_LAG = 1;
/** Outages of the sink a day, and how long one lasts at most, windows. */
const OUTAGES_A_DAY = 1 / 14;
const OUTAGE_WINDOWS_MAX = 8 * 12;
/** How likely it is of a quota and day that the reports of two hours come late, and by how many windows at most. */
const LATE_A_DAY = 0.03;
const LATE_WINDOWS = 24;
const LATE_BY_MAX = WINDOWS_A_DAY;
const SLOT = 12;

/** One limit as hosts and the table see it; by window. */
export interface FleetSeries {
  readonly quota: SimulatedQuota;
  /** What was asked for: fresh demand, and what was refused before and came back. */
  readonly wanted: Float64Array;
  readonly served: Float64Array;
  /** What is refused and does not come back. */
  readonly lost: Float64Array;
  /** The limit that hosts held. */
  readonly limits: Float64Array;
  /** As the table knows it: NaN where nothing is known, and where we held it down ourselves. */
  readonly known: Float64Array;
  readonly knownRefused: Float64Array;
  /** The highest of each slot of an hour, as known. */
  readonly slots: Float64Array;
  /** What its payer uses of its application, by hour; shared with others of both. */
  readonly paid: Float64Array;
  /** 1: under our own cut. */
  readonly cut: Uint8Array;
  /** What hosts hold now. */
  limit: number;
  /** What the relay has, which hosts hold from the next window on. */
  next: number;
  isCut: boolean;
}

/**
 * Hosts that hold what the relay sent them a window ago, callers of whom some ask again, and a sink with outages and
 * late reports.
 */
export class SimulatedFleet {
  readonly series: readonly FleetSeries[];
  readonly uses: HourlyUses;
  /** Windows that the table has, but for what comes late. */
  known = 0;
  readonly #from: bigint;
  readonly #random: () => number;
  readonly #late: { readonly series: FleetSeries; readonly at: number; readonly due: number }[] =
    [];
  readonly #lateFrom: Int32Array;
  readonly #lateBy: Int32Array;
  #awayUntil = 0;

  constructor(quotas: readonly SimulatedQuota[], windows: number, from: bigint, seed: number) {
    this.#from = from;
    this.#random = seededRandom(seed ^ 0x5eed);
    this.uses = new HourlyUses(from, Math.ceil(windows / SLOT));
    this.series = quotas.map((quota) => ({
      ...seriesOf(quota, windows),
      paid: this.uses.of(quota.project, quota.application, 'tokens'),
    }));
    this.#lateFrom = new Int32Array(quotas.length).fill(-LATE_WINDOWS);
    this.#lateBy = new Int32Array(quotas.length);
  }

  /** Where a window begins, microseconds. */
  timeOf(window: number): bigint {
    return this.#from + BigInt(window) * WINDOW;
  }

  /** Hosts decide a window, and the sink takes what has come. */
  run(at: number): void {
    for (const series of this.series) {
      series.limit = series.next;
      const wanted =
        (series.quota.wanted[at] ?? 0) + Math.floor(RETRIED * refusedAt(series, at - 1));
      const served = Math.min(wanted, series.limit);
      series.wanted[at] = wanted;
      series.served[at] = served;
      series.limits[at] = series.limit;
      series.lost[at] = wanted - served - Math.floor(RETRIED * (wanted - served));
      series.cut[at] = series.isCut ? 1 : 0;
    }
    this.#sink(at);
  }

  #sink(at: number): void {
    const random = this.#random;
    if (random() < OUTAGES_A_DAY / WINDOWS_A_DAY) {
      this.#awayUntil = at + Math.ceil(random() * OUTAGE_WINDOWS_MAX);
    }
    const to = at < this.#awayUntil ? this.known : at + 1 - SINK_LAG;
    for (; this.known < to; this.known += 1) {
      for (const [index, series] of this.series.entries()) this.#take(series, index, this.known);
    }
    for (let index = this.#late.length - 1; index >= 0; index -= 1) {
      const late = this.#late[index];
      if (late === undefined || late.due > this.known) continue;
      this.#late.splice(index, 1);
      this.#reveal(late.series, late.at);
    }
  }

  #take(series: FleetSeries, index: number, at: number): void {
    if (this.#random() < LATE_A_DAY / WINDOWS_A_DAY) {
      this.#lateFrom[index] = at;
      this.#lateBy[index] = Math.ceil(this.#random() * LATE_BY_MAX);
    }
    const isLate = at - (this.#lateFrom[index] ?? 0) < LATE_WINDOWS;
    if (isLate) this.#late.push({ series, at, due: at + (this.#lateBy[index] ?? 0) });
    else this.#reveal(series, at);
  }

  #reveal(series: FleetSeries, at: number): void {
    const { paid, wanted, served, known, knownRefused, slots, cut } = series;
    const slot = Math.floor(at / SLOT);
    paid[slot] = (paid[slot] ?? 0) + (served[at] ?? 0) * WINDOW_SECONDS;
    if (cut[at] === 1) return;
    const value = wanted[at] ?? 0;
    known[at] = value;
    knownRefused[at] = value - (served[at] ?? 0);
    const highest = slots[slot] ?? NaN;
    if (!(highest >= value)) slots[slot] = value;
  }
}

function seriesOf(quota: SimulatedQuota, windows: number): Omit<FleetSeries, 'paid'> {
  return {
    quota,
    wanted: new Float64Array(windows),
    served: new Float64Array(windows),
    lost: new Float64Array(windows),
    limits: new Float64Array(windows),
    known: new Float64Array(windows).fill(NaN),
    knownRefused: new Float64Array(windows),
    slots: new Float64Array(Math.ceil(windows / SLOT)).fill(NaN),
    cut: new Uint8Array(windows),
    limit: 0,
    next: 0,
    isCut: false,
  };
}

function refusedAt({ wanted, served }: FleetSeries, at: number): number {
  return at < 0 ? 0 : (wanted[at] ?? 0) - (served[at] ?? 0);
}
