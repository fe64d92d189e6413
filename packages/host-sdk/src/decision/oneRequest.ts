import type { Limiter } from './limiter.ts';
import { withoutPrototype } from './ruleMatch.ts';
import type { Attributes } from './ruleMatch.ts';
import type { RuleTable } from './ruleTable.ts';
import { selectSlots } from './slotChoice.ts';
import type { Verdict } from './verdict.ts';

/**
 * `take` of a handle that would be bound for this one request. What it costs more is the look into the index of
 * matches and a few objects: microseconds. Permits need a handle, which remembers what is out.
 *
 * @param target `quota` names one; the other entries are request attributes
 * @throws RangeError for a cost that is no amount
 */
export function takeOnce(
  limiter: Limiter,
  table: RuleTable,
  target: Attributes,
  resource: string,
  cost: number,
): Verdict {
  const { quota = null, ...given } = target;
  const attributes = withoutPrototype(given);
  const quotaId = table.quotaFor(quota, attributes);
  if (quotaId === null) return limiter.decideUnbound(resource, cost, true);
  const path = limiter.pathTo(quotaId);
  limiter.tick();
  const entry = path.at(resource);
  if (entry.keyed.length > 0) selectSlots(entry, attributes, '');
  return limiter.take(entry, cost, false);
}
