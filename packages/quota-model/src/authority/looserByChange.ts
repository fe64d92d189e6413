/** How a quota could come out looser by what its owner declares, though no more is declared: by cuts and overrides. */
import type { ResourceLimit } from '@prorata/schemas';
import { inForceOn, pathOf } from '../effective.ts';
import { parentOf } from '../ids.ts';
import { declaredLimit, deepestCut, overriddenLimit } from '../layers.ts';
import type { DeclaredTerms } from '../layers.ts';
import { sameLimit } from '../limits.ts';
import type { ApplicationState, QuotaState } from '../model.ts';
import { TOO_MANY_TO_COMPARE } from './comparisons.ts';
import type { Comparisons } from './comparisons.ts';
import { describeStep, inheritedAt, isLooser } from './raises.ts';
import type { Raise } from './raises.ts';

/** From what to what: null where nothing is looser. */
type Step = readonly [from: ResourceLimit, to: ResourceLimit | null] | null;

/**
 * What is looser than under the cuts that lie on a quota, or than below an override, once the quota goes or
 * declares something else.
 *
 * @param after null: the quota goes
 */
export function looserByChange(
  state: ApplicationState,
  quotaId: string,
  after: DeclaredTerms | null,
  comparisons: Comparisons,
): Raise[] {
  const quota = state.quotas.get(quotaId);
  if (quota === undefined) return [];
  const place = parentOf(quotaId);
  const above = pathOf(state, place);
  const isCut = quota.haircuts.size > 0;
  if (!isCut && above.every(({ override }) => override === null)) return [];
  const raises: Raise[] = [];
  for (const of of state.registration.resources.keys()) {
    const own = declaredLimit(quota, of);
    const isSame = after !== null && sameLimit(own, declaredLimit(after, of));
    if (isSame || (own === null && !isCut)) continue;
    if (!comparisons.take()) return [...raises, { of, what: TOO_MANY_TO_COMPARE, place }];
    const step =
      after === null
        ? stepByDeletion(quota, above, of)
        : (stepOfCut(state, quota, after, of) ?? stepByUnset(quota, after, above, of));
    if (step === null) continue;
    const way = isCut ? "out of a budget's cut" : 'by an override';
    raises.push({ of, what: `${way}, ${describeStep(...step)}`, place });
  }
  return raises;
}

function stepByDeletion(quota: QuotaState, above: readonly QuotaState[], resource: string): Step {
  const from = inForceOn([{ ...quota, override: null }, ...above], resource);
  const to = inForceOn(above, resource);
  return from !== null && isLooser(from, to) ? [from, to] : null;
}

/**
 * What the cuts leave of what the quota declares, or inherits as it is declared. A cut leaves whole units of
 * the limit's own time, so of an equal rate, or a lower one, in another time it may leave more; and of what is
 * inherited another part than of an own limit. Each of the quota's own: what comes and goes above hides nothing.
 */
function stepOfCut(
  state: ApplicationState,
  quota: QuotaState,
  after: DeclaredTerms,
  resource: string,
): Step {
  const leftOf = (terms: DeclaredTerms): ResourceLimit | null => {
    const uncut = declaredLimit(terms, resource) ?? inheritedAt(state, quota.quotaId, resource);
    return uncut === null ? null : (deepestCut(quota, uncut)?.limit ?? uncut);
  };
  const from = leftOf(quota);
  const to = leftOf(after);
  return from !== null && isLooser(from, to) ? [from, to] : null;
}

/** What a live override above lets through may be more, and a cut of what is inherited ends there. */
function stepByUnset(
  quota: QuotaState,
  after: DeclaredTerms,
  above: readonly QuotaState[],
  resource: string,
): Step {
  if (declaredLimit(after, resource) !== null) return null;
  if (!above.some((each) => overriddenLimit(each, resource, null) !== null)) return null;
  return stepByDeletion(quota, above, resource);
}
