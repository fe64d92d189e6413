import type { SizingPolicy } from './classes.ts';
import { highestWithin } from './profile.ts';

/** The newest demand, step by step. */
export interface Newest {
  /** The newest steps, oldest first. */
  readonly steps: Float64Array;
  /** Of each the part that was refused or queued. */
  readonly pressed: Float64Array;
  /** The first step that began after the limit was set. */
  readonly sinceChange: number;
}

export interface Burst {
  /** What the newest demand asks for; 0: nothing. */
  readonly need: number;
  /** The highest of the newest steps; 0 of none. */
  readonly recent: number;
  /** Whether something was refused or queued since the limit was set. */
  readonly isPressed: boolean;
}

/**
 * The newest slots' highest step and a margin. Refusals without a sample say that all of the limit was used and that
 * they came on top: they raise even when nothing else is known. What was refused before the limit was set raised it
 * already and does not do so again; so a raise gives no reason for the next one.
 */
export function burstOf(
  newest: Newest,
  stepsInSlot: number,
  limit: number,
  policy: SizingPolicy,
): Burst {
  const { steps, pressed, sinceChange } = newest;
  const from = steps.length - policy.recentSlots * stepsInSlot;
  const seen = highestWithin(steps, from, steps.length);
  const recent = Number.isNaN(seen) ? 0 : seen;
  let need = recent * policy.recentMargin;
  let isPressed = false;
  for (let index = Math.max(0, sinceChange); index < steps.length; index++) {
    const refused = pressed[index] ?? 0;
    if (!(refused > 0)) continue;
    isPressed = true;
    const wanted = steps[index] ?? NaN;
    need = Math.max(need, Number.isNaN(wanted) ? limit + refused : wanted * policy.recentMargin);
  }
  return { need, recent, isPressed };
}
