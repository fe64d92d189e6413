import type { ResourceLimit } from '@prorata/schemas';

/**
 * A rate in integers that a double holds exactly. One base unit is `scale` level units (or a level
 * unit is `grain` base units, where the burst passes 2^52); every `tickMicros` adds `refill`.
 */
export interface BucketForm {
  readonly scale: number;
  readonly grain: number;
  readonly refill: number;
  readonly tickMicros: number;
  /** What may be taken at once, in units of `grain` base units. */
  readonly capUnits: number;
  /** The same in level units. */
  readonly cap: number;
  /** After so many ticks an empty bucket is full; Infinity when it never fills. */
  readonly fillTicks: number;
}

/** A level and one refill below it sum up exactly when each is at most half of 2^53. */
const LEVEL_MAX = 2n ** 52n;
/** The coarse form may be stricter than the rate by one part in this. */
const COARSE_PRECISION = 1_000_000n;
const TICK_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * Exact wherever burst · (per / gcd(amount, per)) is at most 2^52, which holds for 4.5 billion
 * units of burst per second at the worst ratio. Beyond it a coarser form that is never looser: burst
 * and rate round down, costs round up, and time counts in ticks of a power of ten microseconds so
 * that the rate is at most a millionth too strict.
 */
export function bucketFormOf(limit: ResourceLimit): BucketForm {
  const per = limit.perMicros ?? 1_000_000n;
  const burst = limit.burst ?? limit.amount;
  const divisor = greatestCommonDivisor(limit.amount, per);
  const amount = limit.amount / divisor;
  const reduced = per / divisor;
  if (burst * reduced <= LEVEL_MAX) return formOf(reduced, 1n, amount, 1n, burst);
  const grain = (burst + LEVEL_MAX - 1n) / LEVEL_MAX;
  const scale = grain === 1n ? LEVEL_MAX / burst : 1n;
  const tick = coarseTick(amount * scale, reduced * grain);
  const refill = (amount * scale * tick) / (reduced * grain);
  return formOf(scale, grain, refill, tick, burst / grain);
}

/** The shortest tick in which the rate, rounded down to whole level units, is precise enough. */
function coarseTick(unitsPerPeriod: bigint, periodMicros: bigint): bigint {
  for (let tick = 1n; tick < periodMicros && tick <= TICK_MAX; tick *= 10n) {
    if ((unitsPerPeriod * tick) / periodMicros >= COARSE_PRECISION) return tick;
  }
  return periodMicros < TICK_MAX ? periodMicros : TICK_MAX;
}

function formOf(
  scale: bigint,
  grain: bigint,
  refill: bigint,
  tick: bigint,
  capUnits: bigint,
): BucketForm {
  const cap = capUnits * scale;
  const useful = refill < cap ? refill : cap;
  return {
    scale: Number(scale),
    grain: Number(grain),
    refill: Number(useful),
    tickMicros: Number(tick),
    capUnits: Number(capUnits),
    cap: Number(cap),
    fillTicks: useful === 0n ? Infinity : Number((cap + useful - 1n) / useful),
  };
}

export function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}
