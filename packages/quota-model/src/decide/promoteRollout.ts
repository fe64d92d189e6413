import type { CommandEnvelope, PromoteRollout, Violation } from '@prorata/schemas';
import { isRobot } from '../authority/sender.ts';
import type { ApplicationState, Decision, DecisionContext } from '../model.ts';
import { resizeOf } from '../rollouts/stagedResize.ts';
import { isLastStage } from '../rollouts/rolloutState.ts';
import type { RolloutState } from '../rollouts/rolloutState.ts';
import { aboutNoQuota, refusal, refuse } from './answer.ts';
import { promoteResize } from './promoteResize.ts';
import { takeSteps } from './changeTree.ts';
import { decideTree } from './decideTree.ts';
import { causeOf, evidenceFault, goOnFault, requireRollout } from './openRollout.ts';
import type { TreeDraft } from './treeDraft.ts';

/**
 * The rollout ends and its steps are taken, in one decision, by the tree and the rules of now. A person may
 * promote at any stage; a robot at the last, once it has baked and the gate holds. Its events name who started it
 * beside who promotes.
 */
export function promoteRollout(
  state: ApplicationState,
  { rolloutId, evidence, envelope }: PromoteRollout,
  context: DecisionContext,
): Decision {
  const found = requireRollout(state, rolloutId, envelope, context);
  if ('refused' in found) return found.refused;
  const { rollout } = found;
  if (isRobot(envelope) && !isLastStage(rollout)) {
    const message = `${rolloutId} is at stage ${rollout.stage}, which is not its last.`;
    return refuse('ROLLOUT_STAGE', '/rolloutId', message);
  }
  const refused = evidenceFault(evidence) ?? goOnFault(rollout, envelope, evidence, context);
  if (refused !== null) return refused;
  const starter = asStarted(envelope, rollout);
  // Versions rose meanwhile, by overrides and cuts; what is declared could not change.
  const steps = rollout.steps.map((step) => ({ ...step, expectedVersion: null }));
  const quotaIds = [...rollout.candidates.keys()];
  const data = { rolloutId, quotaIds, cause: causeOf(envelope, rollout), evidence };
  const drafted = (draft: TreeDraft): readonly Violation[] => {
    draft.append({ type: 'RolloutPromoted', data, ...aboutNoQuota }, () => '');
    return takeSteps(draft, steps, starter);
  };
  const resize = resizeOf(rollout);
  const decision =
    resize === null
      ? decideTree(state, starter, context, drafted, 'given')
      : promoteResize(state, data, resize, starter, context);
  if (decision.kind === 'accepted') {
    const { actor, reason, at } = rollout.provenance;
    const approved = { proposalId: rolloutId, actor, reason, proposedAt: at };
    return { ...decision, result: rolloutId, approved };
  }
  const violations = decision.violations.map((found_) => ({
    ...found_,
    path: '/rolloutId',
    message: found_.path === '' ? found_.message : `In ${found_.path}: ${found_.message}`,
  }));
  return refusal(violations) ?? decision;
}

/**
 * Who started it had the say over the change, a second person's approval where one was needed, and the checks
 * waived that were waived: all of it was judged then, and what is declared has not changed since. So only the
 * tree is judged now.
 */
function asStarted(envelope: CommandEnvelope, rollout: RolloutState): CommandEnvelope {
  return {
    ...envelope,
    actor: rollout.provenance.actor,
    roles: ['admin'],
    grants: [],
    groups: [],
    waivers: rollout.waivers,
  };
}
