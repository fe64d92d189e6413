import { byCodeUnit } from '../ids.ts';
import { idsOutside } from '../indexes/rightsizedRates.ts';
import { rangeFor } from '../rightsizingBounds.ts';
import { EVENTS_PER_DECISION_MAX, SUMS_PER_DECISION_MAX } from '../modelBounds.ts';
import type { QuotaState } from '../model.ts';
import { contentHash } from '../versions/contentHash.ts';
import { about, violation } from './answer.ts';
import { sumsAbove } from './sumsAbove.ts';
import type { TreeDraft } from './treeDraft.ts';
import type { Violation } from '@prorata/schemas';

const PATH = '/rightsizing';

/**
 * Ends what evidence has set outside of the application's new bounds, as narrower bounds of a quota's own
 * do: the owner's limit holds again. Each quota gets an event that says its content anew, by which
 * `evolve` drops the layer. O(what ends), however many are rightsized. Refused before anything is
 * drafted where that would be more than one decision may alter.
 */
export function endOutOfBounds(draft: TreeDraft): readonly Violation[] {
  const outside = quotasOutside(draft);
  const sums = outside.reduce((sum, quota) => sum + sumsAbove(quota), 0);
  if (outside.length > draft.quotasLeft || sums > draft.sumsLeft) {
    const message = `More than ${EVENTS_PER_DECISION_MAX - 1} quotas, or ${SUMS_PER_DECISION_MAX} sums above their limits, are rightsized outside of these bounds: change them in smaller steps.`;
    return [violation('TOO_MANY_EVENTS', PATH, message)];
  }
  for (const quota of outside) {
    const { content } = quota;
    const data = { content, contentHash: contentHash(content) };
    draft.append({ type: 'QuotaChanged', data, ...about(quota) }, () => PATH);
  }
  return [];
}

/** In the order of their ids; one more than the decision may touch, or more, stands for too many. */
function quotasOutside({ after, quotasLeft }: TreeDraft): readonly QuotaState[] {
  const { rightsizing } = after.registration;
  const ids = new Set<string>();
  for (const [resource, rates] of after.rightsized) {
    const bounds = rangeFor(rightsizing, resource);
    for (const id of idsOutside(rates, bounds, quotasLeft + 1)) ids.add(id);
    if (ids.size > quotasLeft) break;
  }
  return [...ids].sort(byCodeUnit).flatMap((id) => after.quotas.get(id) ?? []);
}
