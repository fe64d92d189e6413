import { EVENTS_PER_DECISION_MAX, SUMS_PER_DECISION_MAX } from '../modelBounds.ts';
import type { QuotaState } from '../model.ts';
import { rightsizedUnder } from '../rightsizingBounds.ts';
import { contentHash } from '../versions/contentHash.ts';
import { about, violation } from './answer.ts';
import { sumsAbove } from './sumsAbove.ts';
import type { TreeDraft } from './treeDraft.ts';
import type { Violation } from '@prorata/schemas';

const PATH = '/rightsizing';

/**
 * Ends what evidence has set outside of the application's new bounds, as narrower bounds of a quota's own
 * do: the owner's limit holds again. Each quota gets an event that says its content anew, by which
 * `evolve` drops the layer. O(quotas): the layers have no index of their own. Refused before anything is
 * drafted where that would be more than one decision may alter.
 */
export function endOutOfBounds(draft: TreeDraft): readonly Violation[] {
  const { registration, quotas } = draft.after;
  const outside: QuotaState[] = [];
  let sums = 0;
  for (const quota of quotas.values()) {
    if (quota.rightsized.size === 0) continue;
    if (rightsizedUnder(registration, quota, quota.content) === quota.rightsized) continue;
    sums += sumsAbove(quota);
    if (outside.length >= draft.quotasLeft || sums > draft.sumsLeft) {
      const message = `More than ${EVENTS_PER_DECISION_MAX - 1} quotas, or ${SUMS_PER_DECISION_MAX} sums above their limits, are rightsized outside of these bounds: change them in smaller steps.`;
      return [violation('TOO_MANY_EVENTS', PATH, message)];
    }
    outside.push(quota);
  }
  for (const quota of outside) {
    const { content } = quota;
    const data = { content, contentHash: contentHash(content) };
    draft.append({ type: 'QuotaChanged', data, ...about(quota) }, () => PATH);
  }
  return [];
}
