import type { ResizePolicy } from '../../policy.ts';
import { lookbackSlots } from '../../recommend/classes.ts';
import type { EvenSeries } from '../../recommend/recommendation.ts';
import { findResize } from '../../resize/findResize.ts';
import type { Resizable, Resize } from '../../resize/findResize.ts';
import { sizingOf } from '../../resize/sizingOf.ts';
import type { DemandProfile } from '../../rollups/rolledUsage.ts';
import { SeriesTally } from '../seriesTally.ts';
import type { LimitsInForce } from './limitsInForce.ts';

/** What was wanted of one limit, from long before the first decision on. */
export interface PastDemand {
  /** Begins with a slot. */
  readonly steps: EvenSeries;
  /** Of each step what was refused or queued. */
  readonly pressed: Float64Array;
}

export interface ResizeThen {
  /** Microseconds: the beginning of the step that it would have held in first. */
  readonly at: bigint;
  readonly from: bigint;
  readonly to: bigint;
  readonly reasons: Resize['reasons'];
}

export interface ReplayedResizes {
  readonly changes: readonly ResizeThen[];
  /** With the policy's limits. */
  readonly then: SeriesTally;
  /** With those that were in force. Windows in which there was none count for neither. */
  readonly inForce: SeriesTally;
}

/**
 * What the production loop would have done to one limit, step after step, had it begun at `from` with what was in force:
 * the same function, on what had ended before each step. Cuts and overrides are left out, and so is
 * the demand of their times. Bounds are those of today.
 *
 * @param from microseconds, a multiple of the step
 */
export function replayResizes(
  series: Resizable,
  demand: PastDemand,
  held: LimitsInForce,
  policy: ResizePolicy,
  from: bigint,
): ReplayedResizes {
  const known = new KnownDemand(series, demand, policy);
  const { values, stepMicros } = demand.steps;
  const lag = Math.max(1, Math.ceil(policy.settleMs / policy.stepMs));
  const then = new SeriesTally(stepMicros);
  const inForce = new SeriesTally(stepMicros);
  const changes: ResizeThen[] = [];
  const { limit, bounds, ...rest } = series;
  let [amount, changedAt, loweredAt] = [
    wholeOf(held.at(from) ?? Number(limit.amount)),
    0n,
    null as bigint | null,
  ];
  for (let at = Number((from - demand.steps.from) / stepMicros); at < values.length; at += 1) {
    const now = demand.steps.from + BigInt(at) * stepMicros;
    const asItWas = { ...rest, bounds, limit: { ...limit, amount }, changedAt, loweredAt };
    const found = findResize(asItWas, known.upTo(at - lag), policy, now);
    if (typeof found !== 'string' && found.value !== amount) {
      changes.push({ at: now, from: amount, to: found.value, reasons: found.reasons });
      if (found.value < amount) loweredAt = now;
      [amount, changedAt] = [found.value, now];
    }
    const before = held.at(now);
    const wanted = before === null ? NaN : known.wanted(at);
    then.add(wanted, Number(amount));
    inForce.add(wanted, before ?? Number(amount));
    known.hold(at, Number(amount));
  }
  return { changes, then, inForce };
}

/** Profiles as the table would have given them then. */
class KnownDemand {
  readonly #series: Resizable;
  readonly #steps: EvenSeries;
  readonly #wanted: Float64Array;
  readonly #pressed: Float64Array;
  readonly #slots: Float64Array;
  readonly #stepsInSlot: number;
  readonly #lookback: number;
  readonly #newest: number;

  constructor(series: Resizable, { steps, pressed }: PastDemand, policy: ResizePolicy) {
    const sizing = sizingOf(series.workload, 'rate', policy);
    this.#series = series;
    this.#steps = steps;
    this.#stepsInSlot = policy.slotMs / policy.stepMs;
    this.#lookback = lookbackSlots(sizing);
    this.#newest = sizing.newestSlots * this.#stepsInSlot;
    this.#wanted = withoutSpans(steps, series.disturbed);
    this.#pressed = pressed.slice();
    this.#slots = highestOfSlots(steps.values, this.#stepsInSlot);
  }

  /** NaN where it is not known, or where we held it down. */
  wanted(at: number): number {
    return this.#wanted[at] ?? NaN;
  }

  /** What this limit would have refused is pressure, in place of what was refused in truth. */
  hold(at: number, limit: number): void {
    const over = (this.#steps.values[at] ?? NaN) - limit;
    this.#pressed[at] = over > 0 ? over : 0;
  }

  upTo(known: number): DemandProfile {
    const { from, stepMicros, values } = this.#steps;
    const end = Math.max(0, known);
    const whole = Math.floor(end / this.#stepsInSlot);
    const firstSlot = Math.max(0, whole - this.#lookback);
    const first = Math.max(0, end - this.#newest);
    const slotMicros = stepMicros * BigInt(this.#stepsInSlot);
    const slots = this.#slots.slice(firstSlot, whole);
    const steps = values.slice(first, end);
    return {
      series: { quotaId: '', resource: '', demandOf: this.#series.demandOf, perMicros: null },
      slots: { from: from + BigInt(firstSlot) * slotMicros, stepMicros: slotMicros, values: slots },
      steps: { from: from + BigInt(first) * stepMicros, stepMicros, values: steps },
      pressed: this.#pressed.slice(first, end),
      highest: BigInt(Math.ceil(Math.max(highest(slots), highest(steps)))),
    };
  }
}

function highestOfSlots(values: Float64Array, stepsInSlot: number): Float64Array {
  const slots = new Float64Array(Math.floor(values.length / stepsInSlot)).fill(NaN);
  for (let at = 0; at < slots.length * stepsInSlot; at += 1) {
    const [slot, value] = [Math.floor(at / stepsInSlot), values[at] ?? NaN];
    if (!(value <= (slots[slot] ?? NaN)) && !Number.isNaN(value)) slots[slot] = value;
  }
  return slots;
}

function withoutSpans(
  { from, stepMicros, values }: EvenSeries,
  spans: Resizable['disturbed'],
): Float64Array {
  const wanted = values.slice();
  for (const span of spans) {
    for (let at = 0; at < wanted.length; at += 1) {
      const start = from + BigInt(at) * stepMicros;
      if (start < span.to && start + stepMicros > span.from) wanted[at] = NaN;
    }
  }
  return wanted;
}

const highest = (values: Float64Array): number =>
  values.reduce((most, value) => (value > most ? value : most), 0);

const wholeOf = (limit: number): bigint => BigInt(Math.ceil(limit));
