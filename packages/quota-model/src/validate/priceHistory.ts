import type { Decision } from '../model.ts';
import { refusal, violation } from '../decide/answer.ts';
import type { DatedTerms } from '../organization/datedTerms.ts';
import { sameValue } from '../sameValue.ts';

/**
 * What has taken effect stays in the book. It may be put right, also by an entry that comes to stand before
 * or between others in the past, where the sender says why: usage since is priced anew then. What nothing was
 * said of before may have a past at once.
 */
export function historyFault(
  former: readonly DatedTerms[],
  next: readonly DatedTerms[],
  now: bigint,
  reason: string,
): Decision | null {
  const nextByKey = new Map(next.map((terms) => [keyOf(terms), terms]));
  const past = former.filter(({ effectiveFrom }) => effectiveFrom <= now);
  const gone = past.filter((terms) => !nextByKey.has(keyOf(terms)));
  const refused = refusal(
    gone.map(({ what }) => violation('PRICE_HISTORY_CHANGED', '', `In the past, ${what} is gone.`)),
  );
  if (refused !== null || reason.trim() !== '') return refused;
  const pastByKey = new Map(past.map((terms) => [keyOf(terms), terms]));
  const subjects = new Set(past.map(({ subject }) => subject));
  const changed = next.filter((terms) => {
    if (terms.effectiveFrom > now || !subjects.has(terms.subject)) return false;
    return !sameValue(pastByKey.get(keyOf(terms))?.meaning, terms.meaning);
  });
  return refusal(
    changed.map(({ what }) =>
      violation('PRICE_REASON_MISSING', '/reason', `In the past, ${what} becomes another.`),
    ),
  );
}

function keyOf({ subject, effectiveFrom }: DatedTerms): string {
  return `${subject} ${effectiveFrom.toString()}`;
}
