import type { SizingPolicy } from '../recommend/classes.ts';
import { lookbackSlots } from '../recommend/classes.ts';
import type { DemandHistory, EvenSeries } from '../recommend/recommendation.ts';
import type { DemandProfile } from '../rollups/rolledUsage.ts';
import type { Span } from '../view/disturbances.ts';

/** What the log adds to what was wanted. */
export interface HeldLimit {
  readonly limit: bigint;
  readonly changedAt: bigint;
  readonly loweredAt: bigint | null;
  /** When the demand was held down. */
  readonly disturbed: readonly Span[];
}

/**
 * The part of a profile that a class looks at, as its backtest did, and nothing of the times in which we held the
 * demand down ourselves. The profile is altered.
 */
export function historyOf(
  profile: DemandProfile,
  { disturbed, ...held }: HeldLimit,
  policy: Pick<SizingPolicy, 'lookbackDays' | 'daySlots' | 'newestSlots'>,
): DemandHistory {
  const { slots, steps, highest } = profile;
  const stepsInSlot = Number(slots.stepMicros / steps.stepMicros);
  const newest = newestOf(steps, policy.newestSlots * stepsInSlot);
  const pressed = profile.pressed.subarray(profile.pressed.length - newest.values.length);
  const looked = newestOf(slots, lookbackSlots(policy));
  for (const span of disturbed) {
    hide(looked, looked.values, span);
    hide(newest, newest.values, span);
    hide(newest, pressed, span);
  }
  return { slots: looked, steps: newest, pressed, highest, ...held };
}

function newestOf({ from, stepMicros, values }: EvenSeries, count: number): EvenSeries {
  const first = Math.max(0, values.length - count);
  return { from: from + stepMicros * BigInt(first), stepMicros, values: values.subarray(first) };
}

/** Every interval that the span touches. */
function hide({ from, stepMicros }: EvenSeries, values: Float64Array, span: Span): void {
  const end = from + stepMicros * BigInt(values.length);
  if (span.to <= from || span.from >= end) return;
  const first = span.from <= from ? 0 : Number((span.from - from) / stepMicros);
  const last =
    span.to >= end ? values.length : Number((span.to - from + stepMicros - 1n) / stepMicros);
  values.fill(Number.NaN, first, last);
}
