/** How far evidence may move a limit: the quota's own bounds, else the application's defaults. */
import type { QuotaContent, ResourceLimit, RightsizeBounds } from '@prorata/schemas';
import { limitFor } from './layers.ts';
import type { QuotaState, Registration, RightsizedLayer } from './model.ts';
import { reachesQuotas } from './registrationMeaning.ts';
import { AMOUNT_MAX } from './modelBounds.ts';
import { sameLimit } from './limits.ts';

export const MICROS_PER_SECOND = 1_000_000n;

type Bounding = Pick<Registration, 'meaningVersion' | 'rightsizing'>;

/** A range of amounts, base units. */
export type AmountBounds = Pick<RightsizeBounds, 'resource' | 'min' | 'max'>;

/** Bounds and whose they are. */
export interface BoundsInForce extends AmountBounds {
  readonly from: 'quota' | 'application';
}

/**
 * The bounds of a resource's amount, in base units per the own time of the quota's base limit. Own bounds
 * count in that time already. The application's count a rate per second, since quotas of one application
 * have different times; they are rounded inwards. Those of a registration from before they held for others
 * are none; so are those that say a class or a pin alone (rightsizingTerms.ts), and what the next above says counts.
 *
 * @returns null: evidence may not move it. Also where no whole amount lies between the bounds.
 */
export function boundsInForce(
  registration: Bounding,
  content: Pick<QuotaContent, 'limits' | 'rightsizing'>,
  resource: string,
): BoundsInForce | null {
  const own = rangeFor(content.rightsizing, resource);
  if (own !== null) return { resource, min: own.min, max: own.max, from: 'quota' };
  if (!reachesQuotas(registration)) return null;
  const given = rangeFor(registration.rightsizing, resource);
  if (given === null) return null;
  const per = limitFor(content.limits, resource)?.perMicros ?? MICROS_PER_SECOND;
  const min = (given.min * per + MICROS_PER_SECOND - 1n) / MICROS_PER_SECOND;
  const whole = (given.max * per) / MICROS_PER_SECOND;
  const max = whole > AMOUNT_MAX ? AMOUNT_MAX : whole;
  return min > max ? null : { resource, min, max, from: 'application' };
}

export function isWithinBounds(bounds: AmountBounds | null, limit: ResourceLimit): boolean {
  if (bounds === null || limit.bound !== 'amount') return false;
  return limit.amount >= bounds.min && limit.amount <= bounds.max;
}

/** The entry of a resource that gives a range; null: there is none, or it says a class or a pin alone. */
export function rangeFor(
  given: readonly RightsizeBounds[],
  resource: string,
): RightsizeBounds | null {
  const entry = given.find((bounds) => bounds.resource === resource);
  return entry !== undefined && givesRange(entry) ? entry : null;
}

/** Whether the entry says how far evidence may go; 0 to 0 is no range, for nothing is resized to nothing. */
export function givesRange({ min, max }: Pick<RightsizeBounds, 'min' | 'max'>): boolean {
  return min !== 0n || max !== 0n;
}

/**
 * What stays rightsized under new content. An owner's edit of a resource's limit speaks last: the
 * rightsized layer of that resource is dropped. It is dropped as well when the bounds no longer hold it.
 * An edit that sets the same limit again is no edit.
 */
export function rightsizedUnder(
  registration: Bounding,
  quota: Pick<QuotaState, 'content' | 'rightsized'>,
  content: QuotaContent,
): ReadonlyMap<string, RightsizedLayer> {
  const kept = [...quota.rightsized].filter(
    ([resource, layer]) =>
      sameLimit(limitFor(quota.content.limits, resource), limitFor(content.limits, resource)) &&
      isWithinBounds(boundsInForce(registration, content, resource), layer.limit),
  );
  return kept.length === quota.rightsized.size ? quota.rightsized : new Map(kept);
}
