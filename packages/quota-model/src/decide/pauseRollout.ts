import type { PauseRollout, ResumeRollout } from '@prorata/schemas';
import type { ApplicationState, Decision, DecisionContext } from '../model.ts';
import { aboutNoQuota, accept, alreadySo } from './answer.ts';
import { causeOf, requireRollout } from './openRollout.ts';

/** The hosts of its stage go on taking the candidate. */
export function pauseRollout(
  state: ApplicationState,
  { rolloutId, envelope }: PauseRollout,
  context: DecisionContext,
): Decision {
  const found = requireRollout(state, rolloutId, envelope, context);
  if ('refused' in found) return found.refused;
  if (found.rollout.isPaused) return alreadySo;
  const data = { rolloutId, cause: causeOf(envelope, found.rollout) };
  return accept([{ type: 'RolloutPaused', data, ...aboutNoQuota }], rolloutId);
}

export function resumeRollout(
  state: ApplicationState,
  { rolloutId, envelope }: ResumeRollout,
  context: DecisionContext,
): Decision {
  const found = requireRollout(state, rolloutId, envelope, context);
  if ('refused' in found) return found.refused;
  if (!found.rollout.isPaused) return alreadySo;
  const data = { rolloutId, cause: causeOf(envelope, found.rollout) };
  return accept([{ type: 'RolloutResumed', data, ...aboutNoQuota }], rolloutId);
}
