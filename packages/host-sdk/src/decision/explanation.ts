import { ancestorsOf } from '@prorata/quota-model/hosts';
import type { EnforcementMode, ExceedAction, ResourceLimit } from '@prorata/schemas';
import { rolloutOf } from './hostRollouts.ts';
import type { Attributes } from './ruleMatch.ts';
import type { RuleTable } from './ruleTable.ts';

/** A quota that a request's attributes fit. */
export interface FittingRule {
  readonly quotaId: string;
  readonly ruleVersion: bigint;
  readonly priority: number;
}

/** A limit that a request would be held to. */
export interface LimitAsked {
  readonly quotaId: string;
  readonly ruleVersion: bigint;
  /** As it is on this host: a ramp that leaves it out makes `shadow` of `enforce`. */
  readonly mode: EnforcementMode;
  readonly action: ExceedAction;
  /** The attribute whose every value has the limit for itself; null: all share it. */
  readonly eachOf: string | null;
  /** The rollout whose candidate it is; null: the rule as hosts without it have it. */
  readonly candidateOf: string | null;
  readonly limit: ResourceLimit;
}

/** What a request would be held to, with nothing taken and nothing counted. */
export interface Explanation {
  /** The quota that a handle bound to the same would stand for. */
  readonly quotaId: string | null;
  /** All quotas whose match fits, the one that is taken first. */
  readonly fitting: readonly FittingRule[];
  /** The limits of that quota and of those above it, nearest first. */
  readonly limits: readonly LimitAsked[];
}

/** @param target `quota` names one; the other entries are request attributes. */
export function explain(table: RuleTable, target: Attributes, nowMicros: number): Explanation {
  const { quota, ...attributes } = target;
  const fitting = table.matching(attributes).map((rule) => ({
    quotaId: rule.quotaId,
    ruleVersion: rule.quotaVersion,
    priority: rule.requests?.priority ?? 0,
  }));
  const isExact = quota !== undefined && table.ruleOf(quota) !== null;
  const quotaId = isExact ? quota : (fitting[0]?.quotaId ?? quota ?? null);
  const path = quotaId === null ? [] : [quotaId, ...ancestorsOf(quotaId)];
  return { quotaId, fitting, limits: path.flatMap((id) => limitsAt(table, id, nowMicros)) };
}

function limitsAt(table: RuleTable, quotaId: string, nowMicros: number): LimitAsked[] {
  const node = table.presentNode(quotaId);
  if (node === undefined || node.rule === null) return [];
  node.switchIfDue(nowMicros);
  const { rule } = node;
  const { quotaVersion, action } = rule.source;
  const isOver = node.switchAt === Infinity && rule.after !== null;
  const limits = isOver ? (rule.source.after?.limits ?? []) : rule.source.limits;
  return limits.map((limit) => ({
    quotaId,
    ruleVersion: quotaVersion,
    mode: rule.mode,
    action,
    eachOf: rule.eachOf,
    candidateOf: rolloutOf(rule),
    limit,
  }));
}
