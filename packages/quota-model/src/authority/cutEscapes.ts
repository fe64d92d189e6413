/** How an owner could be rid of a budget's cut without touching it. */
import { inForceOn, pathOf } from '../effective.ts';
import { parentOf } from '../ids.ts';
import { declaredLimit, overriddenLimit } from '../layers.ts';
import type { DeclaredTerms } from '../layers.ts';
import type { ApplicationState, QuotaState } from '../model.ts';
import { isLooser, describeStep } from './raises.ts';
import type { Raise } from './raises.ts';

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
