/**
 * Whether a sender may move a quota and all below it. It leaves what held it back where it was, and what
 * it keeps for itself comes out of somebody else's from now on.
 */
import type { Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import { ancestorsOf, parentOf } from '../ids.ts';
import type { ApplicationState } from '../model.ts';
import { projectOf } from '../payers.ts';
import { claimOf } from '../sums/treeSums.ts';
import { ownershipViolations, refusedRaises } from './authorityViolations.ts';
import type { PathOf } from './authorityViolations.ts';
import { Comparisons } from './comparisons.ts';
import { looserByMove } from './looserByMove.ts';
import { describeStep, giverOf, inheritedAt, isLooser } from './raises.ts';
import type { Raise } from './raises.ts';
import { operates } from './sender.ts';
import type { Sender } from './sender.ts';

/**
 * @param toQuotaId its id afterwards; its parent exists
 * @param comparisons of the decision: all of its steps share them
 */
export function moveViolations(
  state: ApplicationState,
  quotaId: string,
  toQuotaId: string,
  sender: Sender,
  pathOf: PathOf = () => '',
  comparisons = new Comparisons(),
): Violation[] {
  const ownership = [
    ...ownershipViolations(state, quotaId, sender),
    ...ownershipViolations(state, parentOf(toQuotaId), sender),
  ];
  if (ownership.length > 0) return ownership;
  const raises = [
    ...[...state.registration.resources.keys()].flatMap((resource) => [
      ...escapes(state, quotaId, toQuotaId, resource),
      ...takings(state, quotaId, toQuotaId, resource),
    ]),
    ...overridesLeft(state, quotaId, toQuotaId),
  ];
  const place = placeAboveBoth(quotaId, toQuotaId);
  const looser = looserByMove(state, quotaId, toQuotaId, place, comparisons);
  // What is taken out of the new place is for its owner to give, and says nothing of the place above both.
  const known = new Set(raises.filter((raise) => raise.place === place).map(({ of }) => of));
  raises.push(...looser.filter(({ of }) => !known.has(of)));
  return [
    ...refusedRaises(state, quotaId, raises, sender, pathOf),
    ...payerViolations(state, quotaId, toQuotaId, sender, pathOf),
  ];
}

/** The limits above it differ: whoever is above both places may say that it shall have the looser ones. */
function escapes(
  state: ApplicationState,
  quotaId: string,
  toQuotaId: string,
  resource: string,
): Raise[] {
  const from = inheritedAt(state, quotaId, resource);
  const to = inheritedAt(state, toQuotaId, resource);
  if (from === null || !isLooser(from, to)) return [];
  const place = placeAboveBoth(quotaId, toQuotaId);
  return [{ of: resource, what: describeStep(from, to), place }];
}

/** What is suspended above it holds no longer where it goes. */
function overridesLeft(state: ApplicationState, quotaId: string, toQuotaId: string): Raise[] {
  const place = placeAboveBoth(quotaId, toQuotaId);
  const left = ancestorsOf(quotaId).filter((id) => !toQuotaId.startsWith(`${id}/`));
  return left.flatMap((id) =>
    (state.quotas.get(id)?.override?.limits ?? [])
      .filter((limit) => isLooser(limit, inheritedAt(state, toQuotaId, limit.resource)))
      .map(({ resource }) => ({
        of: resource,
        what: `out from under the override of ${id}`,
        place,
      })),
  );
}

function takings(
  state: ApplicationState,
  quotaId: string,
  toQuotaId: string,
  resource: string,
): Raise[] {
  const giver = giverOf(state, toQuotaId, resource);
  if (giver === null || giver === giverOf(state, quotaId, resource)) return [];
  const { guarantees, unlimited, amounts } = claimOf(state, quotaId, resource).sum;
  const isCapacity = state.registration.resources.get(resource)?.kind === 'capacity';
  const takes = isCapacity ? guarantees > 0n : unlimited > 0 || amounts.length > 0;
  return takes ? [{ of: resource, what: `it out of ${giver}`, place: giver }] : [];
}

/** The nearest quota above both, or the application. */
function placeAboveBoth(a: string, b: string): string {
  let place = parentOf(a);
  while (place.includes('/') && !b.startsWith(`${place}/`)) place = parentOf(place);
  return place;
}

function payerViolations(
  state: ApplicationState,
  quotaId: string,
  toQuotaId: string,
  sender: Sender,
  pathOf: PathOf,
): Violation[] {
  const before = projectOf(state, quotaId);
  const own = state.quotas.get(quotaId)?.content.project ?? null;
  const after = own ?? projectOf(state, parentOf(toQuotaId));
  const place = placeAboveBoth(quotaId, toQuotaId);
  if (before === after || operates(sender, place)) return [];
  const message = `${after ?? 'Nobody'} would pay in place of ${before ?? 'nobody'}: that is for an operator of ${place} to say.`;
  return [violation('NOT_ALLOWED', pathOf('project'), message)];
}
