import type { ResourceLimit } from '@prorata/schemas';
import { MICRO_UNITS } from './heardDemand.ts';

const SECOND_MICROS = 1_000_000n;
const LONG_MAX = 2n ** 63n - 1n;

/**
 * The whole limit in the unit of shares: micro-units a second of a rate, the amount of anything else. A rate of less
 * than one micro-unit a second, one unit in eleven days, counts as one; one of more than 9.2 · 10^12 units a second
 * as that.
 */
export function sharedTotalOf({ kind, amount, perMicros }: ResourceLimit): bigint {
  if (kind !== 'rate') return amount;
  const total = (amount * MICRO_UNITS * SECOND_MICROS) / (perMicros ?? SECOND_MICROS);
  if (total > LONG_MAX) return LONG_MAX;
  return total > 0n ? total : 1n;
}
