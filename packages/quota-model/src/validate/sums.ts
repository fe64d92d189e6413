/** Exact sums of limits, for what may not be handed out twice. */
import { guaranteeOf } from '../limits.ts';
import { sameWindow } from '../windowForm.ts';
import type { Setter } from './proposedTree.ts';

const MICROS_PER_SECOND = 1_000_000n;

/** What capacities keep for themselves in sum. */
export function sumOfGuarantees(setters: Iterable<Setter>): bigint {
  let sum = 0n;
  for (const { limit } of setters) sum += guaranteeOf(limit);
  return sum;
}

/** Sum of the amounts over one window; unlimited when one of them is. */
export function sumOfAmounts(
  setters: Iterable<Setter>,
  window: string | null,
): bigint | 'unlimited' {
  let sum = 0n;
  for (const { limit } of setters) {
    if (limit.bound === 'unlimited') return 'unlimited';
    if (limit.bound === 'amount' && sameWindow(limit.window, window)) sum += limit.amount;
  }
  return sum;
}

/**
 * What the setters hold in sum, as an exact fraction: amounts, of rates amounts per second. Rates are
 * summed by their time first, so that the denominator grows with the times in use, not with the quotas.
 */
export function sumHeld(
  setters: Iterable<Setter>,
): { readonly numerator: bigint; readonly denominator: bigint } | 'unlimited' {
  const byTime = new Map<bigint, bigint>();
  for (const { limit } of setters) {
    if (limit.bound === 'unlimited') return 'unlimited';
    const micros = limit.perMicros ?? MICROS_PER_SECOND;
    byTime.set(micros, (byTime.get(micros) ?? 0n) + limit.amount);
  }
  let numerator = 0n;
  let denominator = 1n;
  for (const [micros, amount] of byTime) {
    numerator = numerator * micros + amount * MICROS_PER_SECOND * denominator;
    denominator *= micros;
  }
  return { numerator, denominator };
}
