import type { SizingPolicy } from './classes.ts';
import { highestWithin, knownSorted, quantileOf } from './quantiles.ts';

/** The level: a high percentile of the newest slots' peaks, whatever their time of day; 0 of none. */
export function levelOf(slots: Float64Array, { levelSlots, levelQuantile }: SizingPolicy): number {
  return quantileOf(knownSorted(slots, slots.length - levelSlots, slots.length), levelQuantile);
}

/** The newest demand, step by step. */
export interface Newest {
  /** The newest steps, oldest first. */
  readonly steps: Float64Array;
  /** Of each the part that was refused or queued. */
  readonly pressed: Float64Array;
  /** The first step that began after the limit was set; below 0: before all of them. */
  readonly sinceChange: number;
}

export interface Burst {
  /** What a shortage asks for; 0: there is none. */
  readonly need: number;
  /** What two of the newest steps have wanted, with the margin: no fault of one datum. */
  readonly agreed: number;
  /** The highest of the newest slots' steps; 0 of none. */
  readonly recent: number;
  /** Whether something was refused or queued. */
  readonly isPressed: boolean;
  /** Whether anything at all is known of the newest steps. */
  readonly isKnown: boolean;
}

/** How many of the newest steps may raise a limit: older ones had their chance. */
const RAISING_STEPS = 3;
/** Among how many of the newest steps those that a class waits for must lie. */
const COUNTED_STEPS = 4;

/**
 * An immediate raise to what was wanted when more was wanted than the limit. Refusals without a sample say that all of
 * the limit was used and that they came on top: they raise when nothing else is known. Only steps since the limit was
 * set count, so that what raised it does not raise it again; and nothing goes above what was observed and the margin,
 * so that a raise gives no reason for the next one.
 */
export function burstOf(
  { steps, pressed, sinceChange }: Newest,
  stepsInSlot: number,
  limit: number,
  policy: SizingPolicy,
): Burst {
  const { length } = steps;
  let highest = 0;
  let [first, second] = [0, 0];
  let short = 0;
  let isPressed = false;
  for (let index = Math.max(0, length - COUNTED_STEPS); index < length; index++) {
    const refused = pressed[index] ?? 0;
    const seen = steps[index] ?? NaN;
    const wanted = Number.isNaN(seen) ? (refused > 0 ? limit + refused : 0) : seen;
    if (refused > 0) isPressed = true;
    if (wanted > limit) short += 1;
    if (index < length - RAISING_STEPS) continue;
    if (index >= sinceChange && wanted > highest) highest = wanted;
    if (wanted > first) [first, second] = [wanted, first];
    else if (wanted > second) second = wanted;
  }
  const isShort = highest > limit && short >= policy.shortSteps;
  return {
    need: isShort ? highest * policy.shortageMargin : 0,
    agreed: isShort ? second * policy.shortageMargin : 0,
    recent: highestWithin(steps, length - policy.recentSlots * stepsInSlot, length),
    isPressed,
    isKnown: isPressed || steps.some((step) => !Number.isNaN(step)),
  };
}
