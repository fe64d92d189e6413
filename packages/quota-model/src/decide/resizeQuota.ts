import type { ResizeQuota } from '@prorata/schemas';
import { resourcesAboveThreshold } from '../authority/approvalThreshold.ts';
import { resizeAuthorityViolations } from '../authority/authorityViolations.ts';
import { isRobot, rolesAt } from '../authority/sender.ts';
import { safetyOf } from '../authority/waivers.ts';
import { declaredLimit } from '../layers.ts';
import { sameLimit } from '../limits.ts';
import type { ApplicationState, Decision, DecisionContext } from '../model.ts';
import { stagingOf } from '../rollouts/stagedResize.ts';
import { evidenceViolations } from '../validate/evidence.ts';
import { resizeChange, resizeViolations } from '../validate/resize.ts';
import { about, accept, alreadySo, refusal } from './answer.ts';
import { namelessFault, openProposal } from './openProposals.ts';
import { stageResize } from './stageResize.ts';
import { requireQuota } from './preconditions.ts';

/**
 * A robot's resize waits for a person where the application says so, anybody's where it raises by more
 * than one may do alone; the others apply, a robot's in stages where the application says so.
 */
export function resizeQuota(
  state: ApplicationState,
  command: ResizeQuota,
  context: DecisionContext,
): Decision {
  const { quotaId, limit, evidence, envelope } = command;
  const found = requireQuota(state, quotaId, envelope);
  if ('refused' in found) return found.refused;
  const { quota } = found;
  const refused = refusal([
    ...resizeAuthorityViolations(state, quota, limit, envelope),
    ...resizeViolations(state, quota, limit, rolesAt(envelope, quotaId)),
    ...evidenceViolations(evidence, '/evidence'),
  ]);
  if (refused !== null) return refused;
  if (sameLimit(declaredLimit(quota, limit.resource), limit)) return alreadySo;
  const proposed = { limits: [limit], unsetLimits: [], evidence } as const;
  if (isRobot(envelope) && state.registration.robotChanges === 'propose') {
    return openProposal(state, quota, { ...proposed, origin: 'robot' }, context);
  }
  const change = resizeChange(state, quota, limit);
  const safety = safetyOf(change, envelope, context, evidence.windowEnd);
  const unsafe = refusal(safety.violations);
  if (unsafe !== null) return unsafe;
  const after = change.after.quotas.get(quotaId) ?? quota;
  if (resourcesAboveThreshold(change, { before: quota, after }).length > 0) {
    const nameless = namelessFault(state, envelope, 'threshold');
    return nameless ?? openProposal(state, quota, { ...proposed, origin: 'threshold' }, context);
  }
  const staging = stagingOf(state, quota, limit, envelope);
  if (staging !== null) {
    return stageResize(state, quota, { limit, evidence }, staging, safety.waivers, context);
  }
  const data = { limit, evidence, proposalId: null };
  return accept([{ type: 'QuotaResized', data, ...about(quota) }], null, safety.waivers);
}
