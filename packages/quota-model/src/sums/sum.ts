/** Exact sums of limits of one resource, which can be added to and taken from. */
import type { ResourceLimit } from '@prorata/schemas';
import { byCodeUnit } from '../ids.ts';
import { guaranteeOf } from '../limits.ts';
import { windowKey } from '../windowForm.ts';

const MICROS_PER_SECOND = 1_000_000n;

/** What limits of one time (of a rate) or one window (of a consumable) sum to. */
export interface AmountSum {
  /** Equal for what may be added: the time in microseconds, the window by its meaning, or empty. */
  readonly key: string;
  readonly perMicros: bigint | null;
  readonly amount: bigint;
}

export interface Sum {
  /** How many limits it is of; blocked ones too. */
  readonly limits: number;
  /** How many of them are unlimited. */
  readonly unlimited: number;
  readonly guarantees: bigint;
  /** Of the upper bounds, sorted by key; none is 0. */
  readonly amounts: readonly AmountSum[];
}

/** What a limit's amount is summed under. */
export function keyOf(limit: ResourceLimit): string {
  return limit.perMicros === null ? windowKey(limit) : limit.perMicros.toString();
}

export const NOTHING: Sum = { limits: 0, unlimited: 0, guarantees: 0n, amounts: [] };

export function sumOf(limit: ResourceLimit): Sum {
  const { bound, amount, perMicros } = limit;
  const key = keyOf(limit);
  return {
    limits: 1,
    unlimited: bound === 'unlimited' ? 1 : 0,
    guarantees: guaranteeOf(limit),
    amounts: bound === 'amount' ? [{ key, perMicros, amount }] : [],
  };
}

export function plus(a: Sum, b: Sum): Sum {
  return combined(a, b, 1);
}

/** @param b is part of `a`: no count and no amount falls below 0 */
export function minus(a: Sum, b: Sum): Sum {
  return combined(a, b, -1);
}

function combined(a: Sum, b: Sum, sign: 1 | -1): Sum {
  if (b.limits === 0) return a;
  return {
    limits: a.limits + sign * b.limits,
    unlimited: a.unlimited + sign * b.unlimited,
    guarantees: a.guarantees + BigInt(sign) * b.guarantees,
    amounts: combinedAmounts(a.amounts, b.amounts, BigInt(sign)),
  };
}

function combinedAmounts(
  a: readonly AmountSum[],
  b: readonly AmountSum[],
  sign: bigint,
): readonly AmountSum[] {
  if (b.length === 0) return a;
  const sums = [...a];
  for (const entry of b) {
    const index = sums.findIndex(({ key }) => key === entry.key);
    const former = sums[index];
    if (former === undefined) {
      sums.push({ ...entry, amount: sign * entry.amount });
      continue;
    }
    const amount = former.amount + sign * entry.amount;
    if (amount === 0n) sums.splice(index, 1);
    else sums[index] = { ...former, amount };
  }
  return sums.sort((x, y) => byCodeUnit(x.key, y.key));
}

/** The amounts of one window, by its key; unlimited when any limit is. */
export function amountIn(sum: Sum, key: string): bigint | 'unlimited' {
  if (sum.unlimited > 0) return 'unlimited';
  return sum.amounts.find((entry) => entry.key === key)?.amount ?? 0n;
}

export interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/**
 * All amounts as one exact number: of rates per second, whatever their times. The denominator grows
 * with the times in use, which `SUM_TIMES_MAX` bounds.
 */
export function wholeOf(sum: Sum): Fraction | 'unlimited' {
  if (sum.unlimited > 0) return 'unlimited';
  let numerator = 0n;
  let denominator = 1n;
  for (const { perMicros, amount } of sum.amounts) {
    const micros = perMicros ?? MICROS_PER_SECOND;
    numerator = numerator * micros + amount * MICROS_PER_SECOND * denominator;
    denominator *= micros;
  }
  return { numerator, denominator };
}

/** As `wholeOf`, in millionths of a base unit, rounded up; null: unlimited. */
export function wholeMicros(sum: Sum): bigint | null {
  const whole = wholeOf(sum);
  if (whole === 'unlimited') return null;
  const { numerator, denominator } = whole;
  return (numerator * MICROS_PER_SECOND + denominator - 1n) / denominator;
}
