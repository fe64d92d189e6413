/** How an owner could be rid of a budget's cut without touching it. */
import { inForceOn, pathOf } from '../effective.ts';
import { isWithin, parentOf } from '../ids.ts';
import { declaredLimit, overriddenLimit } from '../layers.ts';
import type { DeclaredTerms } from '../layers.ts';
import type { ApplicationState, QuotaState } from '../model.ts';
import { EVENTS_PER_DECISION_MAX } from '../modelBounds.ts';
import { subtreeWithin } from '../decide/subtreeWithin.ts';
import { isLooser, describeStep } from './raises.ts';
import type { Raise } from './raises.ts';

/** What is compared of one move at most, some 10 µs each; what is beyond counts as looser. */
const COMPARED_PER_MOVE_MAX = 5_000;

/**
 * What is looser than under the cut that lies on a quota, once the quota goes, or once it declares no more
 * what it is cut of: what it inherits is cut too, but for what a live override above lets through.
 *
 * @param after null: the quota goes
 */
export function cutEscapes(
  state: ApplicationState,
  quotaId: string,
  after: DeclaredTerms | null,
): Raise[] {
  const quota = state.quotas.get(quotaId);
  if (quota === undefined || quota.haircuts.size === 0) return [];
  const place = parentOf(quotaId);
  const above = pathOf(state, place);
  return [...state.registration.resources.keys()].flatMap((of) => {
    if (after !== null && !isUnsetBelowOverride(quota, after, above, of)) return [];
    const from = inForceOn([{ ...quota, override: null }, ...above], of);
    const to = inForceOn(above, of);
    if (from === null || !isLooser(from, to)) return [];
    return [{ of, what: `out of a budget's cut, ${describeStep(from, to)}`, place }];
  });
}

function isUnsetBelowOverride(
  before: DeclaredTerms,
  after: DeclaredTerms,
  above: readonly QuotaState[],
  resource: string,
): boolean {
  return (
    declaredLimit(before, resource) !== null &&
    declaredLimit(after, resource) === null &&
    above.some((quota) => overriddenLimit(quota, resource, null) !== null)
  );
}

/**
 * What of a subtree that carries cuts is looser where it goes, because of overrides above that place: a cut of
 * what is inherited ends at them. One raise a resource is enough.
 *
 * @param place where the say over the move is
 */
export function cutEscapesByMove(
  state: ApplicationState,
  quotaId: string,
  toQuotaId: string,
  place: string,
): Raise[] {
  const aboveAfter = pathOf(state, parentOf(toQuotaId));
  const lifted = new Set(
    aboveAfter.flatMap(({ override }) => override?.limits.map(({ resource }) => resource) ?? []),
  );
  if (lifted.size === 0) return [];
  const aboveBefore = pathOf(state, parentOf(quotaId));
  const ids = subtreeWithin(state, quotaId, EVENTS_PER_DECISION_MAX) ?? [];
  const cut = ids.flatMap((id) => {
    const quota = state.quotas.get(id);
    return quota === undefined || quota.haircuts.size === 0 ? [] : [quota];
  });
  let compared = 0;
  return [...lifted].flatMap((of) => {
    for (const quota of cut) {
      if (declaredLimit(quota, of) !== null) continue;
      compared += 1;
      if (compared > COMPARED_PER_MOVE_MAX) {
        return [{ of, what: 'too many cut quotas below an override', place }];
      }
      const moved = movedPath(state, quota, quotaId);
      const from = inForceOn([...moved, ...aboveBefore], of);
      const to = inForceOn([...moved, ...aboveAfter], of);
      if (from === null || !isLooser(from, to)) continue;
      return [{ of, what: `out of a budget's cut, ${describeStep(from, to)}`, place }];
    }
    return [];
  });
}

/** The quota and what is above it up to the top of the move; overrides apart, which end by themselves. */
function movedPath(state: ApplicationState, quota: QuotaState, top: string): QuotaState[] {
  return pathOf(state, quota.quotaId)
    .filter(({ quotaId }) => isWithin(quotaId, top))
    .map((each) => ({ ...each, override: null }));
}
