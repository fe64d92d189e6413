import { OVERFLOW_SLOT } from './keySlots.ts';
import type { PathLimit, PathResource } from './quotaPath.ts';
import type { Attributes } from './ruleMatch.ts';

/**
 * The key that a keyed limit counts the request under: the attribute's value as it was bound, or
 * else the key that came with the request.
 */
export function keyFor(limit: PathLimit, attributes: Attributes, key: string): string {
  return attributes[limit.rule.eachOf ?? ''] ?? key;
}

/** Points every keyed limit of an entry at the slot of whoever asks. */
export function selectSlots(entry: PathResource, attributes: Attributes, key: string): void {
  for (const limit of entry.keyed) {
    if (limit.keys !== null) limit.slot = limit.keys.slotOf(keyFor(limit, attributes, key));
  }
}

/** Returns permits to the key's own slot if they are of it, or else to what overflowing keys share. */
export function giveBackOne(
  limit: PathLimit,
  attributes: Attributes,
  key: string,
  units: number,
): void {
  const own = limit.keys?.knownSlotOf(keyFor(limit, attributes, key));
  const isOwn = own !== undefined && limit.keys?.state.isIdle(own) === false;
  limit.state?.giveBack(isOwn ? own : OVERFLOW_SLOT, units, 0, null);
}
