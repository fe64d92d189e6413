import type { CommandEnvelope, ResizeStep } from '@prorata/schemas';
import { safetyOf } from '../authority/waivers.ts';
import type { ApplicationState, Decision, DecisionContext, EventDraft } from '../model.ts';
import { resizeChange, resizeViolations } from '../validate/resize.ts';
import { about, aboutNoQuota, accept, refusal, refuse } from './answer.ts';
import { TreeDraft, originOf } from './treeDraft.ts';

/**
 * The promotion of a rollout that a resize began: the limit is set, by the tree, the bounds, the pins and the cuts of
 * now. Its usage was judged when it began, and hosts were watched since: it does not grow stale while a stage bakes.
 *
 * @param starter who began it, with the say that they had
 */
export function promoteResize(
  state: ApplicationState,
  promoted: Extract<EventDraft, { type: 'RolloutPromoted' }>['data'],
  { quotaId, limit, evidence }: ResizeStep,
  starter: CommandEnvelope,
  context: DecisionContext,
): Decision {
  const draft = new TreeDraft(state, originOf(starter, context));
  draft.append({ type: 'RolloutPromoted', data: promoted, ...aboutNoQuota }, () => '');
  const { after } = draft;
  const quota = after.quotas.get(quotaId);
  if (quota === undefined) return refuse('QUOTA_UNKNOWN', '', `There is no quota ${quotaId}.`);
  const refused = refusal(resizeViolations(after, quota, limit, []));
  if (refused !== null) return refused;
  const safety = safetyOf(resizeChange(after, quota, limit), starter, context, context.now);
  const unsafe = refusal(safety.violations);
  if (unsafe !== null) return unsafe;
  const data = { limit, evidence, proposalId: null };
  draft.append({ type: 'QuotaResized', data, ...about(quota) }, () => '');
  return accept(draft.events, promoted.rolloutId, safety.waivers);
}
