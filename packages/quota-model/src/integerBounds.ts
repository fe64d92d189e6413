import {
  BASIS_POINTS,
  CUT_PAGE_MAX,
  CUT_PRIORITY_MAX,
  MATCH_PRIORITY_MAX,
  RAMP_WHOLE,
  REHEARSED_COUNT_MAX,
  ROLLOUT_GATE_HOSTS_MAX,
  ROLLOUT_STAGES_MAX,
  REHEARSED_QUOTAS_MAX,
  STEP_BASIS_POINTS_MAX,
  THRESHOLD_BASIS_POINTS_MAX,
  TIER_POLICY_STEPS_MAX,
  TIERS,
  VALIDATOR_DEADLINE_MILLIS_MAX,
  VALIDATOR_RETRIES_MAX,
} from './modelBounds.ts';
import type { JsonSchema } from '@prorata/schemas';

const part: JsonSchema = { minimum: 0, maximum: BASIS_POINTS };
const step: JsonSchema = { minimum: 0, maximum: STEP_BASIS_POINTS_MAX };

const rehearsed: JsonSchema = { minimum: 0, maximum: REHEARSED_COUNT_MAX };

/** The longest calendar window is a year of months; which counts a kind takes, the description says. */
const WINDOW_COUNT_MAX = 12;

/** What the model takes of whole numbers that a message holds in 32 bits, by the field's name. */
const boundOf: Readonly<Record<string, JsonSchema>> = {
  tier: { minimum: 0, maximum: TIERS - 1 },
  cutPriority: { minimum: -CUT_PRIORITY_MAX, maximum: CUT_PRIORITY_MAX },
  priority: { minimum: -MATCH_PRIORITY_MAX, maximum: MATCH_PRIORITY_MAX },
  rampPercent: { minimum: 0, maximum: RAMP_WHOLE },
  safeShareBasisPoints: { minimum: 1, maximum: BASIS_POINTS },
  cutBasisPoints: part,
  floorBasisPoints: part,
  overrunBasisPoints: { minimum: 0 },
  basisPoints: { minimum: 1, maximum: THRESHOLD_BASIS_POINTS_MAX },
  chanceBasisPoints: part,
  // One above the highest priority stands for no quota of the tier.
  priorityMin: { minimum: -CUT_PRIORITY_MAX, maximum: CUT_PRIORITY_MAX + 1 },
  step: { minimum: -1, maximum: TIER_POLICY_STEPS_MAX - 1 },
  quotas: { minimum: 0, maximum: REHEARSED_QUOTAS_MAX },
  most: { minimum: 0, maximum: CUT_PAGE_MAX },
  raiseApprovalAboveBasisPoints: step,
  creationApprovalAboveBasisPoints: part,
  decreaseStepMaxBasisPoints: part,
  robotStepMaxBasisPoints: step,
  count: { minimum: 1, maximum: WINDOW_COUNT_MAX },
  deadlineMillis: { minimum: 1, maximum: VALIDATOR_DEADLINE_MILLIS_MAX },
  percent: { minimum: 0, maximum: RAMP_WHOLE },
  refusedBasisPointsMax: part,
  errorBasisPointsMax: part,
  hostsMin: { minimum: 1, maximum: ROLLOUT_GATE_HOSTS_MAX },
  hosts: { minimum: 0, maximum: ROLLOUT_GATE_HOSTS_MAX },
  stage: { minimum: 0, maximum: ROLLOUT_STAGES_MAX - 1 },
  partition: { minimum: 0 },
  wouldRaise: rehearsed,
  wouldLower: rehearsed,
  skipped: rehearsed,
  retries: { minimum: 0, maximum: VALIDATOR_RETRIES_MAX },
};

/** Lists of one number a tier. */
const perTier: ReadonlySet<string> = new Set(['cutBasisPoints', 'floorBasisPoints']);

/** The properties of something that clients write, with the model's bounds instead of the message's 32 bits. */
export function boundedProperties(
  properties: Readonly<Record<string, JsonSchema>>,
): Readonly<Record<string, JsonSchema>> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, bounded(name, schema)]),
  );
}

/** A schema of a field of this name; one that is no whole number, nor a list or map of them, stays as it is. */
export function bounded(name: string, schema: JsonSchema): JsonSchema {
  const bound = Object.hasOwn(boundOf, name) ? boundOf[name] : undefined;
  if (bound === undefined) return schema;
  if (schema['type'] === 'integer') return { ...schema, ...bound };
  if (schema['type'] === 'array') {
    const length = perTier.has(name) ? { minItems: TIERS, maxItems: TIERS } : {};
    return { ...schema, ...length, items: bounded(name, schema['items'] as JsonSchema) };
  }
  const values = schema['additionalProperties'];
  if (schema['type'] === 'object' && typeof values === 'object' && values !== null) {
    return { ...schema, additionalProperties: bounded(name, values as JsonSchema) };
  }
  const branches = schema['anyOf'] as readonly JsonSchema[] | undefined;
  if (branches === undefined) return schema;
  return { ...schema, anyOf: branches.map((branch) => bounded(name, branch)) };
}
