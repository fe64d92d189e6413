import type { RollBackRollout } from '@prorata/schemas';
import type { ApplicationState, Decision, DecisionContext } from '../model.ts';
import { aboutNoQuota, accept } from './answer.ts';
import { causeOf, evidenceFault, requireRollout } from './openRollout.ts';

/** At any stage, paused or not: what is declared was never touched. */
export function rollBackRollout(
  state: ApplicationState,
  { rolloutId, evidence, envelope }: RollBackRollout,
  context: DecisionContext,
): Decision {
  const found = requireRollout(state, rolloutId, envelope, context);
  if ('refused' in found) return found.refused;
  const refused = evidenceFault(evidence);
  if (refused !== null) return refused;
  const { rollout } = found;
  const data = {
    rolloutId,
    quotaIds: [...rollout.candidates.keys()],
    cause: causeOf(envelope, rollout),
    evidence,
  };
  return accept([{ type: 'RolloutRolledBack', data, ...aboutNoQuota }], rolloutId);
}
