import type { AdvanceRollout } from '@prorata/schemas';
import type { ApplicationState, Decision, DecisionContext } from '../model.ts';
import { isLastStage } from '../rollouts/rolloutState.ts';
import { aboutNoQuota, accept, refuse } from './answer.ts';
import { causeOf, evidenceFault, goOnFault, pausedFault, requireRollout } from './openRollout.ts';

/** The stage that is left must be the one that is on: a command that comes late, or twice, skips none. */
export function advanceRollout(
  state: ApplicationState,
  { rolloutId, stage, evidence, envelope }: AdvanceRollout,
  context: DecisionContext,
): Decision {
  const found = requireRollout(state, rolloutId, envelope, context);
  if ('refused' in found) return found.refused;
  const { rollout } = found;
  if (stage !== rollout.stage) {
    const message = `${rolloutId} is at stage ${rollout.stage}, not ${stage}.`;
    return refuse('ROLLOUT_STAGE', '/stage', message);
  }
  if (isLastStage(rollout)) {
    return refuse(
      'ROLLOUT_STAGE',
      '/stage',
      `Stage ${stage} of ${rolloutId} is its last: promote it.`,
    );
  }
  if (rollout.isPaused) return pausedFault(rollout);
  const refused = evidenceFault(evidence) ?? goOnFault(rollout, envelope, evidence, context);
  if (refused !== null) return refused;
  const data = {
    rolloutId,
    stage: stage + 1,
    quotaIds: [...rollout.candidates.keys()],
    cause: causeOf(envelope, rollout),
    evidence,
  };
  return accept([{ type: 'RolloutAdvanced', data, ...aboutNoQuota }], rolloutId);
}
