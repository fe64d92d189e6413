/**
 * Consumables along one path share one window: the tighter of 1,000 a day and 20,000 a month is neither,
 * so what is in force could not be said in one limit.
 */
import type { ResourceLimit, Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import { ancestorsOf } from '../ids.ts';
import { limitFor } from '../layers.ts';
import type { ApplicationState } from '../model.ts';
import { SUM_TIMES_MAX } from '../modelBounds.ts';
import { tallyOf, windowsWithin } from '../sums/treeSums.ts';
import { sameWindow, windowKey, windowText } from '../windowForm.ts';
import { limitIn } from './setters.ts';

/** A limit, declared or an override's, against those of the quota itself, above it and below it. */
export function windowViolations(
  state: ApplicationState,
  quotaId: string,
  limit: ResourceLimit,
  path: string,
): Violation[] {
  if (limit.kind !== 'consumable' || limit.bound !== 'amount') return [];
  const { resource } = limit;
  const own = windowKey(limit);
  const others = tallyOf(state, state.id, resource)?.windows.filter(({ key }) => key !== own) ?? [];
  if (others.length >= SUM_TIMES_MAX) {
    const message = `${resource} has ${others.length} different windows in ${state.id} already.`;
    return [violation('TOO_MANY', path, message)];
  }
  for (const [id, other] of limitsUpwards(state, [quotaId, ...ancestorsOf(quotaId)], resource)) {
    if (sameWindow(other, limit)) continue;
    return [mismatch(resource, windowText(limit), windowText(other), `in ${id}`, path)];
  }
  const below = tallyOf(state, quotaId, resource)?.windows.find(({ key }) => key !== own);
  if (below === undefined) return [];
  return [mismatch(resource, windowText(limit), below.key, `below ${quotaId}`, path)];
}

/** Every window of a subtree that came here against those above. */
export function movedWindowViolations(
  state: ApplicationState,
  quotaId: string,
  resource: string,
  path: string,
): Violation[] {
  const windows = windowsWithin(state, quotaId, resource);
  if (windows.length === 0) return [];
  for (const [id, other] of limitsUpwards(state, ancestorsOf(quotaId), resource)) {
    const different = windows.find(({ key }) => key !== windowKey(other));
    if (different === undefined) continue;
    return [mismatch(resource, different.key, windowText(other), `in ${id}`, path)];
  }
  return [];
}

function mismatch(
  resource: string,
  here: string,
  there: string,
  place: string,
  path: string,
): Violation {
  const message = `${resource} is per ${here} here and per ${there} ${place}.`;
  return violation('WINDOW_MISMATCH', path, message);
}

/** Limits with a window on these quotas, overrides included. */
function* limitsUpwards(
  state: ApplicationState,
  ids: readonly string[],
  resource: string,
): Generator<readonly [string, ResourceLimit]> {
  for (const id of ids) {
    const overridden = limitFor(state.quotas.get(id)?.override?.limits ?? [], resource);
    for (const limit of [limitIn(state, id, resource), overridden]) {
      if (limit?.bound === 'amount') yield [id, limit];
    }
  }
}
