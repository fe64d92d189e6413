/** Open proposals by the paths of now. */
import { isWithin, parentOf } from '../ids.ts';
import type { ApplicationState, ProposalState } from '../model.ts';
import type { TreeStep } from '@prorata/schemas';
import { namedSteps } from './meantSteps.ts';
import type { NamedSteps } from './meantSteps.ts';

/** What the steps of a proposal would do now, see `namedSteps`. */
export function stepsNow(
  state: ApplicationState,
  { steps, meant }: Pick<ProposalState, 'steps' | 'meant'>,
): NamedSteps {
  return namedSteps(state.id, steps, meant, (alias) => state.aliases.get(alias));
}

/** The proposal with steps, and their place, as they are called now; one of limits stands under its quota already. */
export function proposalNow(state: ApplicationState, proposal: ProposalState): ProposalState {
  if (proposal.steps.length === 0) return proposal;
  const { steps } = stepsNow(state, proposal);
  return { ...proposal, steps, quotaId: placeOf(state.id, steps) };
}

/** The nearest node at or above all that the steps name; what is new or goes counts as its parent. */
export function placeOf(application: string, steps: readonly TreeStep[]): string {
  const places = steps.flatMap(({ create, change, move, delete: removal, restore, resize }) => [
    ...(create === null ? [] : [parentOf(create.quotaId)]),
    ...(change === null ? [] : [change.quotaId]),
    ...(move === null ? [] : [parentOf(move.quotaId), parentOf(move.toQuotaId)]),
    ...(removal === null ? [] : [parentOf(removal.quotaId)]),
    ...(restore === null ? [] : [restore.quotaId]),
    ...(resize === null ? [] : [resize.quotaId]),
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
