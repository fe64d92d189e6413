import type { Evidence, ResourceLimit, Violation } from '@prorata/schemas';
import { about, violation } from '../decide/answer.ts';
import { TreeDraft } from '../decide/treeDraft.ts';
import type { TreeChange } from '../decide/treeDraft.ts';
import { ancestorsOf } from '../ids.ts';
import { declaredLimit, limitFor } from '../layers.ts';
import { burstOf, compareBounds, describeLimit } from '../limits.ts';
import type { ApplicationState, QuotaState } from '../model.ts';
import { ownCheckViolations } from '../ownChecks/ownCheckViolations.ts';
import { inRolloutViolations } from '../rollouts/rolloutReach.ts';
import { boundsInForce, isWithinBounds } from '../rightsizingBounds.ts';
import { pinnedBy } from '../rightsizingTerms.ts';
import { sameWindow } from '../windowForm.ts';
import { fitViolations } from './fit.ts';
import { limitViolations } from './limitShape.ts';

const PATH = '/limit';

/** What is only asked about needs no evidence. */
const NO_EVIDENCE: Evidence = {
  policy: '',
  source: '',
  windowStart: 0n,
  windowEnd: 0n,
  figures: {},
  inputsHash: '',
};

/** Every reason why a resource may not be resized to this limit now: asked anew when a proposal is approved. */
export function resizeViolations(
  state: ApplicationState,
  quota: QuotaState,
  limit: ResourceLimit,
  roles: readonly string[],
): Violation[] {
  const held = inRolloutViolations(state, quota.quotaId, '/quotaId');
  if (held.length > 0) return held;
  const pin = pinnedViolations(state, quota.quotaId, limit.resource);
  if (pin.length > 0) return pin;
  const { resources } = state.registration;
  const shape = limitViolations(limit, PATH, { resources, roles });
  if (shape.length > 0) return shape;
  const base = limitFor(quota.content.limits, limit.resource);
  if (base?.bound !== 'amount') {
    const message = `${quota.quotaId} sets no number for ${limit.resource}: nothing to resize.`;
    return [violation('LIMIT_NOT_SET', PATH, message)];
  }
  const bounds = boundsViolations(state, quota, base, limit);
  if (bounds.length > 0) return bounds;
  const change = resizeChange(state, quota, limit);
  return [
    ...haircutViolations(state, quota, limit),
    ...ownCheckViolations(change),
    ...fitViolations(change),
  ];
}

function pinnedViolations(state: ApplicationState, quotaId: string, resource: string): Violation[] {
  const node = pinnedBy(state, quotaId, resource);
  if (node === null) return [];
  return [violation('PINNED', '/limit', `${node} pins ${resource}: evidence does not move it.`)];
}

/** Bounds speak of the amount alone: everything else must stay as the owner declared it. */
function boundsViolations(
  { registration, id }: ApplicationState,
  quota: QuotaState,
  base: ResourceLimit,
  limit: ResourceLimit,
): Violation[] {
  if (
    limit.perMicros !== base.perMicros ||
    !sameWindow(limit, base) ||
    limit.guaranteed !== base.guaranteed
  ) {
    const message = 'Only the amount may be resized: not the time, the window or the guarantee.';
    return [violation('LIMIT_INCONSISTENT', PATH, message)];
  }
  const bounds = boundsInForce(registration, quota.content, limit.resource);
  if (bounds === null) {
    const message = `Neither the owner of ${quota.quotaId} nor ${id} gave bounds for ${limit.resource}.`;
    return [violation('OUTSIDE_RIGHTSIZING_BOUNDS', PATH, message)];
  }
  const burst = limit.burst ?? 0n;
  const burstMost = burstOf(base) ?? 0n;
  if (isWithinBounds(bounds, limit) && (burst <= bounds.max || burst <= burstMost)) {
    return [];
  }
  const message =
    `${describeLimit(limit)} is outside ${bounds.min.toString()} to ` +
    `${bounds.max.toString()} of ${bounds.from === 'quota' ? 'the owner' : `the application ${id}`}.`;
  return [violation('OUTSIDE_RIGHTSIZING_BOUNDS', PATH, message)];
}

/** A cut above bounds the quota as well. */
function haircutViolations(
  state: ApplicationState,
  quota: QuotaState,
  limit: ResourceLimit,
): Violation[] {
  const now = declaredLimit(quota, limit.resource);
  if (now === null || !isRaise(now, limit)) return [];
  for (const id of [quota.quotaId, ...ancestorsOf(quota.quotaId)]) {
    const [haircut] = state.quotas.get(id)?.haircuts.values() ?? [];
    if (haircut === undefined) continue;
    const message = `Budget ${haircut.budgetId} cuts ${id}.`;
    return [violation('UNDER_HAIRCUT', PATH, message)];
  }
  return [];
}

function isRaise(now: ResourceLimit, limit: ResourceLimit): boolean {
  return compareBounds(limit, now) > 0 || (burstOf(limit) ?? 0n) > (burstOf(now) ?? 0n);
}

/** What a resize makes of the tree. */
export function resizeChange(
  state: ApplicationState,
  quota: QuotaState,
  limit: ResourceLimit,
): TreeChange {
  const draft = TreeDraft.probe(state);
  const data = { limit, evidence: NO_EVIDENCE, proposalId: null };
  draft.append({ type: 'QuotaResized', data, ...about(quota) }, () => PATH);
  return draft.change();
}
