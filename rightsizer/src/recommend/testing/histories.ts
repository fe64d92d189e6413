import type { SizingPolicy } from '../classes.ts';
import { moveOf } from '../gates.ts';
import { recommend } from '../recommend.ts';
import type { DemandHistory, Move } from '../recommendation.ts';

export const HOUR = 3_600_000_000n;
export const STEP = 300_000_000n;
export const STEPS_IN_HOUR = 12;

/** What a history is told by: the rest follows from it. */
export interface Told {
  /** Whole hours' highest steps, the newest last. */
  readonly slots: readonly number[];
  /** The newest steps; left out: the newest four hours as flat as their slots. */
  readonly steps?: readonly number[];
  readonly pressed?: readonly number[];
  readonly limit?: bigint;
  /** How long ago the limit was set, microseconds. */
  readonly rested?: bigint;
  /** Where everything begins. */
  readonly from?: bigint;
}

export interface Case {
  readonly history: DemandHistory;
  readonly now: bigint;
}

/** A history that ends now, on the hour. */
export function historyOf({ slots, steps, pressed, limit, rested, from = 0n }: Told): Case {
  const newest =
    steps ?? slots.slice(-4).flatMap((slot) => new Array<number>(STEPS_IN_HOUR).fill(slot));
  const now = from + BigInt(slots.length) * HOUR;
  const highest = [...slots, ...newest].reduce((most, each) => (each > most ? each : most), 0);
  return {
    now,
    history: {
      slots: { from, stepMicros: HOUR, values: Float64Array.from(slots) },
      steps: {
        from: now - BigInt(newest.length) * STEP,
        stepMicros: STEP,
        values: Float64Array.from(newest),
      },
      pressed: Float64Array.from(pressed ?? newest.map(() => 0)),
      highest: BigInt(Math.ceil(highest)),
      limit: limit ?? 1_000n,
      changedAt: now - (rested ?? 30n * 24n * HOUR),
      loweredAt: null,
    },
  };
}

export function decided({ history, now }: Case, policy: SizingPolicy): Move {
  return moveOf(history, recommend(history, policy, now), policy, now);
}

/** Hours of days that are all alike: high from 9 to 17, low otherwise. */
export function officeDays(days: number, low = 200, high = 800): number[] {
  return Array.from({ length: days * 24 }, (_, hour) =>
    hour % 24 >= 9 && hour % 24 < 17 ? high : low,
  );
}

export interface Followed {
  readonly limits: readonly number[];
  readonly changes: number;
}

/**
 * A limit that follows demand step by step, as the loop would: what is above it is refused, and told.
 * @param demand steps of five minutes; the first `warm` of them are history
 */
export function follow(demand: readonly number[], warm: number, policy: SizingPolicy): Followed {
  const pressed = demand.map(() => 0);
  const limits: number[] = [];
  let limit: bigint | null = null;
  let changedAt = 0n;
  let changes = 0;
  for (let at = warm; at < demand.length; at++) {
    const now = BigInt(at) * STEP;
    const hours = Math.floor(at / STEPS_IN_HOUR);
    const first = Math.max(0, hours - 14 * 24);
    const slots = Array.from({ length: hours - first }, (_, index) => {
      const from = (first + index) * STEPS_IN_HOUR;
      return Math.max(...demand.slice(from, from + STEPS_IN_HOUR));
    });
    const from = Math.max(0, at - policy.newestSlots * STEPS_IN_HOUR);
    const history: DemandHistory = {
      slots: { from: BigInt(first) * HOUR, stepMicros: HOUR, values: Float64Array.from(slots) },
      steps: {
        from: BigInt(from) * STEP,
        stepMicros: STEP,
        values: Float64Array.from(demand.slice(from, at)),
      },
      pressed: Float64Array.from(pressed.slice(from, at)),
      highest: BigInt(Math.ceil(Math.max(...slots))),
      limit: limit ?? 0n,
      changedAt,
      loweredAt: null,
    };
    const found = recommend(history, policy, now);
    const move: Move =
      limit === null
        ? { kind: 'raise', value: found.value, reasons: [] }
        : moveOf(history, found, policy, now);
    if (move.kind !== 'hold' && move.value !== limit) {
      if (limit !== null) changes += 1;
      limit = move.value;
      changedAt = now;
    }
    limits.push(Number(limit));
    pressed[at] = Math.max(0, (demand[at] ?? 0) - Number(limit));
  }
  return { limits, changes };
}
