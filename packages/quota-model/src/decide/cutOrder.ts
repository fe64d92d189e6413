/** Cuts of a budget in the order of its organization: a page that comes late must not cut, or lift, again. */
import type { ApplyHaircut, LiftHaircut } from '@prorata/schemas';
import { cutKey } from '../indexes/quotaIndexes.ts';
import type { ApplicationState, Decision, EventDraft } from '../model.ts';
import { CUTS_FOLLOWED_MAX } from '../modelBounds.ts';
import { aboutNoQuota, refuse } from './answer.ts';

type Order = { readonly refused: Decision } | { readonly events: readonly EventDraft[] };

/** The event by which the application remembers a cut that is new to it, before those of its first page. */
export function followCut(
  state: ApplicationState,
  { project, budgetId, cutId }: Pick<ApplyHaircut, 'project' | 'budgetId' | 'cutId'>,
): Order {
  if (cutId === null) return { events: [] };
  if (cutId < 1n) {
    return { refused: refuse('HAIRCUT_INVALID', '/cutId', 'Cuts are counted from 1.') };
  }
  const known = state.cutsFollowed.get(cutKey(project, budgetId));
  if (known?.cutId === cutId && !known.isEnded) return { events: [] };
  if (known !== undefined && cutId <= known.cutId) {
    const since = known.isEnded ? 'was lifted by hand' : 'has been followed';
    const message = `Cut ${known.cutId} of budget ${budgetId} ${since} meanwhile.`;
    return { refused: refuse('CUT_SUPERSEDED', '/cutId', message) };
  }
  if (known === undefined && state.cutsFollowed.size >= CUTS_FOLLOWED_MAX) {
    const message = `${state.id} follows the cuts of ${CUTS_FOLLOWED_MAX} budgets.`;
    return { refused: refuse('TOO_MANY', '/budgetId', message) };
  }
  const data = { project, budgetId, cutId, isEnded: false };
  return { events: [{ type: 'CutFollowed', data, ...aboutNoQuota }] };
}

/** A lift is of a cut as the cut itself is; one by hand ends the cut that is being carried out. */
export function followLift(state: ApplicationState, command: LiftHaircut): Order {
  const { project, budgetId, cutId } = command;
  if (cutId !== null) return followCut(state, command);
  const known = state.cutsFollowed.get(cutKey(project, budgetId));
  if (known === undefined || known.isEnded) return { events: [] };
  const data = { project, budgetId, cutId: known.cutId, isEnded: true };
  return { events: [{ type: 'CutFollowed', data, ...aboutNoQuota }] };
}
