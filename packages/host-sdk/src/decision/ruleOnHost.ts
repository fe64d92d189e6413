import { takesCandidate } from '@prorata/quota-model/hosts';
import type { HostPlace } from '@prorata/quota-model/hosts';
import type { Rule } from '@prorata/schemas';

/**
 * The rule that holds on this host: during a rollout the candidate, where the host takes it. What is no part of
 * a candidate (the version, the payer, the known end) is the rule's, and so is the candidate itself.
 */
export function ruleOnHost(rule: Rule, host: HostPlace): Rule {
  const { candidate } = rule;
  if (candidate === null || !takesCandidate(candidate.selector, candidate.rolloutId, host)) {
    return rule;
  }
  const { limits, match, action, degradeTag, mode, onStale, tier, requests } = candidate;
  const after = rule.after === null ? null : { ...rule.after, limits: candidate.afterLimits };
  return { ...rule, limits, match, action, degradeTag, mode, onStale, tier, requests, after };
}
