/**
 * What evidence has set under the application's bounds, in the order of its rate per second: so what other
 * bounds leave outside is found without a look at what they hold.
 */
import { limitFor } from '../layers.ts';
import type { QuotaState } from '../model.ts';
import { AMOUNT_MAX } from '../modelBounds.ts';
import { MICROS_PER_SECOND, givesRange } from '../rightsizingBounds.ts';
import type { AmountBounds } from '../rightsizingBounds.ts';
import type { OrderedIds } from './orderedIds.ts';

/** Digits of the greatest rate: the greatest amount in each microsecond. */
const DIGITS = (AMOUNT_MAX * MICROS_PER_SECOND).toString().length;
/** Before all digits: no bounds hold what is no amount. */
const NO_AMOUNT = '-';
/** After the blank that follows a rate. */
const LAST = '~';

export interface RightsizedRate {
  readonly resource: string;
  /** `<whole part><0: no more, 1: and a fraction> <quota id>`; they sort as the rates do. */
  readonly rate: string;
}

/** Of each resource that evidence has set, and for which the quota has no bounds of its own. */
export function rightsizedRates(quota: QuotaState | null): readonly RightsizedRate[] {
  if (quota === null || quota.rightsized.size === 0) return [];
  const { quotaId, content, rightsized } = quota;
  const own = new Set(content.rightsizing.filter(givesRange).map(({ resource }) => resource));
  return [...rightsized].flatMap(([resource, { limit }]) => {
    if (own.has(resource)) return [];
    if (limit.bound !== 'amount') return [{ resource, rate: `${NO_AMOUNT} ${quotaId}` }];
    // In the time in which `boundsInForce` compares it.
    const per = limitFor(content.limits, resource)?.perMicros ?? MICROS_PER_SECOND;
    const micros = limit.amount * MICROS_PER_SECOND;
    const fraction = micros % per === 0n ? '0' : '1';
    return [{ resource, rate: `${digits(micros / per)}${fraction} ${quotaId}` }];
  });
}

/**
 * The quotas with a rate outside of the bounds, in O(these + log n): `boundsInForce` rounds inwards, so that
 * whole amounts are within exactly when their rates are.
 *
 * @param bounds null: none, and all are outside
 * @param most ids on each side
 */
export function idsOutside(
  rates: OrderedIds,
  bounds: AmountBounds | null,
  most: number,
): readonly string[] {
  if (bounds === null) return rates.after('', most).map(idIn);
  const first = digits(bounds.min);
  const below: string[] = [];
  for (const rate of rates) {
    if (rate >= first || below.length === most) break;
    below.push(rate);
  }
  const above = rates.after(`${digits(bounds.max)}0 ${LAST}`, most);
  // Bounds whose ends cross hold nothing; some are on both sides of them.
  return [...new Set([...below, ...above])].map(idIn);
}

function digits(whole: bigint): string {
  return whole.toString().padStart(DIGITS, '0');
}

function idIn(rate: string): string {
  return rate.slice(rate.indexOf(' ') + 1);
}
