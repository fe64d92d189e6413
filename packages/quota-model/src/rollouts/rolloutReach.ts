/** Which quotas are in a rollout, and whom it keeps from changing meanwhile. */
import type { Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import { ancestorsOf, isWithin } from '../ids.ts';
import type { ApplicationState } from '../model.ts';

/** The rollout that changes this very quota; null: none does. */
export function rolloutOf(state: ApplicationState, quotaId: string): string | null {
  return state.inRollout.get(quotaId) ?? null;
}

/** A base change of a quota in a rollout would be undone, or would undo, what the rollout tries. */
export function inRolloutViolations(
  state: ApplicationState,
  quotaId: string,
  path: string,
): Violation[] {
  const rolloutId = rolloutOf(state, quotaId);
  return rolloutId === null ? [] : [inRollout(quotaId, rolloutId, path)];
}

/** As `inRolloutViolations`, of a quota and all below it. O(quotas in rollouts), which are few. */
export function rolloutBelowViolations(
  state: ApplicationState,
  quotaId: string,
  path: string,
): Violation[] {
  for (const [id, rolloutId] of state.inRollout) {
    if (isWithin(id, quotaId)) return [inRollout(id, rolloutId, path)];
  }
  return [];
}

/**
 * That no other rollout changes a quota above or below: what is in force follows from the whole path, and a
 * host would have four rules to choose from.
 */
export function rolloutNearViolations(
  state: ApplicationState,
  quotaId: string,
  path: string,
): Violation[] {
  for (const id of ancestorsOf(quotaId)) {
    const rolloutId = rolloutOf(state, id);
    if (rolloutId !== null) return [inRollout(id, rolloutId, path)];
  }
  return rolloutBelowViolations(state, quotaId, path);
}

function inRollout(quotaId: string, rolloutId: string, path: string): Violation {
  const message =
    `${quotaId} is in the rollout ${rolloutId}: promote it or roll it back first; an override or a ` +
    'suspension holds at once.';
  return violation('QUOTA_IN_ROLLOUT', path, message);
}
