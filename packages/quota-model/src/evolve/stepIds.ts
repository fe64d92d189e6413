/**
 * The ids of the quotas that a proposal's steps mean. A quota that moves takes the steps that mean it with it:
 * otherwise they would reach whoever has taken its id when they are approved.
 */
import type { TreeStep } from '@prorata/schemas';
import { ancestorsOf, isWithin, movedId, parentOf } from '../ids.ts';

/** The same steps after a move, or these themselves where none means what has moved. */
export function stepsAfterMove(
  steps: readonly TreeStep[],
  from: string,
  to: string,
): readonly TreeStep[] {
  if (!nameWithin(steps, from)) return steps;
  const made = new Set<string>();
  return steps.map((step) => {
    const of = (id: string): string => (isMeant(id, from, made) ? movedId(id, from, to) : id);
    // What does not exist yet moves with what it is to be made in.
    const at = (id: string): string => (id === from ? id : of(id));
    const next = renamed(step, of, at);
    const place = step.create?.quotaId ?? step.move?.toQuotaId;
    if (place !== undefined) made.add(place);
    return next;
  });
}

/** The nearest node at or above all that the steps name; what is new or goes counts as its parent. */
export function placeOf(application: string, steps: readonly TreeStep[]): string {
  const places = steps.flatMap(({ create, change, move, delete: removal, restore }) => [
    ...(create === null ? [] : [parentOf(create.quotaId)]),
    ...(change === null ? [] : [change.quotaId]),
    ...(move === null ? [] : [parentOf(move.quotaId), parentOf(move.toQuotaId)]),
    ...(removal === null ? [] : [parentOf(removal.quotaId)]),
    ...(restore === null ? [] : [restore.quotaId]),
  ]);
  const [first = application, ...others] = places;
  let place = first;
  for (const other of others) {
    while (place !== application && !isWithin(other, place)) {
      place = parentOf(place);
    }
  }
  return place;
}

/** Whether a step says an id at or below `top`, whoever it means. */
export function nameWithin(steps: readonly TreeStep[], top: string): boolean {
  return steps.some((step) => namesWithin(step, top));
}

/** Whether a step means a quota, or one below it, that was there before the steps. */
export function meanQuotaWithin(steps: readonly TreeStep[], top: string): boolean {
  const made = new Set<string>();
  return steps.some((step) => {
    const { create, change, move, restore, delete: removal } = step;
    const id = change?.quotaId ?? move?.quotaId ?? restore?.quotaId ?? removal?.quotaId;
    const isNamed = id !== undefined && isMeant(id, top, made);
    const place = create?.quotaId ?? move?.toQuotaId;
    if (place !== undefined) made.add(place);
    return isNamed;
  });
}

function renamed(step: TreeStep, of: (id: string) => string, at: (id: string) => string): TreeStep {
  const { create, change, move, restore, delete: removal } = step;
  return {
    ...step,
    create: create && { ...create, quotaId: at(create.quotaId) },
    change: change && { ...change, quotaId: of(change.quotaId) },
    move: move && { ...move, quotaId: of(move.quotaId), toQuotaId: at(move.toQuotaId) },
    restore: restore && { ...restore, quotaId: of(restore.quotaId) },
    delete: removal && { ...removal, quotaId: of(removal.quotaId) },
  };
}

/** `made`: what earlier steps make or move there; whoever has such an id now is not meant. */
function isMeant(id: string, top: string, made: ReadonlySet<string>): boolean {
  if (!isWithin(id, top)) return false;
  return ![id, ...ancestorsOf(id)].some((each) => made.has(each) && !each.startsWith(`${top}/`));
}

function namesWithin(step: TreeStep, top: string): boolean {
  const { create, change, move, restore, delete: removal } = step;
  const ids = [create?.quotaId, change?.quotaId, move?.quotaId, move?.toQuotaId];
  return [...ids, restore?.quotaId, removal?.quotaId].some(
    (id) => id !== undefined && isWithin(id, top),
  );
}
