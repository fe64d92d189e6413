import type { ResizeStep, RobotRollout, Waiver } from '@prorata/schemas';
import type { ApplicationState, Decision, DecisionContext, QuotaState } from '../model.ts';
import { RESIZES_STAGED_MAX, ROLLOUTS_OPEN_MAX } from '../modelBounds.ts';
import { rolloutNearViolations } from '../rollouts/rolloutReach.ts';
import { resizeOf } from '../rollouts/stagedResize.ts';
import { about, aboutNoQuota, accept, refusal, refuse } from './answer.ts';
import { namesViolations, nextRolloutId } from './startRollout.ts';

/**
 * A resize that was judged, and begins as a rollout: nothing is set before its promotion, which judges it anew.
 *
 * @param waivers safety checks that it did not pass and that were waived
 */
export function stageResize(
  state: ApplicationState,
  quota: QuotaState,
  { limit, evidence }: Pick<ResizeStep, 'limit' | 'evidence'>,
  { stages, gate }: RobotRollout,
  waivers: readonly Waiver[],
  context: DecisionContext,
): Decision {
  const full = fullFault(state);
  if (full !== null) return full;
  const { quotaId, content } = quota;
  const near = refusal([
    ...rolloutNearViolations(state, quotaId, '/quotaId'),
    ...namesViolations(state, [quotaId], stages),
  ]);
  if (near !== null) return near;
  const data = {
    rolloutId: nextRolloutId(state, context),
    place: quotaId,
    steps: [{ ...noStep, resize: { quotaId, limit, evidence } }],
    candidates: [{ quotaId, content, rightsized: [limit] }],
    stages,
    gate,
  };
  const started = { type: 'RolloutStarted', data, ...aboutNoQuota } as const;
  const decision = accept([started], data.rolloutId, waivers);
  if (decision.kind === 'refused') return decision;
  const resized = { limit, evidence, proposalId: null };
  const promoted = { type: 'QuotaResized', data: resized, ...about(quota) } as const;
  return { ...decision, awaited: [promoted] };
}

const noStep = {
  expectedVersion: null,
  create: null,
  change: null,
  move: null,
  delete: null,
  restore: null,
} as const;

/** That no further resize may be staged: they end by themselves, and the next look asks again. */
function fullFault({ id, rollouts }: ApplicationState): Decision | null {
  const staged = [...rollouts.values()].filter((rollout) => resizeOf(rollout) !== null).length;
  if (staged < RESIZES_STAGED_MAX && rollouts.size < ROLLOUTS_OPEN_MAX) return null;
  const message = `${rollouts.size} rollouts are on in ${id}, ${staged} of them resizes: at most ${ROLLOUTS_OPEN_MAX}, and ${RESIZES_STAGED_MAX} resizes.`;
  return refuse('TOO_MANY', '', message);
}
