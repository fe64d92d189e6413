/** How a quota could come out looser by a move, though no more is declared above the place that it comes to. */
import { subtreeWithin } from '../decide/subtreeWithin.ts';
import { inForceOn, pathOf, uncutLimit } from '../effective.ts';
import { isWithin, parentOf } from '../ids.ts';
import { declaredLimit, limitFor } from '../layers.ts';
import { sameLimit } from '../limits.ts';
import type { ApplicationState, QuotaState } from '../model.ts';
import { EVENTS_PER_DECISION_MAX } from '../modelBounds.ts';
import { NO_HAIRCUTS } from '../sharing.ts';
import { TOO_MANY_TO_COMPARE } from './comparisons.ts';
import type { Comparisons } from './comparisons.ts';
import { describeStep, inheritedAt, isLooser } from './raises.ts';
import type { Raise } from './raises.ts';

/** A move, and what lies above the two places, nearest first. */
interface Move {
  readonly state: ApplicationState;
  readonly quotaId: string;
  readonly toQuotaId: string;
  readonly aboveBefore: readonly QuotaState[];
  readonly aboveAfter: readonly QuotaState[];
}

/**
 * What of a subtree is looser where it goes because of cuts and overrides: those above it that it leaves or
 * comes to, and its own cuts of what it inherits, which end at overrides and leave whole units of what is
 * inherited there. One raise a resource is enough.
 *
 * @param place where the say over the move is
 */
export function looserByMove(
  state: ApplicationState,
  quotaId: string,
  toQuotaId: string,
  place: string,
  comparisons: Comparisons,
): Raise[] {
  const aboveBefore = pathOf(state, parentOf(quotaId));
  const aboveAfter = pathOf(state, parentOf(toQuotaId));
  const cut = cutQuotasWithin(state, quotaId);
  if (cut.length === 0 && ![...aboveBefore, ...aboveAfter].some(isLayered)) return [];
  const move = { state, quotaId, toQuotaId, aboveBefore, aboveAfter };
  return [...state.registration.resources.keys()].flatMap((of) => {
    const what = loosening(move, of, cut, comparisons);
    return what === null ? [] : [{ of, what, place }];
  });
}

function cutQuotasWithin(state: ApplicationState, quotaId: string): QuotaState[] {
  const ids = subtreeWithin(state, quotaId, EVENTS_PER_DECISION_MAX) ?? [];
  return ids.flatMap((id) => {
    const quota = state.quotas.get(id);
    return quota === undefined || quota.haircuts.size === 0 ? [] : [quota];
  });
}

function isLayered({ haircuts, override }: QuotaState): boolean {
  return haircuts.size > 0 || override !== null;
}

/** In the words of a refusal; null: nothing is looser. */
function loosening(
  move: Move,
  resource: string,
  cut: readonly QuotaState[],
  comparisons: Comparisons,
): string | null {
  const isLifted = move.aboveAfter.some(
    ({ override }) => override !== null && limitFor(override.limits, resource) !== null,
  );
  const byOverride = isLifted ? looseningAbove(move, resource) : null;
  if (byOverride !== null) return byOverride;
  for (const quotaId of comparedIn(move, resource, cut, isLifted)) {
    if (!comparisons.take()) return TOO_MANY_TO_COMPARE;
    const what = looseningOf(move, quotaId, resource);
    if (what !== null) return what;
  }
  return null;
}

/** What is above without its cuts: below an override that moves, ancestors count so. */
function looseningAbove({ state, quotaId, toQuotaId }: Move, resource: string): string | null {
  const from = uncutLimit(state, parentOf(quotaId), resource);
  const to = uncutLimit(state, parentOf(toQuotaId), resource);
  return from !== null && isLooser(from, to) ? `by an override, ${describeStep(from, to)}` : null;
}

/**
 * The top, and below it what is cut of what it inherits, where that changes: for the rest the least of the
 * path is no looser where that of the top is not.
 */
function* comparedIn(
  { state, quotaId, toQuotaId }: Move,
  resource: string,
  cut: readonly QuotaState[],
  isLifted: boolean,
): Generator<string> {
  yield quotaId;
  const isCutAlike =
    state.registration.resources.get(resource)?.kind !== 'rate' ||
    sameLimit(inheritedAt(state, quotaId, resource), inheritedAt(state, toQuotaId, resource));
  if (!isLifted && isCutAlike) return;
  for (const quota of cut) {
    if (quota.quotaId === quotaId || declaredLimit(quota, resource) !== null) continue;
    yield quota.quotaId;
  }
}

/** As things stand, and as they are declared above: what comes and goes there hides nothing. */
function looseningOf(
  { state, quotaId: top, aboveBefore, aboveAfter }: Move,
  quotaId: string,
  resource: string,
): string | null {
  const moved = movedPath(state, quotaId, top);
  for (const above of [asItIs, asDeclared]) {
    const from = inForceOn([...moved, ...above(aboveBefore)], resource);
    const to = inForceOn([...moved, ...above(aboveAfter)], resource);
    if (from === null || !isLooser(from, to)) continue;
    const isCut = [...moved, ...aboveBefore].some(({ haircuts }) => haircuts.size > 0);
    return `${isCut ? "out of a budget's cut" : 'by an override'}, ${describeStep(from, to)}`;
  }
  return null;
}

/** The quota and what is above it up to the top of the move; overrides apart, which end by themselves. */
function movedPath(state: ApplicationState, quotaId: string, top: string): QuotaState[] {
  return pathOf(state, quotaId)
    .filter((each) => isWithin(each.quotaId, top))
    .map((each) => ({ ...each, override: null }));
}

function asItIs(path: readonly QuotaState[]): readonly QuotaState[] {
  return path;
}

function asDeclared(path: readonly QuotaState[]): readonly QuotaState[] {
  return path.map((each) => ({ ...each, override: null, haircuts: NO_HAIRCUTS }));
}
