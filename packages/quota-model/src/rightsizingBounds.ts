/** How far evidence may move a limit: the quota's own bounds, else the application's defaults. */
import type { QuotaContent, ResourceLimit, RightsizeBounds } from '@prorata/schemas';
import { limitFor } from './layers.ts';
import type { QuotaState, Registration, RightsizedLayer } from './model.ts';
import { reachesQuotas } from './registrationMeaning.ts';
import { AMOUNT_MAX } from './modelBounds.ts';
import { sameLimit } from './limits.ts';

export const MICROS_PER_SECOND = 1_000_000n;

type Bounding = Pick<Registration, 'meaningVersion' | 'rightsizing'>;

/** Bounds and whose they are. */
export interface BoundsInForce extends RightsizeBounds {
  readonly from: 'quota' | 'application';
}

/**
 * The bounds of a resource's amount, in base units per the own time of the quota's base limit. Own bounds
 * count in that time already. The application's count a rate per second, since quotas of one application
 * have different times; they are rounded inwards. Those of a registration from before they held for others
 * are none.
 *
 * @returns null: evidence may not move it. Also where no whole amount lies between the bounds.
 */
export function boundsInForce(
  registration: Bounding,
  content: Pick<QuotaContent, 'limits' | 'rightsizing'>,
  resource: string,
): BoundsInForce | null {
  const own = content.rightsizing.find((bounds) => bounds.resource === resource);
  if (own !== undefined) return { ...own, from: 'quota' };
  if (!reachesQuotas(registration)) return null;
  const given = registration.rightsizing.find((bounds) => bounds.resource === resource);
  if (given === undefined) return null;
  const per = limitFor(content.limits, resource)?.perMicros ?? MICROS_PER_SECOND;
  const min = (given.min * per + MICROS_PER_SECOND - 1n) / MICROS_PER_SECOND;
  const whole = (given.max * per) / MICROS_PER_SECOND;
  const max = whole > AMOUNT_MAX ? AMOUNT_MAX : whole;
  return min > max ? null : { resource, min, max, from: 'application' };
}

export function isWithinBounds(bounds: RightsizeBounds | null, limit: ResourceLimit): boolean {
  if (bounds === null || limit.bound !== 'amount') return false;
  return limit.amount >= bounds.min && limit.amount <= bounds.max;
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
