/** What some hosts enforce instead of a quota's rule while a rollout is on it, or above it. */
import type { ResourceLimit, RuleCandidate } from '@prorata/schemas';
import { effectiveOnPath, effectiveOnPathAt, pathOf } from '../effective.ts';
import { sameLimit } from '../limits.ts';
import type { ApplicationState, QuotaState } from '../model.ts';
import { rightsizedUnder } from '../rightsizingBounds.ts';
import { ruleTerms } from '../ruleTerms.ts';
import { selectorOfStage } from './hostSelection.ts';
import type { RolloutState } from './rolloutState.ts';

/** What the rule says, for comparison. */
interface Current {
  readonly limits: readonly ResourceLimit[];
  /** The known end after which other limits hold; null: there is none. */
  readonly after: { readonly at: bigint; readonly limits: readonly ResourceLimit[] } | null;
}

/**
 * The same computation as the rule's, with what the rollout's quotas would declare: overrides, suspensions and
 * cuts lie on it as they do on what is declared. null: no rollout is on the path, or, below its quotas, none
 * that would alter anything.
 */
export function ruleCandidateOf(
  state: ApplicationState,
  quotaId: string,
  current: Current,
): RuleCandidate | null {
  if (state.inRollout.size === 0) return null;
  const path = pathOf(state, quotaId);
  const rollout = rolloutOn(state, path);
  const [quota, ...above] = path.map((each) => asPromoted(state, rollout, each));
  if (rollout === null || quota === undefined) return null;
  const thought = [quota, ...above];
  const limits = effectiveOnPath(thought).map(({ limit }) => limit);
  const { after } = current;
  const afterLimits =
    after === null ? [] : effectiveOnPathAt(thought, after.at).map(({ limit }) => limit);
  const isOwn = rollout.candidates.has(quotaId);
  if (
    !isOwn &&
    sameLimits(limits, current.limits) &&
    sameLimits(afterLimits, after?.limits ?? [])
  ) {
    return null;
  }
  return {
    rolloutId: rollout.rolloutId,
    stage: rollout.stage,
    selector: selectorOfStage(rollout.stages, rollout.stage),
    limits,
    ...ruleTerms(quota.content, state.registration),
    afterLimits,
  };
}

/** No two rollouts are on one path: `rolloutNearViolations`. */
function rolloutOn(state: ApplicationState, path: readonly QuotaState[]): RolloutState | null {
  for (const { quotaId } of path) {
    const rolloutId = state.inRollout.get(quotaId);
    if (rolloutId !== undefined) return state.rollouts.get(rolloutId) ?? null;
  }
  return null;
}

function asPromoted(
  state: ApplicationState,
  rollout: RolloutState | null,
  quota: QuotaState,
): QuotaState {
  const content = rollout?.candidates.get(quota.quotaId);
  if (rollout === null || content === undefined) return quota;
  const { steps, provenance } = rollout;
  const rightsized = new Map(rightsizedUnder(state.registration, quota, content));
  for (const { resize } of steps) {
    if (resize?.quotaId !== quota.quotaId) continue;
    const { limit, evidence } = resize;
    rightsized.set(limit.resource, { limit, evidence, provenance });
  }
  return { ...quota, content, rightsized };
}

function sameLimits(a: readonly ResourceLimit[], b: readonly ResourceLimit[]): boolean {
  return a.length === b.length && a.every((limit, index) => sameLimit(limit, b[index] ?? null));
}
